// Symbols of termination phases and causes. They differ in shape, not colour; PhaseIcon.razor draws the same ones.
export const PHASES = [
  ["requested", "deletion requested"], ["notReady", "endpoint not ready"], ["terminating", "endpoint terminating"], ["removed", "endpoint removed"],
  ["rulesFirst", "rules synced, first node"], ["rulesLast", "rules synced, last node"], ["stop", "SIGTERM sent"],
  ["finished", "container finished"], ["deleted", "deleted"], ["reused", "address reused"],
];

// In order of time. A span does not change: another state of the termination is another span.
export function phasesOf(span) {
  let phases = known.get(span);
  if (!phases) known.set(span, phases = PHASES.filter(([key]) => span[key] !== null).map(([key, text]) => ({ at: span[key], key, text })).sort((a, b) => a.at - b.at));
  return phases;
}

const known = new WeakMap();

const path = (ctx, points) => { points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y))); };

// A line with a halo of the surface's colour: it reads over any bar.
function line(ctx, paint, colour, draw, width = 1.8) {
  for (const [stroke, wide] of [[paint.surface, width + 2.4], [colour, width]]) {
    ctx.strokeStyle = stroke;
    ctx.lineWidth = wide;
    ctx.beginPath();
    draw();
    ctx.stroke();
  }
}

function solid(ctx, paint, colour, draw) {
  ctx.strokeStyle = paint.surface;
  ctx.lineWidth = 2;
  ctx.fillStyle = colour;
  ctx.beginPath();
  draw();
  ctx.stroke();
  ctx.fill();
}

function hollow(ctx, paint, draw) {
  ctx.fillStyle = paint.surface;
  ctx.strokeStyle = paint.text;
  ctx.lineWidth = 1.6;
  ctx.beginPath();
  draw();
  ctx.fill();
  ctx.stroke();
}

export function glyph(ctx, paint, key, x, y, exit = 0) {
  const text = paint.text;
  if (key === "requested") solid(ctx, paint, text, () => ctx.rect(x - 1.5, y - 9, 3, 18));
  else if (key === "notReady") hollow(ctx, paint, () => { path(ctx, [[x, y - 5.5], [x + 5.5, y], [x, y + 5.5], [x - 5.5, y]]); ctx.closePath(); });
  else if (key === "terminating") solid(ctx, paint, text, () => { path(ctx, [[x, y - 6], [x + 6, y], [x, y + 6], [x - 6, y]]); ctx.closePath(); });
  else if (key === "removed") hollow(ctx, paint, () => ctx.rect(x - 4.5, y - 4.5, 9, 9));
  else if (key === "rulesFirst") line(ctx, paint, text, () => path(ctx, [[x + 4, y - 7], [x, y - 7], [x, y + 7], [x + 4, y + 7]]));
  else if (key === "rulesLast") line(ctx, paint, text, () => path(ctx, [[x - 4, y - 7], [x, y - 7], [x, y + 7], [x - 4, y + 7]]));
  else if (key === "stop") solid(ctx, paint, text, () => { path(ctx, [[x - 5.5, y - 4.5], [x + 5.5, y - 4.5], [x, y + 5]]); ctx.closePath(); });
  else if (key === "finished") finished(ctx, paint, x, y, exit);
  else if (key === "deleted") line(ctx, paint, text, () => { path(ctx, [[x - 5, y - 5], [x + 5, y + 5]]); path(ctx, [[x + 5, y - 5], [x - 5, y + 5]]); }, 2);
  else hollow(ctx, paint, () => { path(ctx, [[x - 3.5, y - 5.5], [x + 5.5, y], [x - 3.5, y + 5.5]]); ctx.closePath(); });
}

// ContainerExit: 0 unknown, 1 clean, 2 by SIGTERM, 3 killed, 4 out of memory, 5 failed.
function finished(ctx, paint, x, y, exit) {
  if (exit === 2) { hollow(ctx, paint, () => ctx.arc(x, y, 4.6, 0, Math.PI * 2)); return; }
  const bad = exit >= 3;
  solid(ctx, paint, bad ? paint.warn : paint.text, () => ctx.arc(x, y, bad ? 6.2 : 5, 0, Math.PI * 2));
  if (!bad) return;
  ctx.strokeStyle = paint.surface;
  ctx.lineWidth = 1.7;
  ctx.beginPath();
  if (exit === 3) { path(ctx, [[x - 2.4, y - 2.4], [x + 2.4, y + 2.4]]); path(ctx, [[x + 2.4, y - 2.4], [x - 2.4, y + 2.4]]); }
  else if (exit === 4) path(ctx, [[x - 3.4, y], [x + 3.4, y]]);
  else { path(ctx, [[x, y - 3.6], [x, y + .8]]); path(ctx, [[x, y + 2.4], [x, y + 3.8]]); }
  ctx.stroke();
}

// The cause as a letter in a frame. Returns its width.
export function causeSymbol(ctx, paint, letter, x, y, font) {
  ctx.font = font;
  ctx.fillStyle = paint.surface;
  ctx.strokeStyle = paint["line-strong"];
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.roundRect(x + .5, y - 7.5, 15, 15, 3);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = paint.text;
  ctx.textAlign = "center";
  ctx.fillText(letter, x + 8, y + 4);
  ctx.textAlign = "left";
  return 20;
}
