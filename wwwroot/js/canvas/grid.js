// The lines of time behind the lanes, with their texts, and the line of the present.
import { label } from "../paint.js";

const DAY = 86400000;
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];

export function drawGrid(ctx, geo, paint, clock, now, height) {
  const { from, to } = geo, span = to - from;
  const wanted = span / Math.max(2, geo.plot / 110);
  const step = TICKS.map(s => s * 1000).find(s => s >= wanted) ?? TICKS.at(-1) * 1000;
  ctx.font = paint.font(11);
  // Ticks are aligned to whole hours and days of the displayed zone.
  const offset = clock.offset(from);
  let day = span > DAY || !clock.isSameDay(from, now) ? "" : clock.day(from);
  for (let at = Math.ceil((from + offset) / step) * step - offset; at <= to; at += step) {
    const x = Math.round(geo.x(at)) + .5, former = day;
    drawLine(ctx, x, height, paint.line);
    // The date is shown where a day begins, and at the first tick of a range that does not start today.
    day = clock.day(at);
    const text = step >= DAY ? day : day !== former ? `${day} ${clock.time(at, step >= 60000)}` : clock.time(at, step >= 60000);
    label(ctx, paint, text, x, 18, paint.muted, x < geo.left + 34 ? "left" : x > geo.width - 36 ? "right" : "center");
  }
  ctx.fillStyle = paint.muted;
  if (geo.wide) ctx.fillText(clock.name, 16, 18);
  if (now >= from && now <= to) drawLine(ctx, Math.round(geo.x(now)) + .5, height, paint.accent);
}

function drawLine(ctx, x, height, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(x, 24);
  ctx.lineTo(x, height - 6);
  ctx.stroke();
}
