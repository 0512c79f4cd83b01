// Mouse, touch and wheel on the timeline. A mouse selects a range to zoom into, or pans with Shift; a finger pans, two zoom. The wheel zooms with
// Ctrl, as which browsers report the pinch of a trackpad: without it the page scrolls.
const MOVED = 6; // pixels: less is a click
const SETTLED = 250; // ms after the last turn of the wheel
const MIN_SPAN = 10000;
const APART = 24; // pixels between two fingers

export class Gestures {
  constructor(chart, target, signal) {
    this.chart = chart;
    this.target = target;
    this.fingers = new Map();
    const listen = (name, handler, more) => target.addEventListener(name, handler, { signal, ...more });
    listen("pointerdown", event => this.down(event));
    listen("pointermove", event => this.move(event));
    listen("pointerup", event => this.up(event));
    listen("pointercancel", event => this.cancel(event));
    listen("pointerleave", () => { if (!this.drag) chart.left(); });
    listen("dblclick", () => chart.call("ZoomedOut"));
    listen("wheel", event => this.wheel(event), { passive: false });
  }

  // Whether the timeline shows another range than its view until the gesture ends.
  get moves() { return this.wheeling !== undefined || (this.drag && this.drag.kind !== "select"); }

  // Of the selected range in pixels, or null.
  get selected() {
    return this.drag?.kind === "select" && Math.abs(this.drag.x - this.drag.start) > 4 ? [Math.min(this.drag.start, this.drag.x), Math.max(this.drag.start, this.drag.x)] : null;
  }

  dispose() { clearTimeout(this.wheeling); }

  down(event) {
    const { chart } = this;
    if (!chart.geo || event.button !== 0) return;
    const [x] = chart.place(event);
    chart.focused();
    try { this.target.setPointerCapture(event.pointerId); } catch { /* synthetic pointer event */ }
    if (event.pointerType === "touch") this.fingers.set(event.pointerId, x);
    if (this.fingers.size === 2) {
      const held = [...this.fingers].map(([id, at]) => ({ id, ms: chart.msAt(at) }));
      this.drag = { kind: "pinch", held, moved: true };
    } else {
      this.drag = { kind: event.pointerType === "touch" || event.shiftKey ? "pan" : "select", start: x, x, range: chart.range };
    }
    chart.pointed(x);
  }

  move(event) {
    const { chart, drag } = this;
    if (!chart.geo) return;
    const [x, y] = chart.place(event);
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, x);
    if (drag?.kind === "pinch") this.pinch(drag);
    else if (drag) {
      drag.x = x;
      drag.moved ||= Math.abs(x - drag.start) > MOVED;
      if (drag.kind === "pan" && drag.moved) {
        const { from, to } = drag.range, by = (x - drag.start) / chart.geo.plot * (to - from);
        chart.preview({ from: from - by, to: to - by });
      }
    }
    chart.pointed(x, drag ? null : y);
  }

  // What each finger held stays under it.
  pinch(drag) {
    const { geo } = this.chart, [a, b] = drag.held.map(({ id, ms }) => ({ ms, x: this.fingers.get(id) })).sort((one, other) => one.ms - other.ms);
    if (a.x === undefined || b.x === undefined || b.x - a.x < APART || b.ms <= a.ms) return;
    const scale = Math.max((b.ms - a.ms) / (b.x - a.x), MIN_SPAN / geo.plot), from = a.ms - (a.x - geo.left) * scale;
    this.chart.preview({ from, to: from + geo.plot * scale });
  }

  up(event) {
    const { chart, drag } = this;
    this.fingers.delete(event.pointerId);
    this.drag = null;
    if (!drag || !chart.geo) return;
    const [x, y] = chart.place(event);
    if (!drag.moved) chart.clicked(x, y);
    else if (drag.kind !== "select") chart.choose(chart.range);
    else {
      const { left, plot } = chart.geo, at = px => chart.msAt(Math.max(left, Math.min(left + plot, px)));
      chart.choose({ from: at(Math.min(x, drag.start)), to: at(Math.max(x, drag.start)) });
    }
    chart.pointed(x);
  }

  cancel(event) {
    this.fingers.delete(event.pointerId);
    this.drag = null;
    this.chart.preview(null);
  }

  wheel(event) {
    const { chart } = this;
    if (!chart.geo || !event.ctrlKey) return;
    event.preventDefault();
    const [x] = chart.place(event), at = chart.msAt(x), { from, to } = chart.range;
    const scale = Math.max(Math.exp(Math.max(-.5, Math.min(.5, event.deltaY / 250))), MIN_SPAN / (to - from));
    chart.preview({ from: at - (at - from) * scale, to: at + (to - at) * scale });
    clearTimeout(this.wheeling);
    this.wheeling = setTimeout(() => { this.wheeling = undefined; chart.choose(chart.range); }, SETTLED);
  }
}
