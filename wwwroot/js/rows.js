// Places bars and their labels in as few rows as possible.
const APART = 8;
const LABEL = 220; // pixels of a label that count as its bar

const hasSpace = (taken, from, to) => taken.every(([a, b]) => to < a - APART || from > b + APART);

// Whether takeRow() may find a row: to be asked with a bar before its label is measured, of thousands that have none.
export const mayTakeRow = (rows, from, to, maxRows) => rows.length < maxRows || rows.some(taken => hasSpace(taken, from, to));

// rows: for each row the [from, to] that it has. Returns the row's number, or -1 if none has space and there are enough.
export function takeRow(rows, from, to, maxRows) {
  let row = rows.findIndex(taken => hasSpace(taken, from, to));
  if (row < 0) {
    if (rows.length >= maxRows) return -1;
    row = rows.push([]) - 1;
  }
  rows[row].push([from, to]);
  return row;
}

// The place of a lane that has its bar or label at a point. near: how far from the bar's other end.
export function barAt(lane, x, y, geo, near) {
  const row = Math.floor((y - lane.y - 3) / lane.row);
  return lane.placed.find(place => {
    const { x0, x1 } = lane.extent(geo, place);
    return place.row === row && x >= x0 - (place.labelLeft ? LABEL : near) && x <= x1 + (place.labelLeft ? near : LABEL);
  }) ?? null;
}
