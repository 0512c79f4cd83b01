using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Canvas;

/// <summary>Where the canvas really draws the marks of terminations: at their times, at every zoom and width.</summary>
public class MarkTests(Chromium chromium)
{
    // Draws random views, and records the shapes: of "requested" (a bar of 3 × 18 pixels), of "finished" (a circle), and of several marks in one
    // place (a box 14 pixels high from the first one to the last one). Returns what is wrong, or how many of each were drawn.
    private const string Draw = """
        async seed => {
          const { create } = await import("./js/timeline.js");
          document.body.innerHTML = `<div id="chart" style="position:relative"><canvas></canvas><canvas></canvas><div data-readout></div><div data-tip hidden></div></div>`;
          const host = document.getElementById("chart");
          const chart = create(host, { invokeMethodAsync: async () => {} }, { zone: "utc", selected: {} });
          let state = seed;
          const random = () => { state = (state * 1103515245 + 12345) % 2147483648; return state / 2147483648; };
          const between = (a, b) => a + random() * (b - a), pick = list => list[Math.floor(random() * list.length)];
          let shapes = null;
          const of = CanvasRenderingContext2D.prototype, watched = { rect: of.rect, arc: of.arc, roundRect: of.roundRect };
          of.rect = function (x, y, w, h) { if (w === 3 && h === 18) shapes?.requested.push(x + 1.5); return watched.rect.call(this, x, y, w, h); };
          of.arc = function (x, ...rest) { shapes?.finished.push(x); return watched.arc.call(this, x, ...rest); };
          of.roundRect = function (x, y, w, h, ...rest) { if (h === 14) shapes?.boxes.push([x + 1.5, x + w - 1.5]); return watched.roundRect.call(this, x, y, w, h, ...rest); };
          const keys = ["requested", "notReady", "terminating", "removed", "rulesFirst", "rulesLast", "stop", "finished", "deleted", "reused"];
          const counts = { requested: 0, finished: 0, boxes: 0 };
          for (let round = 0; round < 300; round++) {
            const range = pick([30e3, 300e3, 900e3, 3600e3, 6 * 3600e3, 24 * 3600e3]), columns = 300, from = 1.7e12, to = from + range;
            host.style.width = `${pick([390, 640, 900, 1400, 2500])}px`;
            const terminations = Array.from({ length: Math.floor(between(1, 8)) }, (_, index) => {
              const span = { uid: `u${index}`, pod: `pod-${index}`, ip: `10.0.0.${index}`, node: "n", cause: "R", causeName: "rollout", rollout: 0, exit: pick([0, 1, 2, 3, 4, 5]), exitText: "", stale: 0, grace: null };
              let at = between(from - range / 4, to);
              for (const key of keys) {
                span[key] = random() < .8 ? at : null;
                at += pick([0, 5, 400, 3000, 30000, between(0, range / 3)]);
              }
              span.started = span.requested ?? at;
              span.over = random() < .8 ? span.deleted : null;
              return span;
            });
            const live = random() < .5;
            const view = {
              version: round, from, to, step: range / columns, columns, now: live ? to - range / 60 : to + 1e6, live, noData: false, hidden: 0, services: [], rollouts: [], hiddenRollouts: 0,
              terminations, hiddenTerminations: 0, resets: [0, 1, 2].map(() => new Int32Array(columns)), gaps: [], restarts: [],
            };
            chart.measure();
            chart.show(view);
            cancelAnimationFrame(chart.frame);
            shapes = { requested: [], finished: [], boxes: [] };
            chart.layout();
            // Dragged by some pixels, everything moves alike.
            if (round % 3 === 0) {
              const by = between(-.4, .4) * range;
              shapes = { requested: [], finished: [], boxes: [] };
              chart.preview({ from: from + by, to: to + by });
            }
            const drawn = shapes, shown = chart.range, left = chart.wide ? 180 : 8, plot = Math.max(50, chart.width - left - (chart.wide ? 212 : 8));
            shapes = null;
            const x = ms => left + (ms - shown.from) / (shown.to - shown.from) * plot;
            const near = (place, times) => times.some(time => time !== null && Math.abs(x(time) - place) <= 1);
            const all = key => terminations.map(span => span[key]), every = terminations.flatMap(span => keys.map(key => span[key]));
            for (const place of drawn.requested) if (!near(place, all("requested"))) return `${round}: requested at ${place} px of ${JSON.stringify(view)}`;
            for (const place of drawn.finished) if (!near(place, all("finished"))) return `${round}: finished at ${place} px of ${JSON.stringify(view)}`;
            for (const box of drawn.boxes) if (!box.every(place => near(place, every))) return `${round}: a box at ${box} px of ${JSON.stringify(view)}`;
            // Nothing is left out: of each row that is drawn, every mark in range has its own shape or is in a box.
            for (const place of chart.lanes.find(lane => lane.title === "Terminating pods").placed) {
              const at = place.span.requested;
              if (at === null || at < from || at > to) continue;
              if (!drawn.requested.some(px => Math.abs(px - x(at)) <= 1) && !drawn.boxes.some(([a, b]) => x(at) >= a - 1 && x(at) <= b + 1)) return `${round}: ${place.span.pod} has no mark`;
            }
            for (const key of Object.keys(counts)) counts[key] += drawn[key].length;
          }
          Object.assign(of, watched);
          chart.dispose();
          return counts;
        }
        """;

    [Fact]
    public async Task Marks_OfRandomLifeCycles_AreAtTheirTimes_AtEveryZoomAndWidth()
    {
        await using var tab = await ScriptPage.OpenAsync(chromium, width: 2600);

        var result = await tab.Page.EvaluateAsync(Draw, 7);
        Assert.True(result is { ValueKind: System.Text.Json.JsonValueKind.Object }, result.ToString());
        foreach (string shape in (string[])["requested", "finished", "boxes"])
            Assert.True(result!.Value.GetProperty(shape).GetInt32() > 50, result.ToString());
    }
}
