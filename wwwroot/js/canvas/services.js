// The entries of a Service's backends, stacked. Stale ones are hatched, and what is unknown is never drawn as zero.
import { heading, niceTop, reportedIn } from "../lanes.js";
import { fit, label, widthOf } from "../paint.js";
import { cells } from "./geometry.js";

export class ServiceLane {
  constructor(view, geo, service, colourOf, partial, layer) {
    this.title = service.title;
    this.sub = service.address;
    this.h = geo.wide ? 88 : 72;
    this.more = service.backends.length > 5 ? `${service.backends.length} backends` : "";
    this.service = service;
    this.colours = service.backends.map(backend => colourOf(service.key, backend.ip));
    this.layer = layer;
    const { columns } = view, reported = reportedIn(view), sums = new Float64Array(columns), unknown = new Uint16Array(columns);
    for (const { entries } of service.backends) {
      for (let i = 0; i < columns; i++) {
        if (entries[i] < 0) unknown[i]++;
        else sums[i] += entries[i];
      }
    }
    const known = new Uint8Array(columns), hatched = new Uint8Array(columns); // known: 0 not at all, 1 in part, 2 complete
    let top = 1;
    for (let i = 0; i < columns; i++) {
      known[i] = unknown[i] === 0 ? (partial[i] ? 1 : 2) : unknown[i] < service.backends.length ? 1 : 0;
      hatched[i] = i < reported && known[i] < 2 ? 1 : 0;
      top = Math.max(top, sums[i]);
    }
    Object.assign(this, { sums, known, hatched });
    this.scale = niceTop(top);
    this.rows = [this.hatched, ...service.backends.flatMap(backend => [backend.entries, backend.stale])];
    this.labels = service.backends.map((backend, index) => this.backendLabel(view, backend, index)).filter(item => item);
  }

  // Of the entries below a backend's in a column.
  baseOf(index, column) {
    let base = 0;
    for (let below = 0; below < index; below++) base += Math.max(0, this.service.backends[below].entries[column]);
    return base;
  }

  backendLabel(view, backend, index) {
    let last = view.columns - 1;
    while (last >= 0 && !(backend.entries[last] > 0)) last--;
    if (last < 0) return null;
    // The last reported column; a gap there is unknown, not the last value.
    const reported = Math.min(view.columns - 1, Math.floor((view.now - view.from) / view.step));
    const oldest = reported - Math.floor(3000 / view.step) - 1;
    let end = reported;
    while (end > oldest && end > 0 && backend.entries[end] < 0) end--;
    const count = backend.entries[end] < 0 ? null : backend.entries[end];
    const stale = count === null ? 0 : backend.stale[end], at = count > 0 ? end : last;
    return {
      ip: backend.ip, colour: `b${this.colours[index]}`, stale, count, name: backend.label,
      middle: this.baseOf(index, at) + backend.entries[at] / 2, weight: stale * 1e6 + (count ?? backend.entries[last]),
    };
  }

  draw(ctx, geo, paint, view, selection) {
    this.selected = this.service.backends.some(backend => backend.ip === selection.ip) ? selection.ip : null;
    this.layer.draw(ctx, geo, paint, view, this, `${this.scale} ${this.colours} ${this.selected}`);
    heading(ctx, geo, paint, this, this.labels.some(item => item.stale > 0) ? paint["warn-text"] : paint.text);
    const y = value => this.y + this.h - value / this.scale * (this.h - 6);
    this.drawScale(ctx, geo, paint, y);
    this.drawLabels(ctx, geo, paint, selection.ip, y);
    if (!this.labels.length) {
      ctx.font = paint.font(12);
      ctx.fillStyle = paint.muted;
      ctx.fillText(this.known.some(known => known > 0) ? "No entries in this range." : "No data is stored for this range.", geo.left + 12, this.y + this.h / 2 + 4);
    }
  }

  reach() { return 1; }

  // Columns that share a pixel are drawn as the one with the most entries: its parts were there together. What is stale or unknown in any is drawn.
  fill(pixels, from, to, geo, paint, view) {
    const { height } = pixels, { backends } = this.service, perEntry = (height - 6 * geo.ratio) / this.scale, line = Math.round(1.5 * geo.ratio), gap = paint.gapTile();
    const bands = backends.map((backend, index) => this.bandOf(backend, `b${this.colours[index]}`, paint));
    cells(view, geo, from, to, (x0, x1, first, end) => {
      let column = first, isHatched = this.hatched[first];
      for (let i = first + 1; i < end; i++) {
        if (this.sums[i] > this.sums[column]) column = i;
        isHatched |= this.hatched[i];
      }
      if (isHatched) pixels.tiled(x0 - from, x1 - from, 0, height, gap, from);
      let base = 0;
      for (const band of bands) {
        const value = band.entries[column], low = height - Math.round(base * perEntry);
        if (value > 0) {
          // A single entry has a pixel.
          const top = Math.min(low - 1, height - Math.round((base + value) * perEntry));
          pixels.rect(x0 - from, x1 - from, top, low, band.pale);
          pixels.rect(x0 - from, x1 - from, top, Math.min(low, top + line), band.line);
        }
        let stale = band.stale[first];
        for (let i = first + 1; i < end; i++) stale = Math.max(stale, band.stale[i]);
        // Stale entries must be visible, even one among thousands: at least 7 pixels high.
        if (stale > 0) band.fillStale(pixels, x0 - from, x1 - from, Math.max(0, Math.min(height - Math.round((base + stale) * perEntry), low - Math.round(7 * geo.ratio))), low, from);
        if (value > 0) base += value;
      }
    });
  }

