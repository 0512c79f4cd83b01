using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Canvas;

/// <summary>
/// The canvas keeps the pixels of its columns: after drags, new data, another theme, size or selection its picture is, pixel by pixel, the one that a
/// chart draws which has nothing kept. And at every zoom the pixels are at the times of their columns.
/// </summary>
public class PictureTests(Chromium chromium)
{
    // Services of which every second brings values, late ones and unknown ones; the same second has the same values in every view, but for late ones.
    private const string Views = """
        let state = 1;
        const random = () => { state = (state * 1103515245 + 12345) % 2147483648; return state / 2147483648; };
        const pick = list => list[Math.floor(random() * list.length)];
        const hash = (...values) => values.reduce((sum, value) => Math.imul(sum ^ value, 2654435761) >>> 7, 97) % 1000 / 1000;
        const began = 1_800_000_000, none = Object.fromEntries(["notReady", "terminating", "removed", "rulesFirst", "rulesLast", "stop", "reused", "grace"].map(key => [key, null]));
        const viewAt = (second, columns, step) => {
          const first = Math.floor((began + second) / step), from = first * step * 1000, to = from + columns * step * 1000;
          const row = value => Int32Array.from({ length: columns }, (_, i) => value(first + i, columns - 1 - i));
          const services = [0, 1, 2].map(service => ({
            key: `s${service}`, title: `shop/s${service}`, address: `10.96.0.${service + 1}:80`,
            backends: Array.from({ length: service + 1 }, (_, backend) => {
              const seed = service * 10 + backend, late = Math.floor(hash(seed, second) * 4), isDown = at => hash(seed, at >> 5, 1) < .1;
              return {
                ip: `10.0.${service}.${backend}`, label: `shop/s${service}-${backend}`, state: "active", closing: new Int32Array(columns),
                entries: row((at, fromEnd) => fromEnd < late ? -1 : isDown(at) ? 0 : 1 + Math.floor(hash(seed, at >> 2) ** 8 * (service === 2 ? 4000 : 60))),
                stale: row((at, fromEnd) => fromEnd >= late && hash(seed, at >> 1, 2) < .02 ? 1 + (at & 7) : 0),
              };
            }),
          }));
          const terminations = Array.from({ length: 12 }, (_, i) => {
            const at = from + hash(i, 3) * (to - from);
            return { ...none, uid: `u${i}`, pod: `shop-${i}`, ip: `10.0.0.${i}`, node: "n1", cause: "R", causeName: "rollout", rollout: 0, started: at, requested: at, finished: at + 4000, deleted: at + 9000, over: at + 9000, exit: i % 6, exitText: "", stale: i % 5 === 0 ? 2 : 0 };
          });
          return {
            version: second, from, to, step: step * 1000, columns, now: to - 700, live: true, noData: false, hidden: 0, services, rollouts: [], hiddenRollouts: 0, terminations, hiddenTerminations: 0,
            resets: [0, 1, 2].map(kind => row(at => hash(kind, at, 4) < .1 ? 1 + (at & 15) : 0)), restarts: [], counters: null,
            gaps: [{ node: "node-a", kind: 5, text: "silent", from: (began + 60) * 1000, to: (began + 75) * 1000 + 400 }],
          };
        };
        """;

