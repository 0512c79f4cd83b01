// Resets of one kind, as a bar for each column.
import { heading, reportedIn, span } from "../lanes.js";
import { label } from "../paint.js";
import { cells } from "./geometry.js";

export class ResetLane {
  constructor(view, geo, kind, title, colour, incomplete, layer) {
    Object.assign(this, { title, colour, kind, series: view.resets[kind], incomplete, layer });
    this.h = geo.wide ? 38 : 30;
    this.top = this.series.reduce((max, value) => Math.max(max, value), 0);
    this.total = this.series.reduce((sum, value) => sum + Math.max(0, value), 0);
    const gaps = this.series.some((value, i) => value < 0 || incomplete[i]), reported = reportedIn(view);
    this.sub = view.noData ? "unknown" : gaps ? `${this.total} seen, with gaps` : `${this.total} in range`;
    this.hatched = Uint8Array.from(this.series, (value, i) => i < reported && (value < 0 || incomplete[i]) ? 1 : 0);
    this.rows = [this.hatched, this.series];
  }

  draw(ctx, geo, paint, view) {
    this.layer.draw(ctx, geo, paint, view, this, `${this.top}`);
    heading(ctx, geo, paint, this, this.kind === 0 && this.total > 0 ? paint["warn-text"] : paint.text);
    if (this.top > 0) {
      ctx.font = paint.font(11);
      label(ctx, paint, `max ${this.top} ${this.top === 1 ? "reset" : "resets"}${view.step === 1000 ? "/s" : ` in ${span(view.step)}`}`, geo.left + 5, this.y + 12, paint.muted);
    }
  }

  // A single reset must be visible: at least 3 pixels high and 2 wide.
  reach(geo) { return Math.round(2 * geo.ratio); }

  fill(pixels, from, to, geo, paint, view) {
    const { height } = pixels, reach = this.reach(geo), colour = paint.tone(this.colour), gap = paint.gapTile(), apart = Math.round(.5 * geo.ratio);
    const of = row => (first, end) => { let most = row[first]; for (let i = first + 1; i < end; i++) most = Math.max(most, row[i]); return most; };
    const hatchedIn = of(this.hatched), countIn = of(this.series);
    cells(view, geo, from, to, (x0, x1, first, end) => { if (hatchedIn(first, end)) pixels.tiled(x0 - from, x1 - from, 0, height, gap, from); });
    cells(view, geo, from - reach, to, (x0, x1, first, end) => {
      const count = countIn(first, end);
      if (count <= 0) return;
      const top = height - Math.round(Math.max(3 * geo.ratio, count / Math.max(1, this.top) * (height - 6 * geo.ratio)));
      pixels.rect(x0 - from, Math.max(x0 + reach, x1 - apart) - from, top, height, colour);
    });
  }

  hit() { return null; }

  tip(x, y, column, geo, view) {
    const count = this.series[column];
    if (!(count > 0)) return null;
    return {
      title: `${count} ${count === 1 ? "reset" : "resets"}, ${this.title.split(", ")[1]}${this.incomplete[column] ? " (at least: gap)" : ""}`,
      lines: [{ at: view.from + column * view.step, text: `within ${span(view.step)}` }],
    };
  }

  values(column) {
    if (this.series[column] < 0) return [{ text: "unknown", muted: true }];
    return [{ text: `${this.series[column]} ${this.series[column] === 1 ? "reset" : "resets"}` + (this.incomplete[column] ? " at least (gap)" : ""), colour: this.colour }];
  }
}
