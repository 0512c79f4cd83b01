// Decodes the byte[] that Components/Controls/Timeline/ViewBytes.cs encodes. Change both files together.
const MAGIC = 0x32565443; // "CTV2"

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

export function readView(bytes) {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder();
  let at = 0;
  const u8 = () => data.getUint8(at++);
  const f64 = () => { const value = data.getFloat64(at, true); at += 8; return value; };
  const varint = () => {
    let value = 0, scale = 1, next;
    do { next = u8(); value += (next & 0x7f) * scale; scale *= 128; } while (next >= 0x80);
    return value;
  };
  const signed = () => { const value = varint(); return value % 2 ? -(value + 1) / 2 : value / 2; };
  const str = () => { const length = varint(); const part = bytes.subarray(at, at + length); at += length; return text.decode(part); };
  const time = () => { const value = f64(); return Number.isNaN(value) ? null : value; };
  const list = read => Array.from({ length: varint() }, read);

  if (data.getUint32(0, true) !== MAGIC) throw new Error("timeline: not a view");
  at = 4;
  const view = { from: f64(), step: f64(), now: f64(), columns: varint(), flags: u8(), hidden: varint() };
  view.live = (view.flags & 1) !== 0;
  view.noData = (view.flags & 2) !== 0; // no data is stored for this range
  view.to = view.from + view.step * view.columns;
  const series = () => {
    const values = new Int32Array(view.columns);
    for (let i = 0; i < view.columns;) {
      const value = signed(), run = varint();
      values.fill(value, i, i + run);
      i += run;
    }
    return values;
  };
  view.services = list(() => ({
    key: str(), title: str(), address: str(),
    backends: list(() => ({ ip: str(), label: str(), state: STATES[u8()], entries: series(), stale: series(), closing: series() })),
  }));
  view.hiddenRollouts = varint();
  view.rollouts = list((_, index) => ({
    number: index + 1, id: str(), label: str(), space: str(), state: u8(), rollback: u8() === 1, started: f64(), surged: time(), stuck: time(), closed: time(),
  }));
  view.hiddenTerminations = varint();
  view.terminations = list(() => ({
    uid: str(), pod: str(), ip: str(), node: str(), cause: str(), causeName: str(), rollout: varint(), started: f64(), over: time(),
    requested: time(), notReady: time(), terminating: time(), removed: time(), rulesFirst: time(), rulesLast: time(), stop: time(),
    finished: time(), deleted: time(), reused: time(), grace: time(), exit: u8(), exitText: str(), stale: varint(),
  }));
  view.resets = [series(), series(), series()];
  view.gaps = list(() => ({ node: str(), kind: u8(), text: str(), from: f64(), to: f64() }));
  view.restarts = list(() => ({ at: f64(), kind: u8(), ip: str(), text: str() }));
  return view;
}
