// A picture of columns that a script fills pixel by pixel: thousands of small rectangles are cheaper so than as calls of a canvas.
// A colour is a number as an ImageData has it in memory: alpha, blue, green, red, not premultiplied.
export class Pixels {
  constructor() { this.memory = new Uint32Array(0); }

  // Makes it empty. The memory is used again: a tick needs a few columns, a zoom all of them.
  begin(width, height) {
    if (this.memory.length < width * height) this.memory = new Uint32Array(width * height);
    this.width = width;
    this.height = height;
    this.data = this.memory.subarray(0, width * height);
    this.data.fill(0);
  }

  get image() { return new ImageData(new Uint8ClampedArray(this.memory.buffer, 0, this.width * this.height * 4), this.width, this.height); }

  // From x0 and top (with) to x1 and low (without).
  rect(x0, x1, top, low, colour) {
    const { data, width } = this, from = Math.max(0, x0), to = Math.min(width, x1);
    for (let y = Math.max(0, top); y < low; y++) {
      for (let at = y * width + from, end = y * width + to; at < end; at++) data[at] = data[at] === 0 ? colour : over(data[at], colour);
    }
  }

  // shift: where the tile begins.
  tiled(x0, x1, top, low, { size, data: tile }, shift) {
    const { data, width } = this, from = Math.max(0, x0), to = Math.min(width, x1), first = (shift + from) % size;
    for (let y = Math.max(0, top); y < low; y++) {
      for (let x = from, column = first; x < to; x++) {
        const at = y * width + x, colour = tile[(y % size) * size + column];
        if (colour !== 0) data[at] = data[at] === 0 ? colour : over(data[at], colour);
        if (++column === size) column = 0;
      }
    }
  }
}

function over(below, colour) {
  const a = colour >>> 24;
  if (a === 255) return colour;
  const b = (below >>> 24) * (255 - a) / 255, alpha = a + b;
  const mix = shift => Math.round((((colour >>> shift) & 255) * a + ((below >>> shift) & 255) * b) / alpha);
  return ((Math.round(alpha) << 24) | (mix(16) << 16) | (mix(8) << 8) | mix(0)) >>> 0;
}

// Diagonal lines of a colour, as a square that repeats.
export function hatchTile(colour, size, width) {
  const data = new Uint32Array(size * size), alpha = colour >>> 24;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const along = (x + y + 1) % size, distance = Math.min(along, size - along) / Math.SQRT2;
      const covered = Math.max(0, Math.min(1, width / 2 + .5 - distance));
      data[y * size + x] = ((Math.round(alpha * covered) << 24) | (colour & 0xffffff)) >>> 0;
      if (data[y * size + x] >>> 24 === 0) data[y * size + x] = 0;
    }
  }
  return { size, data };
}
