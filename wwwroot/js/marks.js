// Marks at their exact times. Those that would cover each other are one bar with their number: from the first one's time to the last one's.
import { label, widthOf } from "./paint.js";

const APART = 10; // pixels between two marks that do not touch

// items: { at, … } in order of time.
export function marksOf(items, geo) {
  const marks = [];
  for (const item of items) {
    const last = marks.at(-1);
    if (last && geo.x(item.at) - geo.x(last.to) < APART) {
      last.items.push(item);
      last.to = item.at;
    } else {
      marks.push({ from: item.at, to: item.at, items: [item] });
    }
  }
  return marks;
}

// The mark at a point of its lane.
export function markAt(marks, x, geo) {
  return marks.find(mark => x >= geo.x(mark.from) - APART / 2 - 1 && x <= geo.x(mark.to) + APART / 2 + 1) ?? null;
}

// Several marks in one place. The number stands beside the bar if the next mark leaves space for it.
export function bar(ctx, paint, geo, mark, middle, space) {
  const x0 = geo.x(mark.from) - 1.5, width = geo.x(mark.to) - x0 + 1.5, text = String(mark.items.length);
  ctx.fillStyle = paint.text;
  ctx.strokeStyle = paint.surface;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.roundRect(x0, middle - 7, width, 14, 1.5);
  ctx.stroke();
  ctx.fill();
  ctx.font = paint.font(10, 700);
  const textWidth = widthOf(ctx, text);
  if (textWidth + 6 <= width) {
    ctx.fillStyle = paint.surface;
    ctx.textAlign = "center";
    ctx.fillText(text, x0 + width / 2, middle + 3.5);
    ctx.textAlign = "left";
  } else if (textWidth + 8 <= space) {
    label(ctx, paint, text, x0 + width + 3, middle + 3.5, paint.text);
  }
}
