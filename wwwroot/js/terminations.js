// Terminations of pods, phase by phase. Those of one rollout are grouped by a bracket with the rollout's number.
import { fit, label } from "./paint.js";
import { heading } from "./lanes.js";
import { causeSymbol, glyph, phasesOf } from "./symbols.js";

const CAUSE = 20;
const MIN_GAP = 9;

// Overlapping symbols are spread in their order: to the right, and back to the left at the end of the plot.
function spread(phases, geo) {
  const symbols = phases.map(({ key, at }) => ({ key, x: geo.x(at) }));
  for (let i = 1; i < symbols.length; i++) symbols[i].x = Math.max(symbols[i].x, symbols[i - 1].x + MIN_GAP);
  for (let i = symbols.length - 1, limit = geo.width - geo.right - 2; i >= 0; i--, limit -= MIN_GAP) symbols[i].x = Math.min(symbols[i].x, limit);
  return symbols;
}

export class TerminationLane {
  constructor(view, geo, measure, selection) {
    this.title = "Terminating pods";
    this.row = geo.wide ? 24 : 28;
    const maxRows = geo.wide ? 10 : 5;
    const weight = span => (selection.has(span) ? 8 : 0) + (span.stale > 0 ? 4 : 0) + (selection.inRollout(span) ? 2 : 0) + (span.over === null ? 1 : 0);
    const spans = view.terminations.filter(span => !selection.rollout || selection.inRollout(span) || selection.has(span))
      .sort((a, b) => weight(b) - weight(a) || b.started - a.started);
    // Weight decides which ones are shown; their rollout decides the order.
    const rows = [];
    let hidden = view.hiddenTerminations;
    for (const span of spans) {
      const place = this.place(view, geo, measure, span);
      if (!place) continue;
      let row = rows.find(candidate => candidate.rollout === span.rollout && candidate.taken.every(([a, b]) => place.to < a - 6 || place.from > b + 6));
      if (!row) {
        if (rows.length >= maxRows) { hidden++; continue; }
        rows.push(row = { rollout: span.rollout, taken: [], places: [] });
      }
      row.taken.push([place.from, place.to]);
      row.places.push(place);
    }
    // The newest rollout first, as in the bars above; terminations without a rollout last.
    rows.sort((a, b) => b.rollout - a.rollout);
    this.placed = rows.flatMap((row, index) => row.places.map(place => ({ ...place, row: index })));
    this.brackets = [];
    rows.forEach((row, index) => {
      if (!row.rollout) return;
      const last = this.brackets.at(-1);
      if (last?.rollout === row.rollout) last.to = index;
      else this.brackets.push({ rollout: row.rollout, from: index, to: index });
    });
    this.sub = hidden ? `+${hidden} more in the table` : selection.rollout ? "of the selected rollout" : view.terminations.length ? "requested → deleted" : "";
    this.h = Math.max(1, rows.length) * this.row + 8;
    this.noData = view.noData;
    this.filtered = Boolean(selection.rollout);
  }

  place(view, geo, measure, span) {
    const end = Math.max(...phasesOf(span).filter(phase => phase.key !== "reused").map(phase => phase.at), span.started, span.over === null || span.stale ? Math.min(view.now, view.to) : span.over);
    if ((end < view.from && !(span.stale > 0)) || span.started > view.to) return null;
    const x0 = Math.max(geo.left, geo.x(span.started)), x1 = Math.min(geo.width - geo.right, Math.max(geo.x(end), x0 + 4));
    const symbols = spread(phasesOf(span).filter(phase => phase.at >= view.from && phase.at <= view.to), geo);
    const first = Math.min(x0, symbols[0]?.x ?? x0), last = Math.max(x1, symbols.at(-1)?.x ?? x1);
    const labelWidth = Math.min(measure(span.pod), geo.wide ? 260 : 150) + CAUSE + 18;
    const labelLeft = last + labelWidth > geo.width - 4;
    return { span, x0, x1, end, symbols, first, last, labelLeft, from: labelLeft ? first - labelWidth : first, to: labelLeft ? last : last + labelWidth };
  }

  draw(ctx, geo, paint, view, selection) {
    heading(ctx, geo, paint, this);
    ctx.font = paint.font(12);
    if (!this.placed.length) {
      ctx.fillStyle = paint.muted;
      const text = this.noData ? "No data is stored for this range." : this.filtered ? "No pod of this rollout terminated in this range." : "No pod terminated in this range.";
      label(ctx, paint, text, geo.left + 12, this.y + this.h / 2 + 4, paint.muted);
    }
    ctx.save();
    ctx.beginPath();
    ctx.rect(geo.left, this.y, geo.width - geo.left, this.h);
    ctx.clip();
    for (const place of this.placed) this.drawSpan(ctx, geo, paint, view, place, selection.has(place.span));
    ctx.restore();
    for (const bracket of this.brackets) this.drawBracket(ctx, geo, paint, bracket);
  }

