// Places bars and their labels in as few rows as possible.
const APART = 8;

// rows: for each row the [from, to] that it has. Returns the row's number, or -1 if none has space and there are enough.
export function takeRow(rows, from, to, maxRows) {
  let row = rows.findIndex(taken => taken.every(([a, b]) => to < a - APART || from > b + APART));
  if (row < 0) {
    if (rows.length >= maxRows) return -1;
    row = rows.push([]) - 1;
  }
  rows[row].push([from, to]);
  return row;
}
