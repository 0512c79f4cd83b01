// Rollouts as bars above the terminations of their pods. Each state has its own shape and pattern.
import { fit, label } from "./paint.js";
import { heading } from "./lanes.js";
import { barAt, takeRow } from "./rows.js";

const STATES = ["in progress", "finished", "superseded", "stuck", "workload deleted"];

export class RolloutLane {
  constructor(view, geo, measure, selection) {
    this.title = "Rollouts";
    this.row = geo.wide ? 24 : 30;
    const maxRows = geo.wide ? 5 : 3;
    const weight = item => (item.id === selection.rollout ? 4 : 0) + (item.state === 3 ? 2 : 0) + (item.closed === null ? 1 : 0);
    const rows = [];
    let hidden = view.hiddenRollouts;
    this.placed = [];
    for (const item of [...view.rollouts].sort((a, b) => weight(b) - weight(a) || b.started - a.started)) {
      const end = item.closed ?? Math.min(view.now, view.to);
      if (end < view.from || item.started > view.to) continue;
      const { x0, x1 } = this.extent(geo, { item, end });
      const labelWidth = measure(`${item.label} · ${STATES[item.state]}`) + 18;
      const labelLeft = x1 + labelWidth > geo.width - 4;
      const from = labelLeft ? x0 - labelWidth : x0, to = labelLeft ? x1 : x1 + labelWidth;
      const row = takeRow(rows, from, to, maxRows);
      if (row < 0) { hidden++; continue; }
      this.placed.push({ item, row, end, labelLeft });
    }
    this.sub = hidden ? `+${hidden} more in the table` : this.placed.length ? "started → finished" : "";
    this.h = Math.max(1, rows.length) * this.row + 6;
    this.empty = this.placed.length === 0;
  }

  // In pixels; it moves while the timeline is dragged.
  extent(geo, { item, end }) {
    const x0 = Math.max(geo.left, geo.x(item.started));
    return { x0, x1: Math.min(geo.width - geo.right, Math.max(geo.x(end), x0 + 10)) };
  }

  draw(ctx, geo, paint, view, selection) {
    heading(ctx, geo, paint, this);
    ctx.font = paint.font(12);
    ctx.save();
    ctx.beginPath();
    ctx.rect(geo.left, this.y, geo.width - geo.left, this.h);
    ctx.clip();
    for (const place of this.placed) this.drawBar(ctx, geo, paint, view, place, place.item.id === selection.rollout);
    ctx.restore();
  }

  drawBar(ctx, geo, paint, view, place, isSelected) {
    const { item, row, labelLeft } = place, { x0, x1 } = this.extent(geo, place);
    const y = this.y + 3 + row * this.row, middle = y + this.row / 2, top = middle - 7;
    const broken = item.state === 2 || item.state === 4;
    if (isSelected) {
      ctx.fillStyle = paint["accent-soft"];
      ctx.fillRect(geo.left, y, geo.width - geo.left, this.row);
    }
    ctx.fillStyle = broken ? paint.surface : paint["accent-soft"];
    ctx.fillRect(x0, top, x1 - x0, 14);
    if (broken) {
      ctx.fillStyle = paint.gapHatch;
      ctx.fillRect(x0, top, x1 - x0, 14);
    }
    if (item.stuck !== null && item.stuck < view.to) {
      const from = Math.max(x0, geo.x(item.stuck));
      ctx.fillStyle = paint.staleHatch;
      if (from < x1) ctx.fillRect(from, top, x1 - from, 14);
    }
    ctx.strokeStyle = item.state === 3 ? paint.warn : paint.accent;
    ctx.lineWidth = isSelected ? 2.5 : 1.5;
    if (item.closed === null) ctx.setLineDash([5, 3]);
    ctx.strokeRect(x0 + .75, top + .75, Math.max(4, x1 - x0 - 1.5), 12.5);
    ctx.setLineDash([]);
    if (item.surged !== null && item.surged >= view.from && item.surged <= view.to) surge(ctx, paint, geo.x(item.surged), middle);
    if (item.closed !== null && item.closed <= view.to) cap(ctx, paint, item.state, x1, middle);
    ctx.font = paint.font(12, isSelected ? 700 : 550);
    const text = item.label + (item.state === 1 && !item.rollback ? "" : ` · ${item.rollback && item.state === 1 ? "rollback" : STATES[item.state]}`);
    const colour = item.state === 3 ? paint["warn-text"] : paint.text;
    if (!labelLeft) label(ctx, paint, fit(ctx, text, geo.width - x1 - 16), x1 + 12, middle + 4, colour);
    else if (x0 - geo.left > 90) label(ctx, paint, fit(ctx, text, x0 - geo.left - 14), x0 - 8, middle + 4, colour, "right");
    // No space on either side: draw it inside the bar.
    else label(ctx, paint, fit(ctx, text, x1 - x0 - 16), x0 + 8, middle + 4, colour);
  }

  at(x, y, geo) { return barAt(this, x, y, geo, 8)?.item ?? null; }

  hit(x, y, column, geo) {
    const item = this.at(x, y, geo);
    return item ? { rollout: item.id } : null;
  }

  tip(x, y, column, geo) {
    const item = this.at(x, y, geo);
    return item ? { title: `Rollout ${item.label}`, lines: rolloutMoments(item) } : null;
  }

  values() { return []; }
}

// First pod of the new revision ready.
function surge(ctx, paint, x, y) {
  ctx.fillStyle = paint.accent;
  ctx.strokeStyle = paint.surface;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(x, y - 6);
  ctx.lineTo(x + 5.5, y + 5);
  ctx.lineTo(x - 5.5, y + 5);
  ctx.closePath();
  ctx.stroke();
  ctx.fill();
}

// Finished: a bar at the end. Superseded: an arrow back. Workload deleted: a cross.
function cap(ctx, paint, state, x, y) {
  ctx.strokeStyle = paint.accent;
  ctx.lineWidth = 2.5;
  ctx.beginPath();
  if (state === 1) { ctx.moveTo(x - 1, y - 10); ctx.lineTo(x - 1, y + 10); }
  else if (state === 2) { ctx.moveTo(x - 1, y - 8); ctx.lineTo(x - 9, y); ctx.lineTo(x - 1, y + 8); }
  else { ctx.moveTo(x - 6, y - 6); ctx.lineTo(x + 4, y + 6); ctx.moveTo(x + 4, y - 6); ctx.lineTo(x - 6, y + 6); }
  ctx.stroke();
}

// The moments of a rollout in words, in order of time.
export const rolloutMoments = item => [
  { at: item.started, text: "started" }, { at: item.surged, text: "first new pod ready" }, { at: item.stuck, text: "is stuck" },
  { at: item.closed, text: STATES[item.state] },
].filter(moment => moment.at !== null).sort((a, b) => a.at - b.at);