    private const string Compare = Views + """
        async ratio => {
          Object.defineProperty(window, "devicePixelRatio", { get: () => ratio });
          const { create } = await import("./js/timeline.js");
          const names = ["text", "muted", "line", "line-strong", "surface", "sunken", "warn", "warn-text", "gap", "accent", "accent-soft", "process", "ending", "reset-unnated", "reset-backend", "reset-other", "b0", "b1", "b2", "b3", "b4", "b5"];
          const colours = shift => names.map((name, i) => `--c-${name}: hsl(${(i * 47 + shift) % 360} 60% ${shift ? 70 : 40}%)`).join(";");
          document.head.innerHTML = `<style>:root { ${colours(0)} } :root[data-theme=dark] { ${colours(90)} }</style>`;
          const open = width => {
            const host = document.body.appendChild(document.createElement("div"));
            host.innerHTML = "<canvas></canvas><canvas></canvas><div data-readout></div><div data-tip hidden></div>";
            host.style.width = `${width}px`;
            const chart = create(host, { invokeMethodAsync: async () => {} }, { zone: "utc", selected: {} });
            chart.resize.disconnect();
            return chart;
          };
          const notes = { findings: [1, 40, 90].map(at => ({ fromMs: (began + at) * 1000, toMs: (began + at + 20) * 1000, label: `finding ${at}`, tone: "bad", href: "", moments: [] })), actions: [], settings: [] };
          let width = 1400, selected = {}, second = 0, columns = 300, step = 1, trail = [];
          const chart = open(width);
          const picture = of => new Uint32Array(of.base.getContext("2d").getImageData(0, 0, of.base.width, of.base.height).data.buffer);
          // What a chart without anything kept draws: at the range of the layout, then dragged.
          const fresh = (shown, range) => {
            const other = open(width);
            other.note(notes);
            other.select(selected);
            other.show(shown);
            other.layout();
            if (range) other.preview(range);
            return other;
          };
          const difference = range => {
            const other = fresh(chart.view, range), [a, b] = [picture(chart), picture(other)], at = a.length === b.length ? a.findIndex((value, i) => value !== b[i]) : -2;
            other.dispose();
            other.host.remove();
            return at === -1 ? null : `${trail.join("; ")}: pixel ${at % chart.base.width}, ${Math.floor(at / chart.base.width)} of ${chart.base.width} × ${chart.base.height} (${a.length}, ${b.length})`;
          };
          const show = () => { chart.show(viewAt(second, columns, step)); chart.layout(); };
          chart.note(notes);
          show();
          const steps = {
            drag() {
              const { from, to } = chart.view, pixel = (to - from) / (chart.geo.plot * ratio), wanted = Math.floor((random() - .5) * 1200 * ratio);
              // Through other ranges: what they drew stays in the ring.
              for (const part of [.2, .7, 1.3, 1]) chart.preview({ from: from + wanted * part * pixel, to: to + wanted * part * pixel });
              return { from: from + wanted * pixel, to: to + wanted * pixel };
            },
            zoom() {
              const { from, to } = chart.view, at = from + random() * (to - from), scale = pick([.1, .45, 1.7, 6]), range = { from: at - (at - from) * scale, to: at + (to - at) * scale };
              chart.preview({ from: from - 5000, to: to + 9000 });
              chart.preview({ from: range.from + (to - from) * .02, to: range.to + (to - from) * .02 });
              chart.preview(range);
              return range;
            },
            tick() { second += pick([1, 1, 1, 1, 2, 7]); show(); },
            leap() { second += pick([-40, 200]); show(); },
            theme() { document.documentElement.dataset.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark"; window.dispatchEvent(new Event("themechange")); chart.layout(); },
            resize() { width = pick([390, 800, 1201, 1400]); chart.host.style.width = `${width}px`; chart.measure(); chart.layout(); },
            select() { selected = pick([{}, { ip: "10.0.1.1" }, { ip: "10.0.2.0" }]); chart.select(selected); chart.layout(); },
            columns() { [columns, step] = pick([[300, 1], [120, 1], [100, 3], [1000, 1]]); show(); },
            back() { chart.preview(null); },
          };
          let counts = {};
          for (let i = 0; i < 90; i++) {
            const name = pick(["drag", "drag", "zoom", "tick", "tick", "tick", "tick", "leap", "theme", "resize", "select", "columns", "back"]);
            trail = [...trail.slice(-5), name];
            const found = difference(steps[name]() ?? null);
            if (found) return found;
            if (!["drag", "zoom"].includes(name)) continue;
            counts[name] = (counts[name] ?? 0) + 1;
            // The next step begins at the view's range, as it does when a drag is cancelled.
            chart.preview(null);
          }
          chart.dispose();
          return counts;
        }
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1.25)]
    public async Task Picture_AfterDragsAndNewData_IsTheOneOfAFreshChart(double ratio)
    {
        await using var tab = await ScriptPage.OpenAsync(chromium);

        var result = await tab.Page.EvaluateAsync(Function(Compare), ratio);
        Assert.True(result is { ValueKind: System.Text.Json.JsonValueKind.Object }, result.ToString());
        Assert.InRange(result!.Value.GetProperty("drag").GetInt32(), 10, 150);
    }

    // Only bars and bands have a colour here. Of each pixel of a lane's row: how high it is drawn, and what the columns at its time have.
    private const string Measure = Views + """
        async ratio => {
          Object.defineProperty(window, "devicePixelRatio", { get: () => ratio });
          const { create } = await import("./js/timeline.js");
          document.head.innerHTML = `<style>:root { ${["text", "muted", "line", "line-strong", "surface", "sunken", "warn-text", "gap", "accent", "accent-soft", "process", "ending"].map(name => `--c-${name}: transparent`).join(";")};
            --c-warn: #ff0000; ${["b0", "b1", "b2", "b3", "b4", "b5", "reset-unnated", "reset-backend", "reset-other"].map(name => `--c-${name}: #0000ff`).join(";")} }</style>`;
          document.body.innerHTML = `<div id="chart"><canvas></canvas><canvas></canvas><div data-readout></div><div data-tip hidden></div></div>`;
          const host = document.getElementById("chart"), chart = create(host, { invokeMethodAsync: async () => {} }, { zone: "utc", selected: {} });
          chart.resize.disconnect();
          const counts = { stale: 0, resets: 0, heights: 0 };
          for (let round = 0; round < 60; round++) {
            host.style.width = `${pick([390, 1000, 1400])}px`;
            const view = viewAt(Math.floor(random() * 1000), pick([100, 300, 1000]), pick([1, 5])), scale = pick([.03, .3, 1, 1, 2.3, 8]);
            chart.measure();
            chart.show(view);
            chart.layout();
            const by = (random() - .5) * (view.to - view.from), middle = (view.from + view.to) / 2 + (scale < 1 ? by : by / 4), half = (view.to - view.from) / 2 * scale;
            const range = { from: middle - half, to: middle + half };
            chart.preview(range);
            const { width, height } = chart.base, { data } = chart.base.getContext("2d").getImageData(0, 0, width, height), { plot } = chart.geo;
            const left = Math.round(chart.geo.left * ratio), perMs = plot * ratio / (range.to - range.from);
            // The columns that are a pixel away at most, and whether there are some on both sides.
            const columnsAt = (pixel, reach) => {
              const at = edge => Math.floor((range.from + (pixel - left + edge) / perMs - view.from) / view.step), [first, last] = [at(-1 - reach), at(2)];
              return [Math.max(0, first), Math.min(view.columns - 1, last), first >= 0 && last < view.columns];
            };
            for (const lane of chart.lanes.filter(candidate => candidate.layer)) {
              const top = Math.round(lane.y * ratio), rows = Math.round(lane.h * ratio), { service } = lane;
              const heightOf = value => service ? value / lane.scale * (rows - 6 * ratio) : value === 0 ? 0 : Math.max(3 * ratio, value / lane.top * (rows - 6 * ratio));
              for (let pixel = left + 1; pixel < left + plot * ratio - 1; pixel++) {
                let drawn = 0, isRed = false;
                for (let y = 0; y < rows; y++) {
                  const at = ((top + y) * width + pixel) * 4;
                  if (data[at + 3] === 0) continue;
                  drawn ||= rows - y;
                  isRed ||= data[at] > 60;
                }
                // A bar of resets is two pixels wide at least.
                const [first, last, isWithin] = columnsAt(pixel, service ? 0 : 2 * ratio), where = `${round}: ${lane.title} at ${pixel} px`;
                let low = Infinity, high = 0, stale = 0;
                for (let i = first; i <= last; i++) {
                  const value = service ? lane.sums[i] : lane.series[i];
                  low = Math.min(low, value);
                  high = Math.max(high, value);
                  if (service?.backends.some(backend => backend.stale[i] > 0)) stale++;
                }
                if (isRed && stale === 0) return `${where} is stale, but no column is`;
                if (isWithin && stale > last - first && stale > 0 && !isRed) return `${where} is not stale, but its columns are`;
                if (stale === 0 && drawn > heightOf(high) + 1 + (high > 0 ? ratio : 0)) return `${where} is ${drawn} pixels high instead of ${heightOf(high)}`;
                if (service && isWithin && drawn < heightOf(low) - 1) return `${where} is ${drawn} pixels high instead of ${heightOf(low)}`;
                if (service && isWithin && low > 0 && !drawn) return `${where} is empty, but its columns have ${low} entries`;
                if (stale > 0) counts.stale++;
                if (drawn) counts.heights++;
              }
              // Every reset is drawn, as high as its column, and every stale entry, at its time: also where many columns share a pixel.
              for (let i = 0; i < view.columns; i++) {
                const place = left + (view.from + i * view.step - range.from) * perMs, isNear = isDrawn => [-1, 0, 1].some(by => isDrawn(Math.round(place) + by));
                if (place < left + 1 || place > left + plot * ratio - 3) continue;
                if (service) {
                  if (!service.backends.some(backend => backend.stale[i] > 0)) continue;
                  if (!isNear(x => Array.from({ length: rows }, (_, y) => ((top + y) * width + x) * 4).some(at => data[at + 3] > 0 && data[at] > 60))) return `${round}: ${lane.title} is not stale at ${place} px`;
                } else if (lane.series[i] > 0) {
                  const y = top + rows - Math.floor(heightOf(lane.series[i]) - .5);
                  counts.resets++;
                  if (!isNear(x => data[(y * width + x) * 4 + 3] > 0)) return `${round}: ${lane.title} has no bar of ${lane.series[i]} at ${place} px`;
                }
              }
            }
          }
          chart.dispose();
          return counts;
        }
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Pixels_AtEveryZoom_AreOfTheColumnsAtTheirTime(double ratio)
    {
        await using var tab = await ScriptPage.OpenAsync(chromium);

        var result = await tab.Page.EvaluateAsync(Function(Measure), ratio);
        Assert.True(result is { ValueKind: System.Text.Json.JsonValueKind.Object }, result.ToString());
        Assert.All((string[])["stale", "resets", "heights"], name => Assert.True(result!.Value.GetProperty(name).GetInt32() > 100, result.ToString()));
    }

    // One expression, which is what a page evaluates: the helpers, and then the function.
    private static string Function(string script)
    {
        int at = script.LastIndexOf("async ratio =>", StringComparison.Ordinal);
        return $"ratio => {{ {script[..at]} return ({script[at..]})(ratio); }}";
    }
}
