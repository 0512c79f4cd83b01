// What a lane of columns shows, kept as pixels. Its canvas is a ring: a time's pixel has its place in it as long as the scale is the same. So a drag
// copies it, and new data add their columns; other columns are drawn again only where they changed.
import { extentOf } from "./geometry.js";
import { Pixels } from "./pixels.js";

const pixels = new Pixels();

// The layers of a chart, by the names of their lanes.
export class Layers {
  constructor() { this.kept = new Map(); }

  // Begins a layout. Layers that it does not ask for are dropped: their lanes are not shown any more.
  begin() {
    this.former = this.kept;
    this.kept = new Map();
  }

  of(name) {
    const layer = this.kept.get(name) ?? this.former.get(name) ?? new ColumnLayer();
    this.kept.set(name, layer);
    return layer;
  }
}

class ColumnLayer {
  constructor() {
    this.canvas = document.createElement("canvas");
    // It is written pixel by pixel: in the memory of this process, not of the one that composes the page.
    this.ctx = this.canvas.getContext("2d", { willReadFrequently: true });
    this.drawn = { begin: 0, end: 0 };
  }

  // lane: { y, h, rows, reach(geo), fill(pixels, from, to, geo, paint, view) }. rows: for each column all that its picture depends on, besides look.
  // reach: how many pixels a column may take of those after it.
  draw(ctx, geo, paint, view, lane, look) {
    this.forget(geo, paint, view, lane, look);
    const extent = extentOf(view, geo), begin = Math.max(extent.begin, geo.origin), end = Math.min(extent.end, geo.origin + geo.span);
    if (begin >= end) return;
    this.extend(begin, end, geo, paint, view, lane);
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    const { width, height } = this.canvas, at = begin % width, first = Math.min(end - begin, width - at);
    const left = geo.edge + begin - geo.origin, top = Math.round(lane.y * geo.ratio);
    ctx.drawImage(this.canvas, at, 0, first, height, left, top, first, height);
    if (first < end - begin) ctx.drawImage(this.canvas, 0, 0, end - begin - first, height, left + first, top, end - begin - first, height);
    ctx.restore();
  }

  // Keeps the pixels that are still right.
  forget(geo, paint, view, lane, look) {
    const height = Math.round(lane.h * geo.ratio), { former } = this;
    const isOther = !former || former.paint !== paint || former.perMs !== geo.perMs || former.look !== look || former.step !== view.step
      || this.canvas.width !== geo.span || this.canvas.height !== height;
    if (isOther) {
      if (this.canvas.width !== geo.span) this.canvas.width = geo.span;
      if (this.canvas.height !== height) this.canvas.height = height;
      this.drawn = { begin: 0, end: 0 };
    } else if (former.rows !== lane.rows) {
      const column = firstChange(former, lane.rows, view);
      this.drawn.end = Math.min(this.drawn.end, geo.pixel(view.from + column * view.step));
      // Nor are those that a column reached which is not in the view any more.
      if (view.from !== former.from) this.drawn.begin = Math.max(this.drawn.begin, geo.pixel(view.from) + lane.reach(geo));
    }
    this.former = { paint, perMs: geo.perMs, look, step: view.step, from: view.from, rows: lane.rows };
  }

  // Draws what is missing between two pixels. The ring has space for as many as the plot has.
  extend(begin, end, geo, paint, view, lane) {
    const { drawn } = this, { width } = this.canvas;
    if (drawn.begin >= drawn.end || end < drawn.begin || begin > drawn.end) drawn.begin = drawn.end = begin;
    if (begin < drawn.begin) {
      this.fill(begin, drawn.begin, geo, paint, view, lane);
      drawn.begin = begin;
      drawn.end = Math.min(drawn.end, begin + width);
    }
    if (end > drawn.end) {
      this.fill(drawn.end, end, geo, paint, view, lane);
      drawn.end = end;
      drawn.begin = Math.max(drawn.begin, end - width);
    }
  }

  fill(from, to, geo, paint, view, lane) {
    const { ctx } = this, { width, height } = this.canvas, at = from % width, first = Math.min(to - from, width - at);
    pixels.begin(to - from, height);
    lane.fill(pixels, from, to, geo, paint, view);
    const image = pixels.image;
    ctx.putImageData(image, at, 0, 0, 0, first, height);
    if (first < to - from) ctx.putImageData(image, -first, 0, first, 0, to - from - first, height);
  }
}

// The first column of the rows that differs from what was drawn at its time.
function firstChange(former, rows, view) {
  const moved = (view.from - former.from) / view.step;
  if (rows.length !== former.rows.length || moved < 0 || !Number.isInteger(moved)) return 0;
  let end = Math.min(view.columns, former.rows[0].length - moved);
  for (let row = 0; row < rows.length; row++) {
    const now = rows[row], before = former.rows[row];
    for (let i = 0; i < end; i++) {
      if (now[i] !== before[i + moved]) { end = i; break; }
    }
  }
  return Math.max(0, end);
}
