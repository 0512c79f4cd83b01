// What DrawBench runs in the browser: the console's canvas, and uPlot with the same series, each measured by the same code.
const COLOURS = ["#1565c0", "#2e7d32", "#6a1b9a", "#00838f", "#ad1457", "#4e342e"];
const bytesOf = text => Uint8Array.from(atob(text), char => char.charCodeAt(0));
const frame = () => new Promise(next => requestAnimationFrame(next));
// After the frame that is due next has been painted.
const painted = () => new Promise(next => requestAnimationFrame(() => { const channel = new MessageChannel(); channel.port1.onmessage = next; channel.port2.postMessage(0); }));
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];

let chart, plots = [];

async function open() {
  chart?.dispose();
  const { create } = await import("./js/timeline.js");
  document.body.innerHTML = `<div id="chart" style="position:relative;width:1400px;font:12px sans-serif"><canvas></canvas><canvas style="position:absolute;inset:0"></canvas><div data-readout></div><div data-tip hidden></div></div>`;
  chart = create(document.getElementById("chart"), { invokeMethodAsync: async () => {} }, { zone: "utc", selected: {} });
}

// From the bytes of a view to its first picture, in milliseconds.
export async function paint({ view, notes: text, rounds }) {
  const notes = JSON.parse(text);
  const times = [];
  for (let round = 0; round < rounds; round++) {
    await open();
    await frame();
    const bytes = bytesOf(view), began = performance.now();
    chart.note(notes);
    chart.draw(bytes);
    await painted();
    times.push(performance.now() - began);
  }
  return { median: median(times), lanes: chart.lanes.length, points: pointsOf(chart.view), marks: chart.view.terminations.length + notes.findings.length };
}

// The thread's time for one increment after another, each with its picture.
export function tick({ increments }) {
  const times = increments.map(text => {
    const bytes = bytesOf(text), former = chart.view.version, began = performance.now();
    if (chart.draw(bytes) === former) throw new Error("the increment was not taken");
    cancelAnimationFrame(chart.frame);
    chart.layout();
    return performance.now() - began;
  });
  return { median: median(times), slowest: Math.max(...times) };
}

export async function series({ view }) {
  await open();
  chart.draw(bytesOf(view));
  await painted();
}

const pointsOf = view => view.columns * (view.services.flatMap(service => service.backends).length + view.resets.length);

// The same lanes with the same heights and widths, of the canvas and of its plot, stacked likewise, without what only the console draws.
export async function uplot({ script }) {
  const { services, resets, from, step, columns } = chart.view, shown = chart.lanes.filter(lane => lane.constructor.name === "ServiceLane" || lane.constructor.name === "ResetLane");
  const times = Array.from({ length: columns }, (_, i) => (from + i * step) / 1000);
  chart.dispose();
  chart = null;
  document.body.innerHTML = "";
  await new Promise((done, failed) => document.head.append(Object.assign(document.createElement("script"), { src: script, onload: done, onerror: failed })));
  const lanes = [...services.map(service => service.backends.map(backend => backend.entries)), ...resets.map(row => [row])];
  plots = lanes.map((rows, index) => {
    const sums = [];
    for (const row of rows) sums.push(Array.from(row, (value, i) => Math.max(0, value) + (sums.at(-1)?.[i] ?? 0)));
    const top = Math.max(1, ...sums.at(-1));
    const stepped = window.uPlot.paths.stepped({ align: 1 }), bars = window.uPlot.paths.bars({ size: [1] });
    return new window.uPlot({
      width: 1400, height: shown[index].h + (index === lanes.length - 1 ? 30 : 0), legend: { show: false }, cursor: { show: false }, padding: [0, 212, 0, 0],
      scales: { y: { range: [0, top] } },
      axes: [{ show: index === lanes.length - 1 }, { size: 180 }],
      // The tallest first: those below it are drawn over it.
      series: [{}, ...sums.map((_, i) => ({ stroke: COLOURS[i % 6], fill: COLOURS[i % 6], width: 1, points: { show: false }, paths: index < services.length ? stepped : bars })).toReversed()],
    }, [times, ...sums.toReversed()], document.body);
  });
  await painted();
}

// Shows one range after another, one a frame. Returns the frames a second.
export async function pan({ frames }) {
  const range = chart ? { from: chart.view.from, to: chart.view.to } : { from: plots[0].scales.x.min, to: plots[0].scales.x.max }, span = range.to - range.from;
  let began;
  for (let i = 0; i <= frames; i++) {
    await frame();
    if (i === 0) began = performance.now();
    const by = Math.sin(i / 40) * span / 4, shown = { from: range.from + by, to: range.to + by };
    if (chart) chart.preview(shown);
    else for (const plot of plots) plot.setScale("x", { min: shown.from, max: shown.to });
  }
  return frames / (performance.now() - began) * 1000;
}