  // Healthy connections are drawn pale; a line on top of each band separates neighbours.
  bandOf({ ip, entries, stale }, colour, paint) {
    const isDimmed = this.selected !== null && this.selected !== ip, alpha = isDimmed ? .5 : 1;
    const surface = paint.tone("surface", alpha), warn = paint.tone("warn", alpha), tile = paint.staleTile(alpha), ratio = paint.ratio;
    return {
      entries, stale, pale: paint.tone(colour, isDimmed ? .2 : .5), line: paint.tone(colour, isDimmed ? .4 : 1),
      fillStale(pixels, x0, x1, top, low, shift) {
        pixels.rect(x0, x1, top, low, surface);
        pixels.tiled(x0, x1, top, low, tile, shift);
        pixels.rect(x0, x1, top, top + Math.round(2 * ratio), warn);
        pixels.rect(x0, x1, low - Math.round(ratio), low, warn);
      },
    };
  }

  drawScale(ctx, geo, paint, y) {
    ctx.strokeStyle = paint.line;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(geo.left, Math.round(y(this.scale)) + .5);
    ctx.lineTo(geo.width - geo.right, Math.round(y(this.scale)) + .5);
    ctx.stroke();
    ctx.font = paint.font(11);
    label(ctx, paint, `${this.scale} entries`, geo.left + 5, y(this.scale) + 12, paint.muted);
  }

  drawLabels(ctx, geo, paint, selected, y) {
    ctx.font = paint.font(11.5, 500);
    const maxLabels = geo.wide ? 5 : 3;
    const shown = this.labels.filter(item => item.count !== 0).sort((a, b) => b.weight - a.weight).slice(0, maxLabels).sort((a, b) => b.middle - a.middle);
    const line = 15;
    let above = this.y - 4;
    for (const item of shown) { item.at = Math.max(y(item.middle), above + line); above = item.at; }
    let below = this.y + this.h + line - 4;
    for (const item of [...shown].reverse()) { item.at = Math.min(item.at, below - line); below = item.at; }
    for (const item of shown) {
      const count = item.stale ? `${item.stale} stale` : item.count === null ? "unknown" : String(item.count);
      const maxWidth = geo.wide ? geo.right - 22 - widthOf(ctx, count) - 22 : 150;
      ctx.font = paint.font(11.5, item.ip === selected ? 700 : 500);
      const name = fit(ctx, item.name, maxWidth, "end");
      const x = geo.wide ? geo.width - geo.right + 22 : geo.width - geo.right - 8;
      const colour = item.stale ? paint["warn-text"] : paint.text;
      if (geo.wide) {
        ctx.fillStyle = item.stale ? paint.warn : paint[item.colour];
        ctx.fillRect(x - 14, item.at - 5, 9, 9);
        label(ctx, paint, name, x, item.at + 4, colour);
        label(ctx, paint, count, geo.width - 10, item.at + 4, item.stale ? colour : paint.muted, "right");
      } else {
        label(ctx, paint, `${name}  ${count}`, x, item.at + 4, colour, "right");
      }
    }
  }

  hit(x, y, column, geo) {
    if (x > geo.width - geo.right || !geo.wide) {
      const near = this.labels.find(item => item.at !== undefined && Math.abs(item.at - y) < 8);
      if (near && (x > geo.width - geo.right || x > geo.width - 170)) return { ip: near.ip };
    }
    const value = (this.y + this.h - y) / (this.h - 6) * this.scale, { backends } = this.service;
    const band = backends.find(({ entries }, index) => { const low = this.baseOf(index, column); return value >= low && value < low + entries[column]; });
    // A single entry is one pixel high: accept any position in the column.
    const found = band ?? backends.findLast(({ entries }) => entries[column] > 0);
    return found ? { ip: found.ip } : null;
  }

  values(column) {
    if (this.known[column] === 0) return [{ text: "unknown", muted: true }];
    const partial = this.known[column] < 2 ? [{ text: "at least: not every node reported", muted: true, weight: -1 }] : [];
    return this.service.backends.map((backend, index) => ({ ...backend, colour: `b${this.colours[index]}` })).filter(({ entries, closing }) => entries[column] > 0 || closing[column] > 0)
      .map(({ colour, label: name, entries, stale, closing }) => ({
        colour, stale: stale[column] > 0,
        text: `${name}  ${entries[column]}` + (stale[column] > 0 ? ` (${stale[column]} stale)` : "") + (closing[column] > 0 ? ` + ${closing[column]} closing` : ""),
        weight: stale[column] * 1e6 + entries[column],
      })).sort((a, b) => b.weight - a.weight).concat(partial);
  }
}
