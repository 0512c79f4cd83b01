// What the nodes counted: INVALID packets and drops, syncs of kube-proxy, use of the conntrack table. Values are of ten seconds at least.
import { hatchUnknown, heading, niceTop, overBaseline, span, steps } from "./lanes.js";
import { bar, markAt, marksOf } from "./marks.js";
import { fit, label, widthOf } from "./paint.js";

const BUCKET = 10000; // ms: CounterIncrease.BucketMs
const FULL = 800; // per mille of the limit from which on a table is nearly full
const SIGN = 14; // pixels at the top of the lane of syncs for the failed ones

// In the order of view.counters.rates, from the bottom up.
export const RATES = [
  { name: "INVALID", text: "INVALID packets, which conntrack could not assign", colour: "b2" },
  { name: "dropped by kube-proxy", text: "INVALID packets that kube-proxy's rule dropped", colour: "b0" },
  { name: "drop", text: "packets dropped because no entry could be created", colour: "b3" },
  { name: "early_drop", text: "entries evicted from a full table", colour: "b4" },
  { name: "insert_failed", text: "entries that lost a race at confirmation", colour: "b5" },
];

const rate = value => { const seconds = value / 1000; return seconds >= 100 ? String(Math.round(seconds)) : String(Number(seconds >= 10 ? seconds.toFixed(1) : seconds.toPrecision(2))); };
const percent = value => `${(value / 10).toFixed(value < 100 ? 1 : 0)} %`;
const seconds = value => `${value < 10000 ? Number((value / 1000).toFixed(1)) : Math.round(value / 1000)} s`;

// The interval that the value of a column is of: the column, or the ten seconds that it is in.
function intervalOf(view, column) {
  const from = view.from + column * view.step;
  if (view.step >= BUCKET) return [from, from + view.step];
  const begin = Math.floor(from / BUCKET) * BUCKET;
  return [begin, begin + BUCKET];
}

const moments = (view, column) => { const [from, to] = intervalOf(view, column); return [{ at: from, text: "from" }, { at: to, text: "to" }]; };

function drawTop(ctx, geo, paint, lane, y, text) {
  ctx.strokeStyle = paint.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(geo.left, Math.round(y) + .5);
  ctx.lineTo(geo.width - geo.right, Math.round(y) + .5);
  ctx.stroke();
  ctx.font = paint.font(11);
  label(ctx, paint, text, geo.left + 5, y + 12, paint.muted);
}

// Without a scale: there is nothing to read from it.
function drawUnknown(ctx, geo, paint, lane) {
  ctx.font = paint.font(12);
  label(ctx, paint, geo.wide ? "Unknown in this range: an hour is kept in memory." : "Unknown in this range.", geo.left + 12, lane.y + lane.h / 2 + 4, paint.muted);
}

// A line of text beside the lane, with the colour that it explains.
function drawKey(ctx, geo, paint, lane, rows) {
  if (!geo.wide) return;
  ctx.font = paint.font(11.5, 500);
  rows.slice(0, Math.floor(lane.h / 15)).forEach(({ colour, name, value, warns }, index) => {
    const x = geo.width - geo.right + 22, y = lane.y + 11 + index * 15;
    ctx.fillStyle = colour;
    ctx.fillRect(x - 14, y - 8, 9, 9);
    const width = widthOf(ctx, value);
    label(ctx, paint, fit(ctx, name, geo.right - 44 - width), x, y, warns ? paint["warn-text"] : paint.text);
    label(ctx, paint, value, geo.width - 10, y, warns ? paint["warn-text"] : paint.muted, "right");
  });
}

// The last column that nodes have reported.
function lastKnown(values) {
  for (let i = values.length - 1; i >= 0; i--) if (values[i] >= 0) return i;
  return -1;
}

// The last interval of a live view has not ended yet: it is no gap.
const withGaps = (view, values) => values.some((value, i) => value < 0 && view.from + i * view.step < view.now - 2 * BUCKET) ? ", with gaps" : "";

