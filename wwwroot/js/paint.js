// Colours and patterns of the timeline. Colours are read from CSS custom properties, so the theme is defined once.
import { hatchTile } from "./canvas/pixels.js";

// Backends: Okabe–Ito without its two oranges, which mean "stale" and "un-NATed" here and nothing else.
const NAMES = ["text", "muted", "line", "line-strong", "surface", "sunken", "warn", "warn-text", "gap", "accent", "accent-soft", "process", "ending",
  "reset-unnated", "reset-backend", "reset-other", "b0", "b1", "b2", "b3", "b4", "b5"];

export function readPaint(element) {
  const style = getComputedStyle(element), ratio = window.devicePixelRatio || 1, fine = Math.max(1, Math.round(ratio));
  // Read once: the style is a live object.
  const family = style.fontFamily;
  const paint = Object.fromEntries(NAMES.map(name => [name, style.getPropertyValue(`--c-${name}`).trim()]));
  paint.ratio = ratio;
  paint.font = (size, weight = 400) => `${weight} ${size}px ${family}`;
  // A colour as a number, see canvas/pixels.js.
  paint.tone = once((name, alpha = 1) => toneOf(paint[name], alpha));
  paint.staleTile = once((alpha = 1) => hatchTile(paint.tone("warn", alpha), 5 * fine, 2 * fine));
  paint.gapTile = once(() => hatchTile(paint.tone("gap"), 7 * fine, 1.2 * fine));
  paint.staleHatch = pattern(paint.staleTile(), fine);
  paint.gapHatch = pattern(paint.gapTile(), fine);
  return paint;
}

// Computes the value for some arguments once.
function once(compute) {
  const known = new Map();
  return (...values) => {
    const key = values.join();
    if (!known.has(key)) known.set(key, compute(...values));
    return known.get(key);
  };
}

// The canvas's own notation of a colour is hexadecimal, or rgba() if it is translucent.
function toneOf(colour, alpha) {
  const ctx = document.createElement("canvas").getContext("2d");
  ctx.fillStyle = colour;
  const text = ctx.fillStyle;
  const [red, green, blue, opacity = 1] = text.startsWith("#") ? [1, 3, 5].map(at => parseInt(text.slice(at, at + 2), 16)) : text.match(/[\d.]+/g).map(Number);
  return ((Math.round(opacity * alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function pattern({ size, data }, fine) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  ctx.putImageData(new ImageData(new Uint8ClampedArray(data.buffer), size, size), 0, 0);
  const hatched = ctx.createPattern(canvas, "repeat");
  hatched.setTransform(new DOMMatrix().scale(1 / fine));
  return hatched;
}

// Text with a halo of the surface's colour, so that it reads over any lane.
export function label(ctx, paint, text, x, y, colour, align = "left") {
  ctx.textAlign = align;
  ctx.lineWidth = 3;
  ctx.lineJoin = "round";
  ctx.strokeStyle = paint.surface;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
  ctx.textAlign = "left";
}

// In the context's font. Nearly all texts of a picture are those of the one before, and measuring them took as long as drawing them.
export function widthOf(ctx, text) {
  const key = `${ctx.font}|${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size >= MAX_WIDTHS) widths.clear();
    widths.set(key, width = ctx.measureText(text).width);
  }
  return width;
}

const MAX_WIDTHS = 20000;
const widths = new Map();

// keep = "end" keeps the end of a pod's name: its beginning is the same for all pods of a Deployment.
export function fit(ctx, text, width, keep = "start") {
  if (widthOf(ctx, text) <= width) return text;
  const part = length => keep === "end" ? "…" + text.slice(text.length - length) : text.slice(0, length) + "…";
  let fits = 1;
  for (let low = 2, high = text.length - 1; low <= high;) {
    const middle = (low + high) >> 1;
    if (ctx.measureText(part(middle)).width <= width) low = (fits = middle) + 1;
    else high = middle - 1;
  }
  return fits > 1 ? part(fits) : "";
}
