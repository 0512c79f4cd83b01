// Where things are on the canvas, in CSS pixels. A time is on a whole pixel of the device, and these pixels are counted from time 0 at the shown scale:
// what was drawn for one range is what another range of the same scale shows, moved by whole pixels.
export class Geometry {
  constructor(view, width, wide, ratio) {
    this.view = view;
    this.width = width;
    this.wide = wide;
    this.ratio = ratio;
    this.left = wide ? 180 : 8;
    this.right = wide ? 212 : 8;
    this.plot = Math.max(50, width - this.left - this.right);
    // The same in pixels of the device.
    this.edge = Math.round(this.left * ratio);
    this.span = Math.round(this.plot * ratio);
  }

  // The range that the plot shows.
  show({ from, to }) {
    this.from = from;
    this.to = to;
    // A range that was dragged has errors of rounding, which must not change its scale.
    this.perMs = this.span / Math.max(1, Math.round(to - from));
    this.origin = this.pixel(from);
  }

  // Of the device, from time 0.
  pixel(ms) { return Math.round(ms * this.perMs); }

  x(ms) { return (this.edge + this.pixel(ms) - this.origin) / this.ratio; }

  msAt(x) { return this.from + (x - this.left) / this.plot * (this.to - this.from); }

  // The left edge of a column of the view, within the plot.
  columnX(i) { return Math.max(this.left, Math.min(this.left + this.plot, this.x(this.view.from + i * this.view.step))); }
}

// Calls each(x0, x1, first, end) for the columns that are between two pixels of the device: columns first (with) to end (without) are drawn from x0 to
// x1. A column has one pixel at least; those that share a pixel come together.
export function cells(view, geo, from, to, each) {
  const edge = i => geo.pixel(view.from + i * view.step);
  let first = Math.max(0, Math.min(view.columns - 1, Math.floor((from / geo.perMs - view.from) / view.step)));
  while (first > 0 && (edge(first) > from || edge(first - 1) === edge(first))) first--;
  for (let end; first < view.columns; first = end) {
    const x0 = edge(first);
    if (x0 >= to) return;
    for (end = first + 1; end < view.columns && edge(end) === x0;) end++;
    const x1 = Math.max(x0 + 1, edge(end));
    if (x1 > from) each(x0, x1, first, end);
  }
}

// The pixels that a view has columns for.
export function extentOf(view, geo) {
  return { begin: geo.pixel(view.from), end: Math.max(geo.pixel(view.to), geo.pixel(view.to - view.step) + 1) };
}
