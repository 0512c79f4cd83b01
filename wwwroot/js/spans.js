// Findings and actions as bars with a label. Components/Controls/Timeline/ChartNotes.cs has their form.
import { heading } from "./lanes.js";
import { fit, label } from "./paint.js";
import { barAt, mayTakeRow, takeRow } from "./rows.js";

const LEAST = 5; // pixels: a moment is visible

export class SpanLane {
  constructor(view, geo, measure, title, spans, maxRows) {
    this.title = title;
    this.row = geo.wide ? 20 : 26;
    const rows = [];
    let hidden = 0;
    this.placed = [];
    for (const span of spans) {
      const end = span.toMs ?? Math.min(view.now, view.to);
      if (end < view.from || span.fromMs > view.to) continue;
      const { x0, x1 } = this.extent(geo, { span, end });
      if (!mayTakeRow(rows, x0, x1, maxRows)) { hidden++; continue; }
      const width = measure(span.label) + 14;
      const labelLeft = x1 + width > geo.width - 4 && x0 - width > geo.left;
      const row = takeRow(rows, labelLeft ? x0 - width : x0, labelLeft ? x1 : x1 + width, maxRows);
      if (row < 0) hidden++;
      else this.placed.push({ span, end, row, labelLeft });
    }
    this.sub = hidden ? `+${hidden} more` : "";
    this.h = Math.max(1, rows.length) * this.row + 6;
    this.empty = this.placed.length === 0;
  }

  // In pixels; it moves while the timeline is dragged.
  extent(geo, { span, end }) {
    const x0 = Math.max(geo.left, geo.x(span.fromMs));
    return { x0, x1: Math.min(geo.left + geo.plot, Math.max(geo.x(end), x0 + LEAST)) };
  }

  draw(ctx, geo, paint, view) {
    heading(ctx, geo, paint, this);
    ctx.font = paint.font(12);
    ctx.save();
    ctx.beginPath();
    ctx.rect(geo.left, this.y, geo.width - geo.left, this.h);
    ctx.clip();
    for (const place of this.placed) {
      const { span, row, labelLeft } = place, { x0, x1 } = this.extent(geo, place), top = this.y + 3 + row * this.row, middle = top + this.row / 2;
      const isBad = span.tone === "bad" || span.tone === "warning";
      ctx.fillStyle = isBad ? paint.warn : paint.accent;
      // What is still to come is an outline.
      const now = Math.min(x1, Math.max(x0 + LEAST, geo.x(view.now)));
      if (now > x0) ctx.fillRect(x0, middle - 5, now - x0, 10);
      if (x1 > now) {
        ctx.strokeStyle = ctx.fillStyle;
        ctx.lineWidth = 1;
        ctx.setLineDash([3, 2]);
        ctx.strokeRect(now + .5, middle - 4.5, x1 - now - 1, 9);
        ctx.setLineDash([]);
      }
      const colour = isBad ? paint["warn-text"] : paint.text;
      if (labelLeft) label(ctx, paint, span.label, x0 - 6, middle + 4, colour, "right");
      else if (geo.width - x1 > 60) label(ctx, paint, fit(ctx, span.label, geo.width - x1 - 10), x1 + 6, middle + 4, colour);
      // No space on either side: within the bar.
      else label(ctx, paint, fit(ctx, span.label, x1 - x0 - 16), x0 + 8, middle + 4, colour);
    }
    ctx.restore();
  }

  at(x, y, geo) { return barAt(this, x, y, geo, 5)?.span ?? null; }

  hit(x, y, column, geo) {
    const span = this.at(x, y, geo);
    return span?.href ? { href: span.href } : null;
  }

  tip(x, y, column, geo) {
    const span = this.at(x, y, geo);
    return span ? { title: span.label, lines: span.moments.map(({ atMs, text }) => ({ at: atMs, text })) } : null;
  }

  values() { return []; }
}