export class RateLane {
  constructor(view, geo, partial) {
    this.title = "INVALID and drops";
    this.h = geo.wide ? 78 : 56;
    this.rates = view.counters.rates;
    this.partial = partial;
    this.sums = Array.from({ length: view.columns }, (_, i) => (this.rates[0][i] < 0 ? -1 : this.rates.reduce((sum, row) => sum + row[i], 0)));
    this.top = this.sums.reduce((max, value) => Math.max(max, value), 0);
    this.scale = niceTop(Math.max(1, this.top / 1000)) * 1000;
    this.sub = this.sums.every(value => value < 0) ? "unknown" : this.top ? `up to ${rate(this.top)} a second${withGaps(view, this.sums)}` : withGaps(view, this.sums) ? "none seen, with gaps" : "no packets";
    if (geo.wide) this.more = "a second, all nodes";
  }

  draw(ctx, geo, paint, view) {
    heading(ctx, geo, paint, this);
    hatchUnknown(ctx, geo, paint, view, this, i => this.sums[i] < 0 || this.partial[i]);
    const base = new Float64Array(view.columns), y = value => this.y + this.h - value / this.scale * (this.h - 6);
    this.rates.forEach((row, index) => {
      ctx.fillStyle = paint[RATES[index].colour];
      overBaseline(view, base, row, (from, to, value) => {
        // What was counted at all is seen: at least 2 pixels.
        const low = y(base[from]), height = Math.max(2, low - y(base[from] + value)), x = geo.columnX(from);
        ctx.fillRect(x, Math.max(this.y, low - height), Math.max(1, geo.columnX(to) - x), height);
      });
      for (let i = 0; i < view.columns; i++) base[i] += Math.max(0, row[i]);
    });
    const last = lastKnown(this.sums);
    if (last < 0) { drawUnknown(ctx, geo, paint, this); return; }
    drawTop(ctx, geo, paint, this, y(this.scale), `${rate(this.scale)} a second`);
    drawKey(ctx, geo, paint, this, RATES.map((kind, index) => ({ kind, row: this.rates[index] })).filter(({ row }) => row.some(value => value > 0))
      .map(({ kind, row }) => ({ colour: paint[kind.colour], name: kind.name, value: `${rate(row[last])}/s` })));
  }

  hit() { return null; }

  lines(column) {
    return RATES.map((kind, index) => ({ kind, value: this.rates[index][column] })).filter(({ value }) => value > 0);
  }

  tip(x, y, column, geo, view) {
    if (!(this.sums[column] > 0)) return null;
    return {
      title: `${rate(this.sums[column])} a second${this.partial[column] ? " at least (gap)" : ""}`,
      lines: [...this.lines(column).map(({ kind, value }) => ({ text: `${rate(value)}/s ${kind.text}` })), ...moments(view, column)],
    };
  }

  values(column) {
    if (this.sums[column] < 0) return [{ text: "unknown", muted: true }];
    const rows = this.lines(column).map(({ kind, value }) => ({ colour: kind.colour, text: `${kind.name} ${rate(value)}/s` }));
    if (this.partial[column]) rows.push({ text: "at least: not every node reported", muted: true });
    return rows.length ? rows : [{ text: "0/s" }];
  }
}

// The longest lag of all nodes as bars, and syncs that failed as crosses.
export class SyncLane {
  constructor(view, geo) {
    const [, , lag, nodes] = view.counters.gauges;
    Object.assign(this, { title: "kube-proxy sync", lag, nodes, names: view.counters.names, failures: view.counters.failures });
    this.h = geo.wide ? 52 : 46;
    this.top = lag.reduce((max, value) => Math.max(max, value), 0);
    this.scale = niceTop(Math.max(1, this.top / 1000)) * 1000;
    const failed = this.failures.reduce((sum, failure) => sum + failure.count, 0);
    this.sub = lag.every(value => value < 0) ? "unknown" : `${this.top ? `up to ${seconds(this.top)} late` : withGaps(view, lag) ? "no lag seen" : "rules up to date"}${withGaps(view, lag)}${failed ? `, ${failed} failed` : ""}`;
    if (geo.wide) this.more = "seconds late, slowest node";
  }

