// The live timeline: lanes on one canvas, a second canvas above it for the crosshair, so that moving the mouse draws no data.
import { isIncrement, readIncrement } from "./increment.js";
import { columnsIn, readView } from "./view.js";
import { fit, label, readPaint } from "./paint.js";
import { ground, GapLane, ResetLane, RestartLane, ServiceLane } from "./lanes.js";
import { RolloutLane, rolloutText } from "./rollouts.js";
import { selectionOf } from "./selection.js";
import { phasesOf } from "./symbols.js";
import { TerminationLane } from "./terminations.js";

const WIDE = 720, DAY = 86400000;
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];
const LOSSY_GAP_KINDS = [2, 3, 4, 5, 7]; // GapKind values during which resets may be missing from the count
const SILENT_GAP_KINDS = [3, 4, 5]; // GapKind values during which the entries of a node are not known

export function create(host, dotnet, options) {
  return new Timeline(host, dotnet, options);
}

class Timeline {
  constructor(host, dotnet, options) {
    this.host = host;
    this.dotnet = dotnet;
    this.zone = options.zone;
    this.selection = selectionOf(options.selected);
    this.colours = new Map();
    this.shift = 0;
    this.abort = new AbortController();
    [this.base, this.over] = host.querySelectorAll("canvas");
    this.readout = host.querySelector("[data-readout]");
    this.paint = readPaint(host);
    const listen = (target, name, handler, more) => target.addEventListener(name, handler, { signal: this.abort.signal, ...more });
    listen(window, "themechange", () => { this.paint = readPaint(host); this.layout(); });
    listen(this.over, "pointerdown", event => this.pointerDown(event));
    listen(this.over, "pointermove", event => this.pointerMove(event));
    listen(this.over, "pointerup", event => this.pointerUp(event));
    listen(this.over, "pointercancel", () => { this.drag = null; this.shift = 0; this.drawBase(); this.drawOver(); });
    listen(this.over, "pointerleave", () => { if (!this.drag && !this.byKey) { this.cursor = null; this.drawOver(); } });
    listen(this.over, "dblclick", () => this.call("ZoomedOut"));
    listen(host, "keydown", event => this.keyDown(event));
    listen(host, "blur", () => { this.byKey = false; });
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
    if (this.drag?.kind !== "pan") this.shift = 0;
    this.events = collectEvents(this.view);
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
    this.geo = {
      left, right, width: this.width, wide: this.wide,
      x: ms => left + (ms - view.from + this.shift) / (view.to - view.from) * plot,
      columnX: i => Math.max(left, Math.min(left + plot, left + (i * view.step + this.shift) / (view.to - view.from) * plot)),
    };
    const geo = this.geo;
    const ctx = this.base.getContext("2d");
    ctx.font = this.paint.font(12, 500);
    const measure = text => ctx.measureText(text).width;
    this.selection.number = view.rollouts.find(item => item.id === this.selection.rollout)?.number ?? null;
    const rollouts = new RolloutLane(view, geo, measure, this.selection);
    const lanes = rollouts.empty ? [] : [rollouts];
    lanes.push(new TerminationLane(view, geo, measure, this.selection), ...(view.restarts.length ? [new RestartLane(view, geo)] : []));
    const colourOf = (service, ip) => this.colourOf(service, ip);
    for (const service of view.services) lanes.push(new ServiceLane(view, geo, service, colourOf, this.partial));
    lanes.push(
      new ResetLane(view, geo, 0, "Resets, un-NATed", "", "reset-unnated", this.incomplete),
      new ResetLane(view, geo, 1, "Resets, from backend", "", "reset-backend", this.incomplete),
      new ResetLane(view, geo, 2, "Resets, other", "", "reset-other", this.incomplete));
    if (view.gaps.length) lanes.push(new GapLane(view, geo));
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

  drawBase() {
    const { view, geo, paint } = this;
    if (!geo) return;
    const ctx = this.base.getContext("2d");
    ctx.clearRect(0, 0, this.width, this.height);
    for (const lane of this.lanes) ground(ctx, geo, paint, lane);
    this.drawTime(ctx);
    if (view.now >= view.from && view.now <= view.to) {
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
    const { view, geo, paint } = this;
    const span = view.to - view.from, plot = this.width - geo.left - geo.right;
    const wanted = span / Math.max(2, plot / 110);
    const step = TICKS.map(s => s * 1000).find(s => s >= wanted) ?? TICKS.at(-1) * 1000;
    ctx.font = paint.font(11);
    // Ticks are aligned to whole hours and days of the displayed zone.
    const offset = this.zone === "local" ? -new Date(view.from).getTimezoneOffset() * 60000 : 0;
    let day = span > DAY || !this.isToday(view.from) ? "" : this.day(view.from);
    for (let at = Math.ceil((view.from - this.shift + offset) / step) * step - offset; at <= view.to - this.shift; at += step) {
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
    const { view, geo, paint } = this;
    if (!geo) return;
    const ctx = this.over.getContext("2d");
    ctx.clearRect(0, 0, this.width, this.height);
    if (this.drag?.kind === "zoom" && Math.abs(this.drag.x - this.drag.start) > 4) {
      ctx.fillStyle = paint.accent;
      ctx.globalAlpha = .18;
      ctx.fillRect(Math.min(this.drag.start, this.drag.x), 24, Math.abs(this.drag.x - this.drag.start), this.height - 30);
      ctx.globalAlpha = 1;
    }
    if (this.cursor === null || this.cursor === undefined || this.cursor < geo.left || this.cursor > this.width - geo.right) return;
    const x = Math.round(this.cursor) + .5, at = this.msAt(this.cursor);
    const column = Math.max(0, Math.min(view.columns - 1, Math.floor((at - view.from) / view.step)));
    ctx.strokeStyle = paint.text;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(x, 24);
    ctx.lineTo(x, this.height - 6);
    ctx.stroke();
    this.drawPill(ctx, this.stamp(at), x);
    for (const lane of this.lanes) this.drawValues(ctx, lane, lane.values(column, view), x);
  }

  drawPill(ctx, text, x) {
    ctx.font = this.paint.font(11, 600);
    const width = ctx.measureText(text).width + 12;
    const left = Math.max(2, Math.min(this.width - width - 2, x - width / 2));
    ctx.fillStyle = this.paint.text;
    ctx.beginPath();
    ctx.roundRect(left, 5, width, 19, 4);
    ctx.fill();
    ctx.fillStyle = this.paint.surface;
    ctx.fillText(text, left + 6, 18);
  }

  drawValues(ctx, lane, values, x) {
    if (!values.length) return;
    const paint = this.paint, line = 15;
    const maxLines = Math.max(1, Math.floor((lane.h + 6) / line));
    const shown = values.length > maxLines ? [...values.slice(0, maxLines - 1), { text: `+${values.length - maxLines + 1} more` }] : values;
    ctx.font = paint.font(11);
    const maxWidth = Math.min(320, Math.max(x - this.geo.left, this.width - x) - 40);
    const lines = shown.map(value => fit(ctx, value.text, maxWidth, "end"));
    const width = Math.max(...lines.map(text => ctx.measureText(text).width)) + 26;
    const left = x + width + 12 < this.width - (this.wide ? this.geo.right : 4) || x - width - 8 < 0 ? x + 8 : x - width - 8;
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

  msAt(x) {
    const { view, geo } = this;
    return view.from - this.shift + (x - geo.left) / (this.width - geo.left - geo.right) * (view.to - view.from);
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

  pointerDown(event) {
    if (!this.geo || event.button !== 0) return;
    const [x, y] = this.place(event);
    this.host.focus({ preventScroll: true });
    this.byKey = false;
    // Touch pans; a mouse selects a range to zoom into, or pans with Shift.
    const kind = event.pointerType === "touch" || event.shiftKey ? "pan" : "zoom";
    this.drag = { kind, start: x, x, y };
    try { this.over.setPointerCapture(event.pointerId); } catch { /* synthetic pointer event */ }
    this.cursor = x;
    this.drawOver();
  }

  pointerMove(event) {
    if (!this.geo) return;
    const [x, y] = this.place(event);
    this.cursor = x;
    this.byKey = false;
    if (this.drag) {
      this.drag.x = x;
      if (this.drag.kind === "pan" && Math.abs(x - this.drag.start) > 6) {
        this.shift = (x - this.drag.start) / (this.width - this.geo.left - this.geo.right) * (this.view.to - this.view.from);
        this.drawBase();
      }
    } else {
      const column = Math.floor((this.msAt(x) - this.view.from) / this.view.step);
      this.over.style.cursor = this.pick(x, y, column) ? "pointer" : x > this.geo.left && x < this.width - this.geo.right ? "crosshair" : "default";
    }
    this.drawOver();
  }

  pointerUp(event) {
    const drag = this.drag;
    this.drag = null;
    if (!drag || !this.geo) return;
    const [x, y] = this.place(event);
    if (Math.abs(x - drag.start) <= 6) {
      const hit = this.pick(x, y, Math.floor((this.msAt(x) - this.view.from) / this.view.step));
      if (hit) this.choose(hit);
    } else if (drag.kind === "pan") {
      this.call("RangeChosen", this.view.from - this.shift, this.view.to - this.shift);
    } else {
      const from = this.msAt(Math.max(this.geo.left, Math.min(x, drag.start)));
      const to = this.msAt(Math.min(this.width - this.geo.right, Math.max(x, drag.start)));
      if (to > from) this.call("RangeChosen", from, to);
    }
    this.drawOver();
  }

  choose(hit) {
    if (hit.rollout) this.call("RolloutPicked", hit.rollout);
    else this.call("Picked", hit.ip ?? "", hit.uid ?? null);
  }

  pick(x, y, column) {
    const lane = this.lanes.find(candidate => y >= candidate.y - 2 && y <= candidate.y + candidate.h + 2);
    return lane?.hit(x, y, Math.max(0, Math.min(this.view.columns - 1, column)), this.geo) ?? null;
  }

  keyDown(event) {
    if (!this.geo || !["ArrowLeft", "ArrowRight", "Enter"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Enter") {
      if (this.event?.choice) this.choose(this.event.choice);
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
    this.readout.textContent = `${this.stamp(next.at)} ${next.text}${next.choice ? next.choice.rollout ? " – Enter selects the rollout" : " – Enter opens the pod" : ""}`;
    this.drawOver();
  }
}

function collectEvents(view) {
  const events = [];
  const add = (at, text, choice = null) => { if (at >= view.from && at <= view.to) events.push({ id: `${at} ${text}`, at, text, choice }); };
  for (const item of view.rollouts) {
    const choice = { rollout: item.id };
    add(item.started, `rollout ${item.label} started`, choice);
    if (item.surged !== null) add(item.surged, `rollout ${item.label}: first new pod ready`, choice);
    if (item.stuck !== null) add(item.stuck, `rollout ${item.label} is stuck`, choice);
    if (item.closed !== null) add(item.closed, rolloutText(item), choice);
  }
  for (const span of view.terminations) {
    for (const phase of phasesOf(span)) {
      const more = phase.key === "requested" ? ` (${span.causeName})` : phase.key === "finished" && span.exitText ? ` (${span.exitText})` : "";
      add(phase.at, `${span.pod}: ${phase.text}${more}`, { ip: span.ip, uid: span.uid });
    }
  }
  ["un-NATed", "from backend", "other"].forEach((kind, index) => view.resets[index].forEach((count, column) => {
    if (count > 0) add(view.from + (column + .5) * view.step, `${count} ${count === 1 ? "reset" : "resets"}, ${kind}`);
  }));
  for (const restart of view.restarts) add(restart.at, restart.text, restart.ip ? { ip: restart.ip } : null);
  for (const gap of view.gaps) add(gap.from, `gap ${gap.node ? "on " + gap.node : ""}: ${gap.text}`);
  return events.sort((a, b) => a.at - b.at);
}
