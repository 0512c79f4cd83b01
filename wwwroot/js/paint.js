// Colours and patterns of the timeline. Colours are read from CSS custom properties, so the theme is defined once.
// Backends: Okabe–Ito without its two oranges, which mean "stale" and "un-NATed" here and nothing else.
const NAMES = ["text", "muted", "line", "line-strong", "surface", "sunken", "warn", "warn-text", "gap", "accent", "accent-soft", "process", "ending",
  "reset-unnated", "reset-backend", "reset-other", "b0", "b1", "b2", "b3", "b4", "b5"];

export function readPaint(element) {
  const style = getComputedStyle(element);
  const paint = Object.fromEntries(NAMES.map(name => [name, style.getPropertyValue(`--c-${name}`).trim()]));
  paint.font = (size, weight = 400) => `${weight} ${size}px ${style.fontFamily}`;
  paint.staleHatch = hatch(paint.warn, 5, 2);
  paint.gapHatch = hatch(paint.gap, 7, 1.2);
  return paint;
}

function hatch(colour, gap, width) {
  const ratio = Math.max(1, Math.round(window.devicePixelRatio || 1));
  const size = gap * ratio;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const ctx = tile.getContext("2d");
  ctx.strokeStyle = colour;
  ctx.lineWidth = width * ratio;
  ctx.beginPath();
  for (const shift of [-size, 0, size]) {
    ctx.moveTo(shift - 1, size + 1);
    ctx.lineTo(shift + size + 1, -1);
  }
  ctx.stroke();
  const pattern = ctx.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
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

// keep = "end" keeps the end of a pod's name: its beginning is the same for all pods of a Deployment.
export function fit(ctx, text, width, keep = "start") {
  if (ctx.measureText(text).width <= width) return text;
  for (let length = text.length - 1; length > 1; length--) {
    const part = keep === "end" ? "…" + text.slice(text.length - length) : text.slice(0, length) + "…";
    if (ctx.measureText(part).width <= width) return part;
  }
  return "";
}