  drawBracket(ctx, geo, paint, { rollout, from, to }) {
    const x = geo.left - (geo.wide ? 6 : 3), top = this.y + 6 + from * this.row, low = this.y + 2 + (to + 1) * this.row;
    ctx.strokeStyle = paint.accent;
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.moveTo(x + 4, top);
    ctx.lineTo(x, top);
    ctx.lineTo(x, low);
    ctx.lineTo(x + 4, low);
    ctx.stroke();
    ctx.font = paint.font(11, 650);
    if (geo.wide) label(ctx, paint, `#${rollout}`, x - 6, (top + low) / 2 + 4, paint.accent, "right");
  }

  drawSpan(ctx, geo, paint, view, place, isSelected) {
    const { span } = place;
    const y = this.y + 4 + place.row * this.row, middle = y + this.row / 2;
    const now = Math.min(view.now, view.to);
    const x = ms => Math.max(geo.left - 2, Math.min(geo.width - geo.right + 2, geo.x(ms)));
    const finished = span.finished ?? span.over ?? now;
    const over = span.over ?? now;
    if (isSelected) {
      ctx.fillStyle = paint["accent-soft"];
      ctx.fillRect(geo.left, y, geo.width - geo.left, this.row);
    }
    // Process running: solid; after SIGTERM: dotted. Process exited, object still present: thin. Afterwards stale entries: hatched.
    ctx.fillStyle = paint.process;
    ctx.fillRect(x(span.started), middle - 5, Math.max(3, x(finished) - x(span.started)), 10);
    if (span.stop !== null && span.stop < finished) {
      ctx.fillStyle = paint.surface;
      for (let at = x(span.stop) + 2; at < x(finished) - 2; at += 5) ctx.fillRect(at, middle - 1, 2, 2);
    }
    ctx.fillStyle = paint.ending;
    if (over > finished) ctx.fillRect(x(finished), middle - 2, x(over) - x(finished), 4);
    const dead = span.finished ?? span.removed ?? span.over;
    if (span.stale > 0 && dead !== null && now > dead) {
      ctx.fillStyle = paint.staleHatch;
      ctx.fillRect(x(dead), middle - 4, x(now) - x(dead), 8);
      ctx.strokeStyle = paint.warn;
      ctx.lineWidth = 1;
      ctx.strokeRect(x(dead) + .5, middle - 4.5, Math.max(1, x(now) - x(dead) - 1), 9);
    }
    // End of the grace period, if the process reached it or still may.
    if (span.grace !== null && span.grace <= Math.max(finished, over) + 1000 && span.grace >= view.from && span.grace <= view.to) {
      ctx.strokeStyle = paint.text;
      ctx.lineWidth = 1;
      ctx.setLineDash([2, 2]);
      ctx.beginPath();
      ctx.moveTo(Math.round(geo.x(span.grace)) + .5, middle - 10);
      ctx.lineTo(Math.round(geo.x(span.grace)) + .5, middle + 10);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    for (const symbol of place.symbols) glyph(ctx, paint, symbol.key, symbol.x, middle, span.exit);
    this.drawName(ctx, geo, paint, place, middle, isSelected);
  }

  drawName(ctx, geo, paint, place, middle, isSelected) {
    const { span } = place;
    const font = paint.font(10.5, 700);
    if (!place.labelLeft) {
      // After the symbols, which may be spread beyond the end of the bar.
      const x = place.last + 11;
      causeSymbol(ctx, paint, span.cause, x, middle, font);
      ctx.font = paint.font(12, isSelected ? 700 : 500);
      label(ctx, paint, fit(ctx, span.pod, geo.width - x - CAUSE - 4, "end"), x + CAUSE, middle + 4, paint.text);
      return;
    }
    ctx.font = paint.font(12, isSelected ? 700 : 500);
    const name = fit(ctx, span.pod, Math.max(0, place.first - geo.left - CAUSE - 16), "end");
    const width = ctx.measureText(name).width;
    label(ctx, paint, name, place.first - 12, middle + 4, paint.text, "right");
    causeSymbol(ctx, paint, span.cause, Math.max(geo.left + 2, place.first - 12 - width - CAUSE), middle, font);
  }

  hit(x, y) {
    const row = Math.floor((y - this.y - 4) / this.row);
    const place = this.placed.find(candidate => candidate.row === row && x >= candidate.first - (candidate.labelLeft ? 200 : 8) && x <= candidate.last + (candidate.labelLeft ? 8 : 200));
    return place ? { ip: place.span.ip, uid: place.span.uid } : null;
  }

  values() { return []; }
}
