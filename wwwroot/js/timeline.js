// The live timeline: lanes on one canvas, a second canvas above it for the crosshair, so that moving the mouse draws no data.
import { RateLane, SyncLane, UseLane } from "./counters.js";
import { drawCrosshair } from "./crosshair.js";
import { eventsOf } from "./events.js";
import { Gestures } from "./gestures.js";
import { isIncrement, readIncrement } from "./increment.js";
import { columnsIn, readView } from "./view.js";
import { label, readPaint } from "./paint.js";
import { CollapsedLane, ground, GapLane, ResetLane, RestartLane, ServiceLane } from "./lanes.js";
import { RolloutLane } from "./rollouts.js";
import { SpanLane } from "./spans.js";
import { TerminationLane } from "./terminations.js";
import { Tip } from "./tip.js";

const WIDE = 720, DAY = 86400000;
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];
const LOSSY_GAP_KINDS = [2, 3, 4, 5, 7]; // GapKind values during which resets may be missing from the count
// The names of the lanes, as in URLs (LaneChoice.cs), in the order in which they are drawn unless another one is chosen.
const LANES = ["findings", "actions", "settings", "rollouts", "pods", "restarts", "services", "resets", "counters", "proxy", "table", "gaps"];
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
    this.zone = options.zone;
    this.selection = selectionOf(options.selected);
    this.arranged = arrangedOf(options.lanes);
    this.colours = new Map();
    this.notes = { findings: [], actions: [], settings: [] };
    this.moved = null; // the range that a gesture shows, until its view arrives
    this.abort = new AbortController();
    [this.base, this.over] = host.querySelectorAll("canvas");
    this.readout = host.querySelector("[data-readout]");
    this.tip = new Tip(host.querySelector("[data-tip]"), ms => this.stamp(ms));
    this.paint = readPaint(host);
    const listen = (target, name, handler, more) => target.addEventListener(name, handler, { signal: this.abort.signal, ...more });
    listen(window, "themechange", () => { this.paint = readPaint(host); this.layout(); });
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
    const cursorMs = this.cursor === null || this.cursor === undefined ? null : this.msAt(this.cursor);
    this.view = view;
    if (!this.gestures.moves) this.moved = null;
    this.listEvents();
    this.incomplete = columnsIn(this.view, LOSSY_GAP_KINDS);
    this.partial = columnsIn(this.view, SILENT_GAP_KINDS);
    if (this.view.noData) this.incomplete.fill(1);
    // Where no node reported entries of any Service, resets were not reported either.
    for (let i = 0; i < this.view.columns && this.view.services.length; i++) {
      if (this.view.services.every(service => service.backends.every(backend => backend.entries[i] < 0))) this.incomplete[i] = 1;
    }
    // With the keyboard the crosshair follows its event; with the mouse it stays under the pointer.
    if (this.byKey && cursorMs !== null && this.geo) this.cursor = this.geo.x(cursorMs);
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.layout());
  }

  // What stands beside the view: findings and actions.
  note(notes) {
    this.notes = notes;
    if (!this.view) return;
    this.listEvents();
    this.layout();
  }

  // Which lanes are shown, in which order, and which of them are collapsed; null = all.
  arrange(lanes) {
    this.arranged = arrangedOf(lanes);
    if (!this.view) return;
    this.listEvents();
    this.layout();
  }

  listEvents() {
    const shown = new Set(this.arranged.map(lane => lane.name));
    this.events = eventsOf(this.view, this.notes, name => shown.has(name));
  }

  setZone(zone) { this.zone = zone; this.layout(); }

  select(selected) { this.selection = selectionOf(selected); this.layout(); }

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
    const view = this.view;
    if (!view || !this.width) return;
    const left = this.wide ? 180 : 8, right = this.wide ? 212 : 8;
    const plot = Math.max(50, this.width - left - right);
    const x = ms => left + (ms - this.range.from) / (this.range.to - this.range.from) * plot;
    this.geo = {
      left, right, plot, width: this.width, wide: this.wide, x,
      columnX: i => Math.max(left, Math.min(left + plot, x(view.from + i * view.step))),
    };
    const geo = this.geo;
    const ctx = this.base.getContext("2d");
    ctx.font = this.paint.font(12, 500);
    const measure = text => ctx.measureText(text).width;
    this.selection.number = view.rollouts.find(item => item.id === this.selection.rollout)?.number ?? null;
    const lanes = [];
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
    for (const canvas of [this.base, this.over]) {
      const ratio = window.devicePixelRatio || 1;
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
      canvas.style.height = `${this.height}px`;
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.drawBase();
    this.drawOver();
  }

  lanesOf(name, view, geo, measure) {
    switch (name) {
      case "findings": return [new SpanLane(view, geo, measure, "Findings", this.notes.findings, this.wide ? 5 : 3)];
      case "actions": return [new SpanLane(view, geo, measure, "Actions", this.notes.actions, this.wide ? 4 : 3)];
      case "settings": return [new SpanLane(view, geo, measure, "Settings changed", this.notes.settings, 3)];
      case "rollouts": return [new RolloutLane(view, geo, measure, this.selection)];
      case "pods": return [new TerminationLane(view, geo, measure, this.selection)];
      case "restarts": return view.restarts.length ? [new RestartLane(view, geo)] : [];
      case "services": return view.services.map(service => new ServiceLane(view, geo, service, (key, ip) => this.colourOf(key, ip), this.partial));
      case "resets": return [
        new ResetLane(view, geo, 0, "Resets, un-NATed", "", "reset-unnated", this.incomplete),
        new ResetLane(view, geo, 1, "Resets, from backend", "", "reset-backend", this.incomplete),
        new ResetLane(view, geo, 2, "Resets, other", "", "reset-other", this.incomplete)];
      case "counters": return view.counters ? [new RateLane(view, geo, this.partial)] : [];
      case "proxy": return view.counters ? [new SyncLane(view, geo)] : [];
      case "table": return view.counters ? [new UseLane(view, geo)] : [];
      default: return view.gaps.length ? [new GapLane(view, geo)] : [];
    }
  }

  drawBase() {
    const { view, geo, paint } = this;
    if (!geo) return;
    const ctx = this.base.getContext("2d");
    ctx.clearRect(0, 0, this.width, this.height);
    for (const lane of this.lanes) ground(ctx, geo, paint, lane);
    this.drawTime(ctx);
    if (view.now >= this.range.from && view.now <= this.range.to) {
      ctx.strokeStyle = paint.accent;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(Math.round(geo.x(view.now)) + .5, 24);
      ctx.lineTo(Math.round(geo.x(view.now)) + .5, this.height - 6);
      ctx.stroke();
    }
    for (const lane of this.lanes) lane.draw(ctx, geo, paint, view, this.selection);
  }

  drawTime(ctx) {
    const { geo, paint } = this, { from, to } = this.range, span = to - from;
    const wanted = span / Math.max(2, geo.plot / 110);
    const step = TICKS.map(s => s * 1000).find(s => s >= wanted) ?? TICKS.at(-1) * 1000;
    ctx.font = paint.font(11);
    // Ticks are aligned to whole hours and days of the displayed zone.
    const offset = this.zone === "local" ? -new Date(from).getTimezoneOffset() * 60000 : 0;
    let day = span > DAY || !this.isToday(from) ? "" : this.day(from);
    for (let at = Math.ceil((from + offset) / step) * step - offset; at <= to; at += step) {
      const x = Math.round(geo.x(at)) + .5;
      ctx.strokeStyle = paint.line;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(x, 24);
      ctx.lineTo(x, this.height - 6);
      ctx.stroke();
      // The date is shown where a day begins, and at the first tick of a range that does not start today.
      const text = step >= DAY ? this.day(at) : this.day(at) !== day ? `${this.day(at)} ${this.time(at, step >= 60000)}` : this.time(at, step >= 60000);
      day = this.day(at);
      label(ctx, paint, text, x, 18, paint.muted, x < geo.left + 34 ? "left" : x > this.width - 36 ? "right" : "center");
    }
    ctx.fillStyle = paint.muted;
    if (this.wide) ctx.fillText(this.zone === "local" ? "local time" : "UTC", 16, 18);
  }

  drawOver() {
    const { geo, paint, cursor } = this;
    if (!geo) return;
    const ctx = this.over.getContext("2d");
    ctx.clearRect(0, 0, this.width, this.height);
    if (this.gestures.selected) {
      const [from, to] = this.gestures.selected;
      ctx.fillStyle = paint.accent;
      ctx.globalAlpha = .18;
      ctx.fillRect(from, 24, to - from, this.height - 30);
      ctx.globalAlpha = 1;
    }
    if (cursor !== null && cursor !== undefined && cursor >= geo.left && cursor <= geo.left + geo.plot) drawCrosshair(ctx, this, cursor);
  }

  get range() { return this.moved ?? this.view; }

  msAt(x) {
    const { geo, range } = this;
    return range.from + (x - geo.left) / geo.plot * (range.to - range.from);
  }

  time(ms, short) {
    const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: this.zone === "local" ? undefined : "UTC" };
    if (!short) form.second = "2-digit";
    return new Intl.DateTimeFormat("en-GB", form).format(ms);
  }

  day(ms) {
    return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: this.zone === "local" ? undefined : "UTC" }).format(ms);
  }

  isToday(ms) { return this.day(ms) === this.day(this.view.now) && Math.abs(this.view.now - ms) < DAY; }

  // A full timestamp: with the date if it is not today, always with the zone.
  stamp(ms) {
    return `${this.isToday(ms) ? "" : this.day(ms) + " "}${this.time(ms, false)}${this.zone === "local" ? " local" : "Z"}`;
  }

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
    this.drawBase();
    this.drawOver();
  }

  choose({ from, to }) {
    if (to > from) this.call("RangeChosen", from, to);
  }

  // y: null while something is dragged.
  pointed(x, y = null) {
    this.cursor = x;
    this.byKey = false;
    this.drawOver();
    const column = this.columnAt(x), tip = y === null ? null : this.laneAt(y)?.tip?.(x, y, column, this.geo, this.view) ?? null;
    if (tip) this.tip.show(tip, { x, y }, this.width);
    else this.tip.hide();
    if (y !== null) this.over.style.cursor = this.pick(x, y) ? "pointer" : x > this.geo.left && x < this.geo.left + this.geo.plot ? "crosshair" : "default";
  }

  left() {
    if (this.byKey) return;
    this.cursor = null;
    this.tip.hide();
    this.drawOver();
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

  columnAt(x) { return Math.max(0, Math.min(this.view.columns - 1, Math.floor((this.msAt(x) - this.view.from) / this.view.step))); }

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
    this.drawOver();
    this.tip.show({ title: next.text, lines: [{ at: next.at, text: hint }] }, { x: this.cursor, y: 16 }, this.width);
  }
}