  draw(ctx, geo, paint, view) {
    heading(ctx, geo, paint, this, this.failures.length ? paint["warn-text"] : paint.text);
    hatchUnknown(ctx, geo, paint, view, this, i => this.lag[i] < 0);
    const y = value => this.y + this.h - value / this.scale * (this.h - SIGN - 2);
    ctx.fillStyle = paint.process;
    steps(view, i => this.lag[i], (a, b, value) => {
      const top = Math.min(y(value), this.y + this.h - 2);
      ctx.fillRect(geo.columnX(a), top, Math.max(2, geo.columnX(b) - geo.columnX(a)), this.y + this.h - top);
    });
    const last = lastKnown(this.lag);
    if (last < 0) drawUnknown(ctx, geo, paint, this);
    else drawTop(ctx, geo, paint, this, y(this.scale), `${this.scale / 1000} s`);
    if (last >= 0) drawKey(ctx, geo, paint, this, this.nodes[last] >= 0 && this.lag[last] > 0 ? [{ colour: paint.process, name: this.names[this.nodes[last]], value: seconds(this.lag[last]) }] : []);
    this.marks = marksOf(this.failures, geo);
    this.marks.forEach((mark, index) => {
      const x = geo.x(mark.from), next = this.marks[index + 1];
      if (geo.x(mark.to) < geo.left || x > geo.width - geo.right) return;
      if (mark.items.length > 1) { bar(ctx, paint, geo, mark, this.y + 8, (next ? geo.x(next.from) : geo.width - geo.right) - geo.x(mark.to)); return; }
      ctx.strokeStyle = paint["warn-text"];
      ctx.lineWidth = 2;
      ctx.beginPath();
      for (const turn of [1, -1]) { ctx.moveTo(x - 4, this.y + 7 - 4 * turn); ctx.lineTo(x + 4, this.y + 7 + 4 * turn); }
      ctx.stroke();
    });
  }

  hit() { return null; }

  tip(x, y, column, geo, view) {
    const mark = y <= this.y + SIGN + 2 ? markAt(this.marks ?? [], x, geo) : null;
    if (mark) {
      return {
        title: `Failed syncs of kube-proxy`,
        lines: mark.items.slice(0, 8).map(({ at, node, count }) => ({ at, text: `${count} on ${node} within 10 s` })).concat(mark.items.length > 8 ? [{ text: `and ${mark.items.length - 8} more` }] : []),
      };
    }
    return this.lag[column] > 0 ? { title: `The rules of ${this.names[this.nodes[column]]} are ${seconds(this.lag[column])} late`, lines: moments(view, column) } : null;
  }

  values(column, view) {
    const [from, to] = intervalOf(view, column), failed = this.failures.filter(({ at }) => at >= from && at < to);
    const rows = failed.map(({ node, count }) => ({ text: `${count} failed on ${node}`, stale: true }));
    if (this.lag[column] < 0) return [...rows, { text: "unknown", muted: true }];
    return [...rows, { text: this.lag[column] > 0 ? `${seconds(this.lag[column])} late on ${this.names[this.nodes[column]]}` : "up to date" }];
  }
}

// The table that is the fullest.
export class UseLane {
  constructor(view, geo) {
    const [use, nodes] = view.counters.gauges;
    Object.assign(this, { title: "Table use", use, nodes, names: view.counters.names });
    this.h = geo.wide ? 52 : 46;
    const top = this.top = use.reduce((max, value) => Math.max(max, value), 0);
    this.scale = Math.max(1000, top);
    this.sub = use.every(value => value < 0) ? "unknown" : `up to ${percent(top)}${withGaps(view, use)}`;
    if (geo.wide) this.more = "% of the limit, fullest node";
  }

