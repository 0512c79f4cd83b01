// Lanes of the timeline. A lane has a position, draws itself, and returns its values at a column and the item at a point.
// geo = { left, right, width, x(ms), columnX(i), wide }
import { fit, label } from "./paint.js";

export { RestartLane } from "./restarts.js";

const NOT_YET = 3000; // ms for which nodes may not have reported yet

export function heading(ctx, geo, paint, lane, colour = paint.text) {
  const x = geo.wide ? 16 : 10;
  const y = geo.wide ? lane.y + 13 : lane.y - 6;
  ctx.font = paint.font(12, 600);
  const title = fit(ctx, lane.title, (geo.wide ? geo.left : geo.width / 2) - x - 8);
  ctx.fillStyle = colour;
  ctx.fillText(title, x, y);
  const titleWidth = ctx.measureText(title).width;
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

export class ServiceLane {
  constructor(view, geo, service, colourOf, partial) {
    this.title = service.title;
    this.sub = service.address;
    this.h = geo.wide ? 88 : 72;
    this.more = service.backends.length > 5 ? `${service.backends.length} backends` : "";
    this.service = service;
    this.colourOf = colourOf;
    this.known = new Uint8Array(view.columns); // 0 unknown, 1 partial, 2 complete
    this.top = 1;
    for (let i = 0; i < view.columns; i++) {
      let sum = 0, unknown = 0;
      for (const backend of service.backends) {
        if (backend.entries[i] < 0) unknown++;
        else sum += backend.entries[i];
      }
      this.known[i] = unknown === 0 ? (partial[i] ? 1 : 2) : unknown < service.backends.length ? 1 : 0;
      this.top = Math.max(this.top, sum);
    }
    this.scale = niceTop(this.top);
  }

  draw(ctx, geo, paint, view, selection) {
    const selected = selection.ip;
    hatchUnknown(ctx, geo, paint, view, this, i => this.known[i] < 2);
    const y = value => this.y + this.h - value / this.scale * (this.h - 6);
    const base = new Int32Array(view.columns);
    this.labels = [];
    this.bands = [];
    for (const backend of this.service.backends) {
      const dimmed = selected && selected !== backend.ip && this.service.backends.some(other => other.ip === selected);
      const colour = paint["b" + this.colourOf(this.service.key, backend.ip)];
      ctx.fillStyle = colour;
      overBaseline(view, base, backend.entries, (from, to, value) => {
        const x = geo.columnX(from), width = geo.columnX(to) - x, top = y(base[from] + value), height = y(base[from]) - top;
        // Healthy connections are drawn pale; a line on top of each band separates neighbours.
        ctx.globalAlpha = dimmed ? .2 : .5;
        ctx.fillRect(x, top, width, height);
        ctx.globalAlpha = dimmed ? .4 : 1;
        ctx.fillRect(x, top, width, Math.min(1.5, height));
      });
      ctx.globalAlpha = dimmed ? .5 : 1;
      overBaseline(view, base, backend.stale, (from, to, value) => {
        // Stale entries must be visible, even one among thousands: at least 7 pixels high.
        const low = y(base[from]), top = Math.max(this.y, Math.min(y(base[from] + value), low - 7));
        const x = geo.columnX(from), width = geo.columnX(to) - x, height = low - top;
        ctx.fillStyle = paint.surface;
        ctx.fillRect(x, top, width, height);
        ctx.fillStyle = paint.staleHatch;
        ctx.fillRect(x, top, width, height);
        ctx.fillStyle = paint.warn;
        ctx.fillRect(x, top, width, 2);
        ctx.fillRect(x, top + height - 1, width, 1);
      });
      ctx.globalAlpha = 1;
      this.bands.push({ ip: backend.ip, low: Int32Array.from(base), entries: backend.entries });
      let last = -1;
      for (let i = 0; i < view.columns; i++) {
        if (backend.entries[i] > 0) { base[i] += backend.entries[i]; last = i; }
      }
      if (last >= 0) this.labels.push(this.backendLabel(view, backend, base, last, y));
    }
    heading(ctx, geo, paint, this, this.labels.some(item => item.stale > 0) ? paint["warn-text"] : paint.text);
    this.drawScale(ctx, geo, paint, y);
    this.drawLabels(ctx, geo, paint, selected);
    if (!this.labels.length) {
      ctx.font = paint.font(12);
      ctx.fillStyle = paint.muted;
      ctx.fillText(this.known.some(known => known > 0) ? "No entries in this range." : "No data is stored for this range.", geo.left + 12, this.y + this.h / 2 + 4);
    }
  }

  backendLabel(view, backend, base, last, y) {
    // The last reported column; a gap there is unknown, not the last value.
    const reported = Math.min(view.columns - 1, Math.floor((view.now - view.from) / view.step));
    const oldest = reported - Math.floor(3000 / view.step) - 1;
    let end = reported;
    while (end > oldest && end > 0 && backend.entries[end] < 0) end--;
    const count = backend.entries[end] < 0 ? null : backend.entries[end];
    const stale = count === null ? 0 : backend.stale[end];
    const at = count > 0 ? base[end] - count / 2 : base[last] - backend.entries[last] / 2;
    return { ip: backend.ip, stale, count, name: backend.label, y: y(Math.max(0, at)), weight: stale * 1e6 + (count ?? backend.entries[last]) };
  }

  drawScale(ctx, geo, paint, y) {
    ctx.strokeStyle = paint.line;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(geo.left, Math.round(y(this.scale)) + .5);
    ctx.lineTo(geo.width - geo.right, Math.round(y(this.scale)) + .5);
    ctx.stroke();
    ctx.font = paint.font(11);
    label(ctx, paint, `${this.scale} entries`, geo.left + 5, y(this.scale) + 12, paint.muted);
  }

  drawLabels(ctx, geo, paint, selected) {
    ctx.font = paint.font(11.5, 500);
    const maxLabels = geo.wide ? 5 : 3;
    const shown = this.labels.filter(item => item.count !== 0).sort((a, b) => b.weight - a.weight).slice(0, maxLabels).sort((a, b) => a.y - b.y);
    const line = 15;
    let above = this.y - 4;
    for (const item of shown) { item.at = Math.max(item.y, above + line); above = item.at; }
    let below = this.y + this.h + line - 4;
    for (const item of [...shown].reverse()) { item.at = Math.min(item.at, below - line); below = item.at; }
    for (const item of shown) {
      const count = item.stale ? `${item.stale} stale` : item.count === null ? "unknown" : String(item.count);
      const maxWidth = geo.wide ? geo.right - 22 - ctx.measureText(count).width - 22 : 150;
      ctx.font = paint.font(11.5, item.ip === selected ? 700 : 500);
      const name = fit(ctx, item.name, maxWidth, "end");
      const x = geo.wide ? geo.width - geo.right + 22 : geo.width - geo.right - 8;
      const colour = item.stale ? paint["warn-text"] : paint.text;
      if (geo.wide) {
        ctx.fillStyle = item.stale ? paint.warn : paint["b" + this.colourOf(this.service.key, item.ip)];
        ctx.fillRect(x - 14, item.at - 5, 9, 9);
        label(ctx, paint, name, x, item.at + 4, colour);
        label(ctx, paint, count, geo.width - 10, item.at + 4, item.stale ? colour : paint.muted, "right");
      } else {
        label(ctx, paint, `${name}  ${count}`, x, item.at + 4, colour, "right");
      }
    }
  }

  hit(x, y, column, geo) {
    if (x > geo.width - geo.right || !geo.wide) {
      const near = (this.labels ?? []).find(item => item.at !== undefined && Math.abs(item.at - y) < 8);
      if (near && (x > geo.width - geo.right || x > geo.width - 170)) return { ip: near.ip };
    }
    const value = (this.y + this.h - y) / (this.h - 6) * this.scale;
    const band = (this.bands ?? []).find(item => value >= item.low[column] && value < item.low[column] + item.entries[column]);
    // A single entry is one pixel high: accept any position in the column.
    const only = (this.bands ?? []).filter(item => item.entries[column] > 0);
    const found = band ?? (only.length ? only[only.length - 1] : null);
    return found ? { ip: found.ip } : null;
  }

  values(column) {
    if (this.known[column] === 0) return [{ text: "unknown", muted: true }];
    const partial = this.known[column] < 2 ? [{ text: "at least: not every node reported", muted: true, weight: -1 }] : [];
    return this.service.backends.filter(backend => backend.entries[column] > 0 || backend.closing[column] > 0).map(backend => ({
      colour: "b" + this.colourOf(this.service.key, backend.ip), stale: backend.stale[column] > 0,
      text: `${backend.label}  ${backend.entries[column]}` + (backend.stale[column] > 0 ? ` (${backend.stale[column]} stale)` : "")
        + (backend.closing[column] > 0 ? ` + ${backend.closing[column]} closing` : ""),
      weight: backend.stale[column] * 1e6 + backend.entries[column],
    })).sort((a, b) => b.weight - a.weight).concat(partial);
  }
}

export class ResetLane {
  constructor(view, geo, kind, title, sub, colour, incomplete) {
    Object.assign(this, { title, sub, colour, kind, series: view.resets[kind], incomplete });
    this.h = geo.wide ? 38 : 30;
    this.top = this.series.reduce((max, value) => Math.max(max, value), 0);
    this.total = this.series.reduce((sum, value) => sum + Math.max(0, value), 0);
    const gaps = this.series.some((value, i) => value < 0 || incomplete[i]);
    this.sub = view.noData ? "unknown" : gaps ? `${this.total} seen, with gaps` : `${this.total} in range`;
  }

  draw(ctx, geo, paint, view) {
    heading(ctx, geo, paint, this, this.kind === 0 && this.total > 0 ? paint["warn-text"] : paint.text);
    hatchUnknown(ctx, geo, paint, view, this, i => this.series[i] < 0 || this.incomplete[i]);
    ctx.fillStyle = paint[this.colour];
    steps(view, i => this.series[i], (a, b, value) => {
      // A single reset must be visible: at least 3 pixels high and 2 wide.
      const height = Math.max(3, value / Math.max(1, this.top) * (this.h - 6));
      for (let i = a; i < b; i++) ctx.fillRect(geo.columnX(i), this.y + this.h - height, Math.max(2, geo.columnX(i + 1) - geo.columnX(i) - .5), height);
    });
    if (this.top > 0) {
      ctx.font = paint.font(11);
      label(ctx, paint, `max ${this.top} ${this.top === 1 ? "reset" : "resets"}${view.step === 1000 ? "/s" : ` in ${span(view.step)}`}`, geo.left + 5, this.y + 12, paint.muted);
    }
  }

  hit() { return null; }

  tip(x, y, column, geo, view) {
    const count = this.series[column];
    if (!(count > 0)) return null;
    return {
      title: `${count} ${count === 1 ? "reset" : "resets"}, ${this.title.split(", ")[1]}${this.incomplete[column] ? " (at least: gap)" : ""}`,
      lines: [{ at: view.from + column * view.step, text: `within ${span(view.step)}` }],
    };
  }

  values(column) {
    if (this.series[column] < 0) return [{ text: "unknown", muted: true }];
    return [{ text: `${this.series[column]} ${this.series[column] === 1 ? "reset" : "resets"}` + (this.incomplete[column] ? " at least (gap)" : ""), colour: this.colour }];
  }
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
        const width = ctx.measureText(text).width;
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

// Unknown is never drawn as zero. The last seconds of a live view are not a gap: they are only not reported yet.
export function hatchUnknown(ctx, geo, paint, view, lane, isUnknown) {
  const reported = Math.min(view.columns, Math.max(0, Math.ceil((view.now - NOT_YET - view.from) / view.step)));
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
