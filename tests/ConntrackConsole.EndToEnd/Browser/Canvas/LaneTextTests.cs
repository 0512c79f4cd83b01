using System.Text.Json;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Canvas;

/// <summary>What the lanes say in words: never "none" where nothing is known, the same name for the same thing in every window, and readable wherever it is.</summary>
public class LaneTextTests(Chromium chromium)
{
    // A timeline of 300 s, 1400 pixels wide. textsOf draws a view and returns the texts, in the order in which they are drawn.
    private const string Chart = """
        const { create } = await import("./js/timeline.js");
        document.body.innerHTML = `<div id="chart" tabindex="0" style="position:relative;width:1400px;margin:0"><canvas></canvas><canvas></canvas><div data-readout></div><div data-tip hidden></div></div>`;
        const host = document.getElementById("chart"), columns = 300, began = Date.UTC(2027, 0, 15, 10, 0, 0), row = value => new Int32Array(columns).fill(value);
        const chart = create(host, { invokeMethodAsync: async () => {} }, { zone: "utc", selected: {} });
        const none = Object.fromEntries(["notReady", "terminating", "removed", "rulesFirst", "rulesLast", "stop", "reused", "grace"].map(key => [key, null]));
        const pod = (name, at, more) => ({ ...none, uid: name, pod: name, ip: "10.0.0.5", node: "n1", cause: "R", causeName: "rollout", rollout: 0, started: at, requested: at, finished: at + 2e3, deleted: at + 9e3, over: at + 9e3, exit: 1, exitText: "exit 0", stale: 0, ...more });
        const viewAt = (second, more) => {
          const from = began + second * 1000;
          return {
            version: second, from, to: from + columns * 1000, step: 1000, columns, now: from + columns * 1000 - 500, live: true, noData: false, hidden: 0, services: [], rollouts: [], hiddenRollouts: 0,
            terminations: [], hiddenTerminations: 0, resets: [row(0), row(0), row(0)], gaps: [], restarts: [], counters: null, ...more,
          };
        };
        const drawn = [], context = CanvasRenderingContext2D.prototype, { fillText, strokeText, stroke } = context;
        const note = (kind, ctx, text, x, y) => {
          const width = ctx.measureText(text).width, left = ctx.textAlign === "right" ? x - width : ctx.textAlign === "center" ? x - width / 2 : x;
          drawn.push({ kind, text, x: left, end: left + width, y, colour: ctx.fillStyle });
        };
        context.fillText = function (text, x, y, ...rest) { note("text", this, text, x, y); return fillText.call(this, text, x, y, ...rest); };
        context.strokeText = function (text, x, y, ...rest) { note("halo", this, text, x, y); return strokeText.call(this, text, x, y, ...rest); };
        context.stroke = function (...rest) { drawn.push({ kind: "line", text: "" }); return stroke.apply(this, rest); };
        const show = view => { chart.measure(); chart.show(view); cancelAnimationFrame(chart.frame); };
        const draw = view => { show(view); drawn.length = 0; chart.layout(); return [...drawn]; };
        const textsOf = view => draw(view).filter(item => item.kind === "text").map(item => item.text);
        """;

    [Fact]
    public async Task Crosshair_AtAnEventChosenByKey_StaysThereWhileTheViewMoves()
    {
        var result = await EvaluateAsync("""
            const terminations = [pod("shop-1", began + 100e3)], seen = [];
            const pill = () => seen.push(...drawn.filter(item => /^\d\d:\d\d:\d\dZ$/.test(item.text)).map(item => item.text), `${Math.round(chart.cursor - chart.geo.x(began + 100e3))} px beside it`);
            draw(viewAt(0, { terminations }));
            host.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
            for (const second of [0, 3, 7, 40]) {
              show(viewAt(second, { terminations }));
              drawn.length = 0;
              chart.drawOver(); // A frame before the layout of the new view.
              pill();
              drawn.length = 0;
              chart.layout();
              pill();
            }
            return { chosen: [host.querySelector("[data-readout]").textContent.slice(0, 9)], seen };
            """);

        Assert.Equal(["10:01:40Z"], Texts(result, "chosen"));
        Assert.Equal(Enumerable.Repeat((string[])["10:01:40Z", "0 px beside it"], 8).SelectMany(pair => pair), Texts(result, "seen"));
    }

    [Fact]
    public async Task Lanes_WithoutStoredData_AreUnknown_NotEmpty()
    {
        var result = await EvaluateAsync("""
            const services = [{ key: "s", title: "shop/orders", address: "10.96.0.1:80", backends: [{ ip: "10.1.0.5", label: "orders-1", state: "active", entries: row(4), stale: row(0), closing: row(0) }] }];
            return { unknown: textsOf(viewAt(0, { noData: true, live: false, now: began + 9e6, resets: [row(-1), row(-1), row(-1)] })), known: textsOf(viewAt(0, { services })) };
            """);

        string[] unknown = Texts(result, "unknown"), known = Texts(result, "known");
        Assert.Equal(3, unknown.Count(text => text == "unknown"));
        Assert.Contains("No data is stored for this range.", unknown);
        Assert.DoesNotContain(unknown, text => text.Contains("in range", StringComparison.Ordinal) || text.StartsWith("No pod", StringComparison.Ordinal));
        Assert.Equal(3, known.Count(text => text == "0 in range"));
        Assert.Contains("No pod terminated in this range.", known);
    }

