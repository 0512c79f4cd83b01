// The events of a view in order of time: the arrow keys step through them.
import { addCounterEvents } from "./counters.js";
import { rolloutMoments } from "./rollouts.js";
import { phasesOf } from "./symbols.js";
import { phaseText } from "./terminations.js";

// isShown: whether the chart has a lane, by its name.
export function eventsOf(view, notes, isShown = () => true) {
  const events = [];
  const add = (at, text, choice = null, lane = "") => { if ((!lane || isShown(lane)) && at >= view.from && at <= view.to) events.push({ id: `${at} ${text}`, at, text, choice }); };
  for (const lane of ["findings", "actions", "settings"]) {
    for (const span of notes[lane]) add(span.fromMs, span.label, span.href ? { href: span.href } : null, lane);
  }
  for (const item of view.rollouts) {
    for (const moment of rolloutMoments(item)) add(moment.at, `rollout ${item.label}: ${moment.text}`, { rollout: item.id }, "rollouts");
  }
  for (const span of view.terminations) {
    for (const phase of phasesOf(span)) add(phase.at, `${span.pod}: ${phaseText(span, phase)}`, { ip: span.ip, uid: span.uid }, "pods");
  }
  ["un-NATed", "from backend", "other"].forEach((kind, index) => view.resets[index].forEach((count, column) => {
    if (count > 0) add(view.from + (column + .5) * view.step, `${count} ${count === 1 ? "reset" : "resets"}, ${kind}`, null, "resets");
  }));
  addCounterEvents(view, (lane, at, text) => add(at, text, null, lane));
  for (const restart of view.restarts) add(restart.at, restart.text, restart.ip ? { ip: restart.ip } : null, "restarts");
  for (const gap of view.gaps) add(gap.from, `gap ${gap.node ? "on " + gap.node : ""}: ${gap.text}`, null, "gaps");
  return events.sort((a, b) => a.at - b.at);
}
