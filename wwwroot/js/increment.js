// Decodes what Components/Controls/Timeline/ViewIncrement.cs encodes: what changed in a view since a former one. Change both files together.
import { Reader, numbered } from "./view.js";

const MAGIC = 0x32495443; // "CTI2"

export function isIncrement(bytes) {
  return new Reader(bytes).magic === MAGIC;
}

// The view; null if it is for another former view than the given one, which stays as it is.
export function readIncrement(bytes, former) {
  const reader = new Reader(bytes);
  const view = reader.head();
  if (!former || reader.f64() !== former.version) return null;
  const moved = Math.round((view.from - former.from) / view.step);
  const last = [];
  // A row that was moved with the window, and then ends as its own bytes say, or as the last one of its kind that had some.
  const rows = kept => {
    const mask = reader.u8();
    return kept.map((row, i) => {
      if (mask & (1 << i)) {
        const from = reader.varint();
        last[i] = { from, values: reader.columns(new Int32Array(view.columns), from) };
      }
      const values = new Int32Array(view.columns), { from, values: end } = last[i];
      if (row) values.set(row.subarray(moved, moved + from));
      values.set(end.subarray(from), from);
      return values;
    });
  };
  const items = (kept, read) => {
    const count = reader.varint(), result = [];
    while (result.length < count) {
      const run = reader.varint(), length = run >> 1;
      if (run & 1) {
        const first = reader.varint();
        for (let i = 0; i < length; i++) result.push(kept[first + i]);
      } else {
        for (let i = 0; i < length; i++) result.push(read());
      }
    }
    return result;
  };
  view.services = reader.list(() => {
    const place = reader.varint(), kept = place ? former.services[place - 1] : null;
    const head = reader.u8() ? reader.laneHead() : { key: kept.key, title: kept.title, address: kept.address };
    const backends = items(kept?.backends ?? [], () => reader.backendHead());
    return {
      ...head,
      backends: backends.map(backend => {
        const [entries, stale, closing] = rows([backend.entries, backend.stale, backend.closing]);
        return { ip: backend.ip, label: backend.label, state: backend.state, entries, stale, closing };
      }),
    };
  });
  view.hiddenRollouts = reader.varint();
  view.rollouts = numbered(items(former.rollouts, () => reader.rollout()));
  view.hiddenTerminations = reader.varint();
  view.terminations = items(former.terminations, () => reader.termination());
  view.resets = rows(former.resets);
  view.gaps = items(former.gaps, () => reader.gap());
  view.restarts = items(former.restarts, () => reader.restart());
  view.counters = reader.u8() === 0 ? null : {
    rates: rows(former.counters?.rates ?? Array(5).fill(null)), gauges: rows(former.counters?.gauges ?? Array(4).fill(null)),
    names: items(former.counters?.names ?? [], () => reader.str()), failures: items(former.counters?.failures ?? [], () => reader.failure()),
  };
  return view;
}