    /// <summary>The other nodes' entries are known, those of the silent one are not: what is drawn is not the whole.</summary>
    [Fact]
    public async Task ServiceLane_WhileANodeIsSilent_IsHatched()
    {
        var result = await EvaluateAsync("""
            const backend = { ip: "10.1.0.5", label: "orders-1", state: "active", entries: row(4), stale: row(0), closing: row(0) };
            const services = [{ key: "s", title: "shop/orders", address: "10.96.0.1:80", backends: [backend] }];
            const hatched = gaps => { draw(viewAt(0, { services, gaps })); const at = chart.lanes.find(lane => lane.title === "shop/orders").hatched; return `${at.indexOf(1)}–${at.lastIndexOf(1)}, ${at.reduce((sum, value) => sum + value, 0)}`; };
            return { silent: hatched([{ node: "node-b", kind: 5, text: "silent", from: began + 20e3, to: began + 50e3 }]), whole: hatched([]) };
            """);

        Assert.Equal("20–49, 30", result.GetProperty("silent").GetString());
        Assert.Equal("-1–-1, 0", result.GetProperty("whole").GetString());
    }

    /// <summary>People say it to each other: a text that counts the rollouts of a window is of another one a minute later.</summary>
    [Fact]
    public async Task Rollout_InAnotherWindow_HasTheSameTexts()
    {
        var result = await EvaluateAsync("""
            const { numbered } = await import("./js/view.js");
            const rollout = (id, label, at) => ({ id, label, namespace: "shop", state: 1, rollback: false, started: at, surged: null, stuck: null, closed: at + 20e3 });
            const first = rollout("d1/4", "checkout 3 → 4", began + 30e3), second = rollout("d2/8", "cart 7 → 8", began + 200e3);
            const of = (rollouts, at, number) => textsOf(viewAt(at, { rollouts: numbered(rollouts), terminations: [pod("cart-1", began + 205e3, { rollout: number })] })).filter(text => /^#|→/.test(text) && text !== "started → finished" && text !== "requested → deleted");
            const tipOf = () => { const lane = chart.lanes.find(lane => lane.title === "Rollouts"), place = lane.placed.find(place => place.item.id === "d2/8"); return lane.tip(chart.geo.x(place.item.started) + 3, lane.y + 3 + place.row * lane.row + 8, 0, chart.geo).title; };
            const both = of([first, second], 0, 2), bothTip = tipOf(), one = of([second], 100, 1), oneTip = tipOf();
            return { both: both.filter(text => !text.includes("checkout")), one, bothTip: [bothTip], oneTip: [oneTip] };
            """);

        Assert.Equal(Texts(result, "one"), Texts(result, "both"));
        Assert.Equal(Texts(result, "oneTip"), Texts(result, "bothTip"));
        Assert.Equal(["cart 7 → 8", "7 → 8"], Texts(result, "one"));
    }

    [Fact]
    public async Task Names_AreDrawnOverTheNowLineWithAHalo_AndGapTextsShareNoPlace()
    {
        var result = await EvaluateAsync("""
            let state = 5;
            const random = () => { state = (state * 1103515245 + 12345) % 2147483648; return state / 2147483648; };
            let names = 0, texts = 0;
            for (let round = 0; round < 200; round++) {
              const gaps = Array.from({ length: 1 + Math.floor(random() * 6) }, () => { const at = began + random() * 280e3; return { node: `node-${Math.floor(random() * 3)}`, kind: 5, text: "no frames arrived from the collector", from: at, to: at + random() * 60e3 }; }).sort((a, b) => a.from - b.from);
              const all = draw(viewAt(0, { gaps, terminations: [pod(`shop-${round}`, began + 270e3 + random() * 20e3)] })), lines = all.findLastIndex((item, index) => item.kind === "line" && all.slice(index).some(later => later.text === "Terminating pods"));
              const name = all.findIndex(item => item.kind === "text" && item.text.endsWith(`shop-${round}`));
              if (name < 0 || name < lines || all[name - 1].kind !== "halo" || all[name - 1].text !== all[name].text) return { fault: `round ${round}: the name is under the now-line or has no halo` };
              names++;
              const shown = all.filter(item => item.kind === "text" && item.text.includes("no frames"));
              for (const item of shown) {
                if (item.x < chart.geo.left - 1 || item.end > chart.width) return { fault: `round ${round}: "${item.text}" from ${item.x} to ${item.end}` };
                const other = shown.find(text => text !== item && text.y === item.y && text.x < item.end && text.end > item.x);
                if (other) return { fault: `round ${round}: "${item.text}" and "${other.text}" at ${item.x} and ${other.x}` };
                texts++;
              }
            }
            return { fault: "", names, texts };
            """);

        Assert.Equal("", result.GetProperty("fault").GetString());
        Assert.Equal(200, result.GetProperty("names").GetInt32());
        Assert.InRange(result.GetProperty("texts").GetInt32(), 200, 2000);
    }

    private static string[] Texts(JsonElement result, string name) => [.. result.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];

    private async Task<JsonElement> EvaluateAsync(string script)
    {
        await using var tab = await ScriptPage.OpenAsync(chromium);
        return (await tab.Page.EvaluateAsync<JsonElement>($"async () => {{ {Chart}\n{script} }}")).Clone();
    }
}
