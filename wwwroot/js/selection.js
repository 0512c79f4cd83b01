// The selection of the page: an address, a termination, a rollout.
export function selectionOf(selected) {
  return {
    ip: selected?.ip ?? null, uid: selected?.uid ?? null, rollout: selected?.rollout ?? null, number: null,
    has(span) { return this.uid ? span.uid === this.uid : span.ip !== "" && span.ip === this.ip; },
    inRollout(span) { return this.number !== null && span.rollout === this.number; },
  };
}
