// Terminations of pods, phase by phase. Those of one rollout are grouped by a bracket with the rollout's revisions.
import { fit, label, widthOf } from "./paint.js";
import { heading } from "./lanes.js";
import { bar, markAt, marksOf } from "./marks.js";
import { causeSymbol, glyph, phasesOf } from "./symbols.js";

const CAUSE = 20;
const MAX_REVISIONS = 72; // pixels of a bracket's text

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
      const shape = this.shapeOf(view, geo, span);
      if (!shape) continue;
      const fits = ({ rollout, taken }, { from, to }) => rollout === span.rollout && taken.every(([a, b]) => to < a - 6 || from > b + 6);
      // Of thousands that have no space, no label is measured.
      if (rows.length >= maxRows && !rows.some(row => fits(row, shape))) { hidden++; continue; }
      const place = this.withLabel(geo, measure, shape);
      let row = rows.find(candidate => fits(candidate, place));
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

  shapeOf(view, geo, span) {
    const phases = phasesOf(span);
    let end = Math.max(span.started, span.over === null || span.stale ? Math.min(view.now, view.to) : span.over);
    for (const phase of phases) if (phase.key !== "reused") end = Math.max(end, phase.at);
    if ((end < view.from && !(span.stale > 0)) || span.started > view.to) return null;
    const shape = { span, end, marks: marksOf(phases.filter(phase => phase.at >= view.from && phase.at <= view.to), geo) }, { first, last } = this.extent(geo, shape);
    return { ...shape, from: first, to: last };
  }

  withLabel(geo, measure, shape) {
    const width = Math.min(measure(shape.span.pod), geo.wide ? 260 : 150) + CAUSE + 18, labelLeft = shape.to + width > geo.width - 4;
    return { ...shape, labelLeft, from: labelLeft ? shape.from - width : shape.from, to: labelLeft ? shape.to : shape.to + width };
  }

  // Of bar and marks, in pixels; it moves while the timeline is dragged.
  extent(geo, { span, end, marks }) {
    const x0 = Math.max(geo.left, geo.x(span.started)), x1 = Math.min(geo.width - geo.right, Math.max(geo.x(end), x0 + 4));
    return { first: Math.min(x0, marks.length ? geo.x(marks[0].from) : x0), last: Math.max(x1, marks.length ? geo.x(marks.at(-1).to) : x1) };
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
    for (const bracket of this.brackets) this.drawBracket(ctx, geo, paint, view, bracket);
  }

  drawBracket(ctx, geo, paint, view, { rollout, from, to }) {
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
    if (!geo.wide) return;
    // Without the workload's name: those of the pods begin with it.
    const name = view.rollouts[rollout - 1]?.label ?? "";
    label(ctx, paint, fit(ctx, name.slice(name.indexOf(" ") + 1), MAX_REVISIONS, "end"), x - 6, (top + low) / 2 + 4, paint.accent, "right");
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
    place.marks.forEach((mark, index) => {
      if (mark.items.length === 1) { glyph(ctx, paint, mark.items[0].key, geo.x(mark.from), middle, span.exit); return; }
      const next = place.marks[index + 1];
      bar(ctx, paint, geo, mark, middle, next ? geo.x(next.from) - geo.x(mark.to) - 8 : Infinity);
    });
    this.drawName(ctx, geo, paint, place, middle, isSelected);
  }

  drawName(ctx, geo, paint, place, middle, isSelected) {
    const { span } = place, { first, last } = this.extent(geo, place);
    const font = paint.font(10.5, 700);
    if (!place.labelLeft) {
      // A bar of marks may have its number beside it.
      const x = last + (place.marks.at(-1)?.items.length > 1 ? 20 : 11);
      causeSymbol(ctx, paint, span.cause, x, middle, font);
      ctx.font = paint.font(12, isSelected ? 700 : 500);
      label(ctx, paint, fit(ctx, span.pod, geo.width - x - CAUSE - 4, "end"), x + CAUSE, middle + 4, paint.text);
      return;
    }
    ctx.font = paint.font(12, isSelected ? 700 : 500);
    const name = fit(ctx, span.pod, Math.max(0, first - geo.left - CAUSE - 16), "end");
    const width = widthOf(ctx, name);
    label(ctx, paint, name, first - 12, middle + 4, paint.text, "right");
    causeSymbol(ctx, paint, span.cause, Math.max(geo.left + 2, first - 12 - width - CAUSE), middle, font);
  }

  at(x, y, geo) {
    const row = Math.floor((y - this.y - 4) / this.row);
    return this.placed.find(place => {
      const { first, last } = this.extent(geo, place);
      return place.row === row && x >= first - (place.labelLeft ? 200 : 8) && x <= last + (place.labelLeft ? 8 : 200);
    }) ?? null;
  }

  hit(x, y, column, geo) {
    const place = this.at(x, y, geo);
    return place ? { ip: place.span.ip, uid: place.span.uid } : null;
  }

  // Of a mark its moments, of the bar and the name all of them.
  tip(x, y, column, geo) {
    const place = this.at(x, y, geo);
    if (!place) return null;
    const { span } = place, items = markAt(place.marks, x, geo)?.items ?? phasesOf(span);
    return { title: span.node ? `${span.pod} on ${span.node}` : span.pod, lines: items.map(item => ({ at: item.at, text: phaseText(span, item) })) };
  }

  values() { return []; }
}

// A phase in words, with what is known about it.
export function phaseText(span, phase) {
  return phase.text + (phase.key === "requested" ? ` (${span.causeName})` : phase.key === "finished" && span.exitText ? ` (${span.exitText})` : "");
}