  draw(ctx, geo, paint, view) {
    heading(ctx, geo, paint, this, this.top >= FULL ? paint["warn-text"] : paint.text);
    hatchUnknown(ctx, geo, paint, view, this, i => this.use[i] < 0);
    const y = value => this.y + this.h - value / this.scale * (this.h - 6);
    steps(view, i => this.use[i], (a, b, value) => {
      const x = geo.columnX(a), width = geo.columnX(b) - x, top = Math.min(y(value), this.y + this.h - 1);
      ctx.fillStyle = value >= FULL ? paint.warn : paint.accent;
      ctx.globalAlpha = .45;
      ctx.fillRect(x, top, width, this.y + this.h - top);
      ctx.globalAlpha = 1;
      ctx.fillRect(x, top, width, 1.5);
    });
    const last = lastKnown(this.use);
    if (last < 0 || this.nodes[last] < 0) { drawUnknown(ctx, geo, paint, this); return; }
    ctx.strokeStyle = paint["warn-text"];
    ctx.lineWidth = 1;
    ctx.setLineDash([4, 3]);
    ctx.beginPath();
    ctx.moveTo(geo.left, Math.round(y(FULL)) + .5);
    ctx.lineTo(geo.width - geo.right, Math.round(y(FULL)) + .5);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.font = paint.font(11);
    label(ctx, paint, "80 %", geo.left + 5, y(FULL) + 12, paint.muted);
    const warns = this.use[last] >= FULL;
    drawKey(ctx, geo, paint, this, [{ colour: warns ? paint.warn : paint.accent, name: this.names[this.nodes[last]], value: percent(this.use[last]), warns }]);
  }

  hit() { return null; }

  tip(x, y, column, geo, view) {
    if (!(this.use[column] >= 0)) return null;
    return { title: `${percent(this.use[column])} of nf_conntrack_max on ${this.names[this.nodes[column]]}`, lines: [{ text: "The fullest table of the nodes that reported." }, ...moments(view, column)] };
  }

  values(column) {
    if (!(this.use[column] >= 0)) return [{ text: "unknown", muted: true }];
    return [{ colour: this.use[column] >= FULL ? "warn" : "accent", text: `${percent(this.use[column])} on ${this.names[this.nodes[column]]}` }];
  }
}

// For the arrow keys: each interval with packets, each beginning of a lag, failed syncs, and when a table is nearly full.
export function addCounterEvents(view, add) {
  if (!view.counters) return;
  const { rates, gauges: [use, useNode, lag, lagNode], names, failures } = view.counters;
  let begin = null;
  for (let i = 0; i < view.columns; i++) {
    const [from] = intervalOf(view, i);
    const counted = RATES.map((kind, index) => ({ kind, value: rates[index][i] })).filter(({ value }) => value > 0);
    if (counted.length && from !== begin) add("counters", Math.max(view.from, from), `${counted.map(({ kind, value }) => `${kind.name} ${rate(value)} a second`).join(", ")}, within ${span(Math.max(view.step, BUCKET))}`);
    if (counted.length) begin = from;
    if (lag[i] > 0 && !(lag[i - 1] > 0)) {
      let end = i, most = i;
      for (; end < view.columns && lag[end] > 0; end++) if (lag[end] > lag[most]) most = end;
      add("proxy", view.from + i * view.step, `kube-proxy's rules begin to lag, up to ${seconds(lag[most])} on ${names[lagNode[most]]}`);
    }
    if (use[i] >= FULL && !(use[i - 1] >= FULL)) add("table", view.from + i * view.step, `conntrack table of ${names[useNode[i]]} at ${percent(use[i])} of its limit`);
    else if (use[i] >= 0 && use[i] < FULL && use[i - 1] >= FULL) add("table", view.from + i * view.step, `every conntrack table below ${percent(FULL)} again`);
  }
  for (const { at, node, count } of failures) add("proxy", at, `${count} ${count === 1 ? "sync" : "syncs"} of kube-proxy failed on ${node} within 10 s`);
}
