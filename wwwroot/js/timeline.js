// The live timeline: lanes on one canvas, a second canvas above it for the crosshair, so that moving the mouse draws no data.
import { Clock } from "./canvas/clock.js";
import { Geometry } from "./canvas/geometry.js";
import { drawGrid } from "./canvas/grid.js";
import { Layers } from "./canvas/layer.js";
import { ResetLane } from "./canvas/resets.js";
import { ServiceLane } from "./canvas/services.js";
import { RateLane, SyncLane, UseLane } from "./counters.js";
import { drawCrosshair } from "./crosshair.js";
import { eventsOf } from "./events.js";
import { Gestures } from "./gestures.js";
import { isIncrement, readIncrement } from "./increment.js";
import { columnsIn, readView } from "./view.js";
import { readPaint, widthOf } from "./paint.js";
import { CollapsedLane, ground, GapLane, RestartLane } from "./lanes.js";
import { RolloutLane } from "./rollouts.js";
import { SpanLane } from "./spans.js";
import { TerminationLane } from "./terminations.js";
import { Tip } from "./tip.js";

const WIDE = 720;
const LOSSY_GAP_KINDS = [2, 3, 4, 5, 7]; // GapKind values during which resets may be missing from the count
// The names of the lanes, as in URLs (LaneChoice.cs), in the order in which they are drawn unless another one is chosen.
const LANES = ["findings", "actions", "settings", "rollouts", "pods", "restarts", "services", "resets", "counters", "proxy", "table", "gaps"];
const RESETS = [["Resets, un-NATed", "reset-unnated"], ["Resets, from backend", "reset-backend"], ["Resets, other", "reset-other"]];
const SILENT_GAP_KINDS = [3, 4, 5]; // GapKind values during which the entries of a node are not known

export function create(host, dotnet, options) {
  return new Timeline(host, dotnet, options);
}

const arrangedOf = lanes => lanes ?? LANES.map(name => ({ name, collapsed: false }));

// The selection of the page: an address, a termination, a rollout.
function selectionOf(selected) {
  return {
    ip: selected?.ip ?? null, uid: selected?.uid ?? null, rollout: selected?.rollout ?? null, number: null,
    has(span) { return this.uid ? span.uid === this.uid : span.ip !== "" && span.ip === this.ip; },
    inRollout(span) { return this.number !== null && span.rollout === this.number; },
  };
}

class Timeline {
  constructor(host, dotnet, options) {
    this.host = host;
    this.dotnet = dotnet;
    this.clock = new Clock(options.zone);
    this.selection = selectionOf(options.selected);
    this.arranged = arrangedOf(options.lanes);
    this.colours = new Map();
    this.layers = new Layers();
    this.notes = { findings: [], actions: [], settings: [] };
    this.moved = null; // the range that a gesture shows, until its view arrives
    this.abort = new AbortController();
    [this.base, this.over] = host.querySelectorAll("canvas");
    this.readout = host.querySelector("[data-readout]");
    this.tip = new Tip(host.querySelector("[data-tip]"), ms => this.stamp(ms));
    this.paint = readPaint(this.host);
    const listen = (target, name, handler, more) => target.addEventListener(name, handler, { signal: this.abort.signal, ...more });
    listen(window, "themechange", () => { this.paint = readPaint(this.host); this.layoutSoon(); });
    this.gestures = new Gestures(this, this.over, this.abort.signal);
    listen(host, "keydown", event => this.keyDown(event));
    listen(host, "blur", () => { this.byKey = false; this.tip.hide(); });
    this.resize = new ResizeObserver(() => {
      clearTimeout(this.resizing);
      this.resizing = setTimeout(() => { if (this.measure()) { this.layout(); this.call("Resized", this.plotWidth()); } }, 120);
    });
    this.resize.observe(host);
    this.measure();
  }

  // Width of the plot: the page requests at most one column per pixel.
  plotWidth() {
    return Math.round(this.width - (this.wide ? 180 + 212 : 16));
  }

