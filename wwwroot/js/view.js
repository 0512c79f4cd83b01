// Decodes the byte[] that Components/Controls/Timeline/ViewBytes.cs encodes. Change both files together. What changed in a view since the one
// before is another form, see increment.js.
const MAGIC = 0x34565443; // "CTV4"

export const STATES = ["active", "draining", "stale", "reassigned", "closing", "unknown", "untranslated", "left the Service", "not ready"];

// A 1 for each column that a gap of these kinds touches.
export function columnsIn(view, kinds) {
  const columns = new Uint8Array(view.columns);
  for (const gap of view.gaps) {
    if (!kinds.includes(gap.kind)) continue;
    const from = Math.max(0, Math.floor((gap.from - view.from) / view.step));
    columns.fill(1, Math.min(from, view.columns), Math.max(0, Math.min(view.columns, Math.ceil((gap.to - view.from) / view.step))));
  }
  return columns;
}

// The parts of which both forms consist.
export class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.text = new TextDecoder();
    this.at = 4;
  }

  get magic() { return this.data.getUint32(0, true); }

  u8() { return this.data.getUint8(this.at++); }

  f64() { const value = this.data.getFloat64(this.at, true); this.at += 8; return value; }

  varint() {
    let value = 0, scale = 1, next;
    do { next = this.u8(); value += (next & 0x7f) * scale; scale *= 128; } while (next >= 0x80);
    return value;
  }

  signed() { const value = this.varint(); return value % 2 ? -(value + 1) / 2 : value / 2; }

  str() { const length = this.varint(); const part = this.bytes.subarray(this.at, this.at + length); this.at += length; return this.text.decode(part); }

  time() { const value = this.f64(); return Number.isNaN(value) ? null : value; }

  list(read) { return Array.from({ length: this.varint() }, read); }

  head() {
    const view = { version: this.f64(), from: this.f64(), step: this.f64(), now: this.f64(), columns: this.varint(), flags: this.u8(), hidden: this.varint() };
    view.live = (view.flags & 1) !== 0;
    view.noData = (view.flags & 2) !== 0; // no data is stored for this range
    view.to = view.from + view.step * view.columns;
    return view;
  }

  // Fills the columns from one on.
  columns(values, from) {
    for (let i = from; i < values.length;) {
      const value = this.signed(), run = this.varint();
      values.fill(value, i, i + run);
      i += run;
    }
    return values;
  }

  laneHead() { return { key: this.str(), title: this.str(), address: this.str() }; }

  backendHead() { return { ip: this.str(), label: this.str(), state: STATES[this.u8()] }; }

  rollout() {
    return {
      id: this.str(), label: this.str(), space: this.str(), state: this.u8(), rollback: this.u8() === 1, started: this.f64(), surged: this.time(), stuck: this.time(), closed: this.time(),
    };
  }

  termination() {
    const text = () => this.str(), time = () => this.time();
    return {
      uid: text(), pod: text(), ip: text(), node: text(), cause: text(), causeName: text(), rollout: this.varint(), started: this.f64(), over: time(),
      requested: time(), notReady: time(), terminating: time(), removed: time(), rulesFirst: time(), rulesLast: time(), stop: time(),
      finished: time(), deleted: time(), reused: time(), grace: time(), exit: this.u8(), exitText: text(), stale: this.varint(),
    };
  }

  gap() { return { node: this.str(), kind: this.u8(), text: this.str(), from: this.f64(), to: this.f64() }; }

  failure() { return { at: this.f64(), node: this.str(), count: this.varint() }; }

  restart() { return { at: this.f64(), kind: this.u8(), ip: this.str(), text: this.str() }; }
}

export function readView(bytes) {
  const reader = new Reader(bytes);
  if (reader.magic !== MAGIC) throw new Error("timeline: not a view");
  const view = reader.head();
  const series = () => reader.columns(new Int32Array(view.columns), 0);
  view.services = reader.list(() => ({
    ...reader.laneHead(),
    backends: reader.list(() => ({ ...reader.backendHead(), entries: series(), stale: series(), closing: series() })),
  }));
  view.hiddenRollouts = reader.varint();
  view.rollouts = numbered(reader.list(() => reader.rollout()));
  view.hiddenTerminations = reader.varint();
  view.terminations = reader.list(() => reader.termination());
  view.resets = [series(), series(), series()];
  view.gaps = reader.list(() => reader.gap());
  view.restarts = reader.list(() => reader.restart());
  view.counters = reader.u8() === 0 ? null : {
    rates: [series(), series(), series(), series(), series()], gauges: [series(), series(), series(), series()],
    names: reader.list(() => reader.str()), failures: reader.list(() => reader.failure()),
  };
  return view;
}

// Terminations refer to the rollouts of their view by number: in another view it is another one.
export function numbered(rollouts) {
  return rollouts.map((rollout, index) => ({ ...rollout, number: index + 1 }));
}
