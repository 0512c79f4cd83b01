// Lanes of the timeline. A lane has a position, draws itself, and returns its values at a column and the item at a point.
// geo: canvas/geometry.js.
import { fit, label, widthOf } from "./paint.js";

export { RestartLane } from "./restarts.js";

const NOT_YET = 3000; // ms for which nodes may not have reported yet

export function heading(ctx, geo, paint, lane, colour = paint.text) {
  const x = geo.wide ? 16 : 10;
  const y = geo.wide ? lane.y + 13 : lane.y - 6;
  ctx.font = paint.font(12, 600);
  const title = fit(ctx, lane.title, (geo.wide ? geo.left : geo.width / 2) - x - 8);
  ctx.fillStyle = colour;
  ctx.fillText(title, x, y);
  const titleWidth = widthOf(ctx, title);
  ctx.font = paint.font(11);
  ctx.fillStyle = paint.muted;
  if (geo.wide) ctx.fillText(fit(ctx, lane.sub, geo.left - x - 8), x, y + 15);
  else ctx.fillText(fit(ctx, lane.sub, geo.width - titleWidth - x - 24), x + titleWidth + 8, y);
  if (geo.wide && lane.more) ctx.fillText(lane.more, x, y + 30);
}

export function ground(ctx, geo, paint, lane) {
  ctx.fillStyle = paint.sunken;
  ctx.fillRect(geo.left, lane.y, geo.width - geo.left - geo.right, lane.h);
}

// Lanes that are collapsed to a line: what they would show, in words.
export class CollapsedLane {
  constructor(geo, name, lanes) {
    this.name = name;
    this.title = lanes.length === 1 ? lanes[0].title : name === "services" ? `${lanes.length} Services` : lanes[0].title.split(",")[0];
    this.text = lanes.map(lane => (lanes.length === 1 ? lane.sub : `${lane.title.split(", ").at(-1)} ${name === "services" ? "" : lane.sub}`).trim()).filter(text => text).join(" · ");
    this.sub = geo.wide ? "" : this.text;
    this.h = geo.wide ? 18 : 4;
    this.above = geo.wide ? 2 : 18; // Its text is above it, and is what a finger touches.
  }

  draw(ctx, geo, paint) {
    heading(ctx, geo, paint, this, paint.muted);
    if (!geo.wide) return;
    ctx.font = paint.font(11);
    ctx.fillStyle = paint.muted;
    ctx.fillText(fit(ctx, this.text, geo.plot - 16), geo.left + 8, this.y + 13);
  }

  hit() { return { lane: this.name }; }

  tip() { return { title: `${this.title}: collapsed`, lines: [{ text: "A click expands it." }] }; }

  values() { return []; }
}

export class GapLane {
  constructor(view, geo) {
    this.title = "Gaps";
    this.sub = "incomplete data";
    // The last row has the gaps of all nodes for which there is no row.
    const nodes = [...new Set(view.gaps.map(gap => gap.node))].sort(), most = geo.wide ? 6 : 3;
    const own = nodes.length > most ? nodes.slice(0, most - 1) : nodes;
    this.rows = own.map(node => ({ gaps: view.gaps.filter(gap => gap.node === node) }));
    if (own.length < nodes.length) this.rows.push({ gaps: view.gaps.filter(gap => !own.includes(gap.node)) });
    this.h = this.rows.length * 20 + 4;
  }

  draw(ctx, geo, paint, view) {
    heading(ctx, geo, paint, this);
    ctx.font = paint.font(11);
    this.rows.forEach((row, index) => {
      const y = this.y + 3 + index * 20;
      let free = 0;
      for (const gap of row.gaps) {
        const x0 = Math.max(geo.left, geo.x(gap.from)), x1 = Math.min(geo.width - geo.right, Math.max(geo.x(gap.to), x0 + 4));
        if (x1 <= geo.left || x0 >= geo.width - geo.right) continue;
        ctx.fillStyle = paint.gapHatch;
        ctx.fillRect(x0, y, x1 - x0, 16);
        ctx.strokeStyle = paint.gap;
        ctx.lineWidth = 1;
        ctx.strokeRect(x0 + .5, y + .5, x1 - x0 - 1, 15);
        const text = gapText(gap);
        const width = widthOf(ctx, text);
        if (x1 + 8 + width < geo.width - 8 && x0 > free) {
          label(ctx, paint, text, x1 + 8, y + 12, paint.text);
          free = x1 + width + 20;
        } else if (x0 - 8 - width > Math.max(free, geo.left)) {
          label(ctx, paint, text, x0 - 8, y + 12, paint.text, "right");
          free = x1;
        } else if (x0 > free) {
          label(ctx, paint, fit(ctx, text, geo.width - geo.right - Math.max(geo.left, x0) - 8), x0 + 6, y + 12, paint.text);
          free = x1;
        }
      }
    });
  }

  hit() { return null; }

  tip(x, y, column, geo, view) {
    const row = this.rows[Math.floor((y - this.y - 3) / 20)];
    const gap = row?.gaps.find(candidate => x >= geo.x(candidate.from) - 2 && x <= Math.max(geo.x(candidate.to), geo.x(candidate.from) + 4) + 2);
    return gap ? { title: gapText(gap), lines: [{ at: gap.from, text: "begins" }, ...(gap.to < view.now - NOT_YET ? [{ at: gap.to, text: "ends" }] : [])] } : null;
  }

  values(column, view) {
    const from = view.from + column * view.step, to = from + view.step;
    return this.rows.flatMap(row => row.gaps).filter(gap => gap.from < to && gap.to > from).map(gap => ({ text: gapText(gap) }));
  }
}

// Calls draw(a, b, value) for every run of equal positive values: columns a (with) to b (without).
export function steps(view, valueAt, draw) {
  for (let i = 0; i < view.columns;) {
    const value = valueAt(i);
    let to = i + 1;
    while (to < view.columns && valueAt(to) === value) to++;
    if (value > 0) draw(i, to, value);
    i = to;
  }
}

// The same for a band on a baseline that may step where the band does not.
export function overBaseline(view, base, series, draw) {
  steps(view, i => series[i], (a, b, value) => {
    for (let from = a, to; from < b; from = to) {
      for (to = from + 1; to < b && base[to] === base[from];) to++;
      draw(from, to, value);
    }
  });
}

// How many columns nodes have reported. The last seconds of a live view are not a gap: they are only not reported yet.
export const reportedIn = view => Math.min(view.columns, Math.max(0, Math.ceil((view.now - NOT_YET - view.from) / view.step)));

// Unknown is never drawn as zero.
export function hatchUnknown(ctx, geo, paint, view, lane, isUnknown) {
  const reported = reportedIn(view);
  ctx.fillStyle = paint.gapHatch;
  for (let i = 0; i < reported;) {
    if (!isUnknown(i)) { i++; continue; }
    let to = i + 1;
    while (to < reported && isUnknown(to)) to++;
    ctx.fillRect(geo.columnX(i), lane.y, geo.columnX(to) - geo.columnX(i), lane.h);
    i = to;
  }
}

export const span = ms => ms < 120000 ? `${ms / 1000} s` : ms < 7200000 ? `${ms / 60000} min` : `${ms / 3600000} h`;

function gapText(gap) {
  return !gap.node || gap.text.includes(gap.node) ? gap.text : `${gap.node}: ${gap.text}`;
}

export function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map(step => step * power).find(step => step >= value && Number.isInteger(step));
}