  dispose() {
    this.abort.abort();
    this.resize.disconnect();
    this.gestures.dispose();
    clearTimeout(this.resizing);
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.overFrame);
  }

  call(name, ...values) {
    this.dotnet.invokeMethodAsync(name, ...values).catch(() => { /* the circuit is lost; a banner is shown */ });
  }

  // Takes a view, or what changed since the view that it has. Returns which version it has then: the page knows which one to send next.
  draw(bytes) {
    const view = isIncrement(bytes) ? readIncrement(bytes, this.view) : readView(bytes);
    if (view) this.show(view);
    return this.view?.version ?? 0;
  }

  show(view) {
    this.view = view;
    if (!this.gestures.moves) this.moved = null;
    this.incomplete = columnsIn(this.view, LOSSY_GAP_KINDS);
    this.partial = columnsIn(this.view, SILENT_GAP_KINDS);
    if (this.view.noData) this.incomplete.fill(1);
    // Where no node reported entries of any Service, resets were not reported either.
    for (let i = 0; i < this.view.columns && this.view.services.length; i++) {
      if (this.view.services.every(service => service.backends.every(backend => backend.entries[i] < 0))) this.incomplete[i] = 1;
    }
    this.changed();
  }

  // What stands beside the view: findings and actions.
  note(notes) {
    this.notes = notes;
    this.changed();
  }

  // Which lanes are shown, in which order, and which of them are collapsed; null = all.
  arrange(lanes) {
    this.arranged = arrangedOf(lanes);
    this.changed();
  }

  setZone(zone) { this.clock = new Clock(zone); this.layoutSoon(); }

  select(selected) { this.selection = selectionOf(selected); this.layoutSoon(); }

  changed() {
    this.listed = null;
    this.layoutSoon();
  }

  // Several changes before a frame are one layout.
  layoutSoon() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.layout());
  }

  // For the arrow keys: listed when one is pressed, not with every view.
  get events() {
    if (!this.listed) {
      const shown = new Set(this.arranged.map(lane => lane.name));
      this.listed = eventsOf(this.view, this.notes, name => shown.has(name));
    }
    return this.listed;
  }

  measure() {
    const width = this.host.clientWidth;
    const changed = width !== this.width && width > 0;
    this.width = width;
    this.wide = width >= WIDE;
    return changed;
  }

  colourOf(service, ip) {
    let known = this.colours.get(service);
    if (!known) this.colours.set(service, known = new Map());
    if (!known.has(ip)) known.set(ip, known.size % 6);
    return known.get(ip);
  }

  layout() {
    cancelAnimationFrame(this.frame);
    const view = this.view;
    if (!view || !this.width) return;
    const ratio = window.devicePixelRatio || 1;
    if (ratio !== this.paint.ratio) this.paint = readPaint(this.host);
    const geo = this.geo = new Geometry(view, this.width, this.wide, ratio);
    geo.show(this.range);
    // With the keyboard the crosshair follows its event; with the mouse it stays under the pointer.
    if (this.byKey) this.cursor = geo.x(this.event.at);
    const ctx = this.base.getContext("2d"), measure = text => widthOf(ctx, text);
    ctx.font = this.paint.font(12, 500);
    this.selection.number = view.rollouts.find(item => item.id === this.selection.rollout)?.number ?? null;
    const lanes = [];
    this.layers.begin();
    for (const { name, collapsed } of this.arranged) {
      const own = this.lanesOf(name, view, geo, measure).filter(lane => !lane.empty);
      lanes.push(...(collapsed && own.length ? [new CollapsedLane(geo, name, own)] : own));
    }
    let y = 30;
    for (const lane of lanes) {
      y += this.wide ? 8 : 22;
      lane.y = y;
      y += lane.h;
    }
    this.lanes = lanes;
    this.height = y + 6;
    this.host.style.height = `${this.height}px`;
    this.host.style.minHeight = "0";
    for (const canvas of [this.base, this.over]) this.size(canvas, Math.round(this.width * ratio), Math.round(this.height * ratio));
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawBase();
    this.drawOver();
  }

  // A canvas that gets its size again loses its picture and its memory.
  size(canvas, width, height) {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    canvas.style.height = `${this.height}px`;
  }

  lanesOf(name, view, geo, measure) {
    switch (name) {
      case "findings": return [new SpanLane(view, geo, measure, "Findings", this.notes.findings, this.wide ? 5 : 3)];
      case "actions": return [new SpanLane(view, geo, measure, "Actions", this.notes.actions, this.wide ? 4 : 3)];
      case "settings": return [new SpanLane(view, geo, measure, "Settings changed", this.notes.settings, 3)];
      case "rollouts": return [new RolloutLane(view, geo, measure, this.selection)];
      case "pods": return [new TerminationLane(view, geo, measure, this.selection)];
      case "restarts": return view.restarts.length ? [new RestartLane(view, geo)] : [];
      case "services": return view.services.map(service => new ServiceLane(view, geo, service, (key, ip) => this.colourOf(key, ip), this.partial, this.layers.of(`service ${service.key}`)));
      case "resets": return RESETS.map(([title, colour], kind) => new ResetLane(view, geo, kind, title, colour, this.incomplete, this.layers.of(title)));
      case "counters": return view.counters ? [new RateLane(view, geo, this.partial)] : [];
      case "proxy": return view.counters ? [new SyncLane(view, geo)] : [];
      case "table": return view.counters ? [new UseLane(view, geo)] : [];
      default: return view.gaps.length ? [new GapLane(view, geo)] : [];
    }
  }

  // Lanes are drawn with the view that they are of: the next one may have arrived.
  drawBase() {
    const { geo, paint } = this;
    if (!geo) return;
    const { view } = geo, ctx = this.base.getContext("2d");
    ctx.save(); // A picture does not depend on how the one before it ended.
    ctx.clearRect(0, 0, this.width, this.height);
    for (const lane of this.lanes) ground(ctx, geo, paint, lane);
    drawGrid(ctx, geo, paint, this.clock, view.now, this.height);
    for (const lane of this.lanes) lane.draw(ctx, geo, paint, view, this.selection);
    ctx.restore();
  }

  drawOverSoon() { this.overFrame ??= requestAnimationFrame(() => this.drawOver()); }

  drawOver() {
    cancelAnimationFrame(this.overFrame);
    this.overFrame = undefined;
    const { geo, paint, cursor } = this;
    if (!geo) return;
    const { selected } = this.gestures, isCrossed = cursor !== null && cursor !== undefined && cursor >= geo.left && cursor <= geo.left + geo.plot;
    // A canvas that was never drawn on has no memory yet.
    if (!isCrossed && !selected && !this.isOver) return;
    this.isOver = isCrossed || selected !== null;
    const ctx = this.over.getContext("2d");
    ctx.setTransform(geo.ratio, 0, 0, geo.ratio, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    if (selected) {
      const [from, to] = selected;
      ctx.fillStyle = paint.accent;
      ctx.globalAlpha = .18;
      ctx.fillRect(from, 24, to - from, this.height - 30);
      ctx.globalAlpha = 1;
    }
    if (isCrossed) drawCrosshair(ctx, this, cursor);
  }

  get range() { return this.moved ?? this.view; }

  msAt(x) { return this.geo.msAt(x); }

  stamp(ms) { return this.clock.stamp(ms, this.view.now); }

  place(event) {
    const box = this.over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  focused() {
    this.host.focus({ preventScroll: true });
    this.byKey = false;
  }

  // Shows another range than the view's; null = the view's.
  preview(range) {
    this.moved = range;
    this.geo?.show(range ?? this.geo.view);
    this.drawBase();
    this.drawOverSoon();
  }

  choose({ from, to }) {
    if (to > from) this.call("RangeChosen", from, to);
  }

  // y: null while something is dragged.
  pointed(x, y = null) {
    this.cursor = x;
    this.byKey = false;
    this.drawOverSoon();
    const tip = y === null ? null : this.laneAt(y)?.tip?.(x, y, this.columnAt(x), this.geo, this.geo.view) ?? null;
    if (tip) this.tip.show(tip, { x, y }, this.width);
    else this.tip.hide();
    if (y !== null) this.over.style.cursor = this.pick(x, y) ? "pointer" : x > this.geo.left && x < this.geo.left + this.geo.plot ? "crosshair" : "default";
  }

  left() {
    if (this.byKey) return;
    this.cursor = null;
    this.tip.hide();
    this.drawOverSoon();
  }

  clicked(x, y) {
    const hit = this.pick(x, y);
    if (hit) this.open(hit);
  }

  open(hit) {
    if (hit.lane) this.call("LaneExpanded", hit.lane);
    else if (hit.href) this.call("SpanPicked", hit.href);
    else if (hit.rollout) this.call("RolloutPicked", hit.rollout);
    else this.call("Picked", hit.ip ?? "", hit.uid ?? null);
  }

  columnAt(x) { return this.columnOf(this.msAt(x)); }

  columnOf(ms) { const { view } = this.geo; return Math.max(0, Math.min(view.columns - 1, Math.floor((ms - view.from) / view.step))); }

  // With the keyboard the time of its event: by way of the pixels it may be a second earlier.
  crossedAt(x) { return this.byKey ? this.event.at : this.msAt(x); }

  laneAt(y) { return this.lanes.find(lane => y >= lane.y - (lane.above ?? 2) && y <= lane.y + lane.h + 2); }

  pick(x, y) { return this.laneAt(y)?.hit(x, y, this.columnAt(x), this.geo) ?? null; }

  keyDown(event) {
    if (!this.geo || !["ArrowLeft", "ArrowRight", "Enter"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Enter") {
      if (this.event?.choice) this.open(this.event.choice);
      return;
    }
    if (!this.events.length) { this.readout.textContent = "No events in this range."; return; }
    const at = this.event?.at ?? (event.key === "ArrowRight" ? -Infinity : Infinity);
    const index = this.events.findIndex(item => item.id === this.event?.id);
    let next;
    if (index >= 0) next = this.events[index + (event.key === "ArrowRight" ? 1 : -1)];
    else if (event.key === "ArrowRight") next = this.events.find(item => item.at > at);
    else next = [...this.events].reverse().find(item => item.at < at);
    if (!next) return;
    this.event = next;
    this.byKey = true;
    this.cursor = this.geo.x(next.at);
    const hint = !next.choice ? "" : next.choice.href ? "Enter opens its page" : next.choice.rollout ? "Enter selects the rollout" : "Enter opens the pod";
    this.readout.textContent = `${this.stamp(next.at)} ${next.text}${hint ? ` – ${hint}` : ""}`;
    this.drawOverSoon();
    this.tip.show({ title: next.text, lines: [{ at: next.at, text: hint }] }, { x: this.cursor, y: 16 }, this.width);
  }
}
