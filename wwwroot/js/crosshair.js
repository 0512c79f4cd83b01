// The crosshair: one vertical line through every lane, with the time and the values of that column.
import { fit } from "./paint.js";

export function drawCrosshair(ctx, chart, x) {
  const { geo, paint, height, lanes } = chart, at = chart.crossedAt(x), column = chart.columnOf(at), line = Math.round(x) + .5;
  ctx.strokeStyle = paint.text;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(line, 24);
  ctx.lineTo(line, height - 6);
  ctx.stroke();
  drawPill(ctx, geo, paint, chart.stamp(at), line);
  for (const lane of lanes) drawValues(ctx, geo, paint, lane, lane.values(column, geo.view), line);
}

function drawPill(ctx, geo, paint, text, x) {
  ctx.font = paint.font(11, 600);
  const width = ctx.measureText(text).width + 12;
  const left = Math.max(2, Math.min(geo.width - width - 2, x - width / 2));
  ctx.fillStyle = paint.text;
  ctx.beginPath();
  ctx.roundRect(left, 5, width, 19, 4);
  ctx.fill();
  ctx.fillStyle = paint.surface;
  ctx.fillText(text, left + 6, 18);
}

function drawValues(ctx, geo, paint, lane, values, x) {
  if (!values.length) return;
  const line = 15;
  const maxLines = Math.max(1, Math.floor((lane.h + 6) / line));
  const shown = values.length > maxLines ? [...values.slice(0, maxLines - 1), { text: `+${values.length - maxLines + 1} more` }] : values;
  ctx.font = paint.font(11);
  const maxWidth = Math.min(320, Math.max(x - geo.left, geo.width - x) - 40);
  const lines = shown.map(value => fit(ctx, value.text, maxWidth, "end"));
  const width = Math.max(...lines.map(text => ctx.measureText(text).width)) + 26;
  const left = x + width + 12 < geo.width - (geo.wide ? geo.right : 4) || x - width - 8 < 0 ? x + 8 : x - width - 8;
  const height = shown.length * line + 4;
  const top = lane.y + Math.max(-3, (lane.h - height) / 2);
  ctx.fillStyle = paint.surface;
  ctx.strokeStyle = paint.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.roundRect(left + .5, top + .5, width, height, 4);
  ctx.fill();
  ctx.stroke();
  shown.forEach((value, index) => {
    const y = top + 4 + index * line;
    if (value.colour) {
      ctx.fillStyle = value.stale ? paint.warn : paint[value.colour];
      ctx.fillRect(left + 7, y + 2, 8, 8);
    }
    ctx.fillStyle = value.stale ? paint["warn-text"] : value.muted ? paint.muted : paint.text;
    ctx.fillText(lines[index], left + 20, y + 11);
  });
}
