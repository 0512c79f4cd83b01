using System.Text.Json;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>What the nodes counted, as the canvas draws and explains it: nothing where nothing is known, and the same words for the mouse and the arrow keys.</summary>
public class CounterLaneTests(Chromium chromium)
{
    // Two minutes in steps of a second: INVALID packets and drops within ten seconds, a lag of kube-proxy with failed syncs, a table that fills up; the
    // last twenty seconds are unknown. Returns what is drawn in each lane, and the texts.
    private const string Draw = """
        async width => {
          const { create } = await import("./js/timeline.js");
          document.body.innerHTML = `<div id="chart" tabindex="0" style="position:relative"><canvas></canvas><canvas></canvas><div data-readout></div><div data-tip hidden></div></div>`;
          const host = document.getElementById("chart");
          host.style.width = `${width}px`;
          const columns = 120, from = 1.7e12, row = (value, change) => { const values = new Int32Array(columns).fill(value); change?.(values); values.fill(-1, 100); return values; };
          const view = {
            version: 1, from, to: from + columns * 1000, step: 1000, columns, now: from + 1e6, live: false, noData: false, hidden: 0, services: [], rollouts: [], hiddenRollouts: 0,
            terminations: [], hiddenTerminations: 0, resets: [0, 1, 2].map(() => new Int32Array(columns)), gaps: [], restarts: [],
            counters: {
              rates: [row(0, values => values.fill(4200, 10, 20)), row(0), row(0, values => values.fill(100, 10, 20)), row(0), row(0)],
              gauges: [row(300, values => values.fill(912, 40, 60)), row(0), row(0, values => values.fill(7000, 20, 40)), row(1)],
              names: ["node-a", "node-b"], failures: [{ at: from + 30000, node: "node-b", count: 2 }],
            },
          };
          const chart = create(host, { invokeMethodAsync: async () => {} }, { zone: "utc", selected: {} });
          chart.measure();
          chart.show(view);
          cancelAnimationFrame(chart.frame);
          chart.layout();
          const of = CanvasRenderingContext2D.prototype, fillRect = of.fillRect, found = {};
          for (const title of ["INVALID and drops", "kube-proxy sync", "Table use"]) {
            const lane = chart.lanes.find(candidate => candidate.title === title), middle = lane.y + lane.h / 2;
            const solid = [];
            of.fillRect = function (x, y, w, h) { if (typeof this.fillStyle === "string" && x < chart.geo.left + chart.geo.plot) solid.push(x + w); return fillRect.call(this, x, y, w, h); };
            lane.draw(chart.base.getContext("2d"), chart.geo, chart.paint, view, chart.selection);
            of.fillRect = fillRect;
            const tip = column => { chart.pointed(chart.geo.x(from + column * 1000 + 500), middle); return chart.tip.element.hidden ? null : chart.tip.element.textContent; };
            found[title] = {
              isInUnknown: solid.some(x => x > chart.geo.columnX(100) + 2), tips: [5, 15, 30, 50, 110].map(tip), sub: lane.sub,
              values: [5, 15, 30, 50, 110].map(column => lane.values(column, view).map(value => value.text).join("; ")),
            };
          }
          const sync = chart.lanes.find(lane => lane.title === "kube-proxy sync");
          chart.pointed(chart.geo.x(from + 30000), sync.y + 6);
          found.failed = chart.tip.element.textContent;
          found.order = chart.lanes.map(lane => lane.title);
          found.steps = [];
          for (let step = 0; step < 12; step++) {
            host.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
            found.steps.push(chart.readout.textContent);
          }
          chart.dispose();
          return JSON.stringify(found);
        }
        """;

    [Theory]
    [InlineData(1400)]
    [InlineData(390)]
    public async Task Lanes_OfCounters_AreExplainedInWords_AndUnknownIsNeverDrawn(int width)
    {
        await using var tab = await ScriptPage.OpenAsync(chromium, width);

        var found = JsonDocument.Parse(await tab.Page.EvaluateAsync<string>(Draw, width)).RootElement;

        string[] titles = ["INVALID and drops", "kube-proxy sync", "Table use"];
        Assert.All(titles, title => Assert.False(found.GetProperty(title).GetProperty("isInUnknown").GetBoolean(), title));
        // What is not known is not said to be calm.
        Assert.All(titles, title => Assert.EndsWith(", with gaps", found.GetProperty(title).GetProperty("sub").GetString()!.Replace(", 2 failed", ""), StringComparison.Ordinal));
        Assert.All(titles, title => Assert.Equal("unknown", found.GetProperty(title).GetProperty("values")[4].GetString()));
        string?[] order = [.. found.GetProperty("order").EnumerateArray().Select(title => title.GetString())];
        Assert.Equal(["Resets, other", .. titles], order[^4..]);

        string?[] Tips(string title) => [.. found.GetProperty(title).GetProperty("tips").EnumerateArray().Select(tip => tip.GetString())];
        Assert.Equal(
            [null, "4.3 a second4.2/s INVALID packets, which conntrack could not assign0.1/s packets dropped because no entry could be created22:13:30Zfrom22:13:40Zto", null, null, null],
            Tips("INVALID and drops"));
        Assert.Equal("The rules of node-b are 7 s late22:13:50Zfrom22:14:00Zto", Tips("kube-proxy sync")[2]);
        Assert.StartsWith("91 % of nf_conntrack_max on node-a", Tips("Table use")[3], StringComparison.Ordinal);
        Assert.Null(Tips("Table use")[4]);
        Assert.Contains("2 on node-b within 10 s", found.GetProperty("failed").GetString(), StringComparison.Ordinal);

        string steps = string.Join('\n', found.GetProperty("steps").EnumerateArray().Select(step => step.GetString()).Distinct());
        Assert.Equal(
            """
            22:13:30Z INVALID 4.2 a second, drop 0.1 a second, within 10 s
            22:13:40Z kube-proxy's rules begin to lag, up to 7 s on node-b
            22:13:50Z 2 syncs of kube-proxy failed on node-b within 10 s
            22:14:00Z conntrack table of node-a at 91 % of its limit
            22:14:20Z every conntrack table below 80 % again
            """, steps);
    }
}
