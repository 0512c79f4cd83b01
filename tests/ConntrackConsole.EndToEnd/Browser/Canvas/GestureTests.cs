using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser.Canvas;

/// <summary>Mouse, touch and wheel on the timeline: which range they choose, what they open, and the words of a mark.</summary>
public class GestureTests(Chromium chromium)
{
    // A timeline of 300 s, 1400 pixels wide: its plot begins at 180 and is 1008 pixels wide. The calls to the page are kept in window.calls.
    private const string Create = """
        async () => {
          const { create } = await import("./js/timeline.js");
          document.body.innerHTML = `<div id="chart" tabindex="0" style="position:relative;width:1400px;margin:0"><canvas style="position:absolute;inset:0"></canvas><canvas id="over" style="position:absolute;inset:0"></canvas><div data-readout></div><div data-tip hidden style="position:absolute"></div></div>`;
          document.body.style.margin = 0;
          window.calls = [];
          const chart = window.chart = create(document.getElementById("chart"), { invokeMethodAsync: async (...call) => { window.calls.push(call); } }, { zone: "utc", selected: {} });
          const from = Date.UTC(2027, 0, 15, 10, 0, 0), columns = 300, none = Object.fromEntries(["notReady", "terminating", "removed", "rulesFirst", "rulesLast", "stop", "reused", "grace"].map(key => [key, null]));
          chart.show({
            version: 1, from, to: from + 300e3, step: 1000, columns, now: from + 3600e3, live: false, noData: false, hidden: 0, services: [], rollouts: [], hiddenRollouts: 0, hiddenTerminations: 0,
            terminations: [{ ...none, uid: "u1", pod: "shop-1", ip: "10.0.0.5", node: "n1", cause: "R", causeName: "rollout", rollout: 0, started: from + 100e3, requested: from + 100e3, finished: from + 102e3, deleted: from + 200e3, over: from + 200e3, exit: 1, exitText: "exit 0", stale: 0 }],
            resets: [0, 1, 2].map(() => new Int32Array(columns)), gaps: [], restarts: [],
          });
          chart.note({ findings: [{ fromMs: from + 50e3, toMs: null, label: "M4: shop/shop", tone: "bad", href: "/findings/finding-1", moments: [{ atMs: from + 50e3, text: "5 of 5 hang" }] }], actions: [], settings: [] });
          cancelAnimationFrame(chart.frame);
          chart.layout();
          return chart.lanes.map(lane => [lane.title, lane.y + lane.h / 2]);
        }
        """;

    private const double From = 1_800_007_200_000;

    [Fact]
    public async Task Gestures_ChooseTheirRange_AndOpenWhatIsUnderThem()
    {
        await using var tab = await ScriptPage.OpenAsync(chromium);
        var page = tab.Page;
        var lanes = (await page.EvaluateAsync<System.Text.Json.JsonElement>(Create)).EnumerateArray().ToDictionary(lane => lane[0].GetString()!, lane => (float)lane[1].GetDouble());
        float pods = lanes["Terminating pods"], findings = lanes["Findings"];

        // A click on what was found opens its page; on a pod, its panel.
        await page.Mouse.ClickAsync(X(60), findings);
        Assert.Equal(["SpanPicked", "/findings/finding-1"], await LastCallAsync(page));
        await page.Mouse.ClickAsync(X(150), pods);
        Assert.Equal(["Picked", "10.0.0.5", "u1"], await LastCallAsync(page));

        // Two marks in one place, with their times; one alone; and the bar between them has all.
        await page.Mouse.MoveAsync(X(101), pods);
        Assert.Equal("shop-1 on n1|10:01:40Z|deletion requested (rollout)|10:01:42Z|container finished (exit 0)", await TipAsync(page));
        await page.Mouse.MoveAsync(X(200), pods);
        Assert.Equal("shop-1 on n1|10:03:20Z|deleted", await TipAsync(page));
        await page.Mouse.MoveAsync(X(150), pods);
        Assert.EndsWith("|10:03:20Z|deleted", await TipAsync(page), StringComparison.Ordinal);
        await page.Mouse.MoveAsync(X(20), pods);
        Assert.Null(await TipAsync(page));

        // A dragged range is zoomed into; with Shift it moves.
        await DragAsync(page, X(100), X(200), pods);
        await AssertRangeAsync(page, 100, 200);
        await page.Keyboard.DownAsync("Shift");
        await DragAsync(page, X(100), X(160), pods);
        await page.Keyboard.UpAsync("Shift");
        await AssertRangeAsync(page, -60, 240);

        // The wheel alone belongs to the page; with Ctrl the time under the pointer stays there.
        await page.EvaluateAsync("() => { chart.preview(null); calls.length = 0; }");
        Assert.True(await WheelAsync(page, ctrl: false));
        Assert.False(await WheelAsync(page, ctrl: true));
        await page.WaitForFunctionAsync("() => calls.length > 0");
        var (name, from, to) = await RangeAsync(page);
        Assert.Equal("RangeChosen", name);
        Assert.True(to - from < 300, $"{from} to {to}");
        Assert.Equal(0.25, (75 - from) / (to - from), 0.01);

        // Two fingers: what each held stays under it.
        await page.EvaluateAsync("() => { chart.preview(null); calls.length = 0; }");
        foreach (var (kind, finger, second) in ((string, int, double)[])[("down", 1, 100), ("down", 2, 200), ("move", 1, 50), ("move", 2, 250), ("up", 1, 50), ("up", 2, 250)])
        {
            await page.EvaluateAsync(
                "([kind, finger, x, y]) => document.getElementById('over').dispatchEvent(new PointerEvent('pointer' + kind, { pointerId: finger, pointerType: 'touch', clientX: x, clientY: y, button: 0, bubbles: true }))",
                new object[] { kind, finger, (double)X(second), (double)pods });
        }

        await AssertRangeAsync(page, 75, 225);
        Assert.Equal(1, await page.EvaluateAsync<int>("() => calls.filter(call => call[0] === 'RangeChosen').length"));
    }

    // Seconds of the view to pixels.
    private static float X(double second) => (float)(180 + (second / 300 * 1008));

    private static Task<string[]> LastCallAsync(IPage page) => page.EvaluateAsync<string[]>("() => calls.at(-1)");

    private static Task<string?> TipAsync(IPage page) => page.EvaluateAsync<string?>(
        "() => { const tip = document.querySelector('[data-tip]'); return tip.hidden ? null : [...tip.children].flatMap(row => [...row.childNodes].map(node => node.textContent)).join('|'); }");

    private static async Task DragAsync(IPage page, float from, float to, float y)
    {
        await page.Mouse.MoveAsync(from, y);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync((from + to) / 2, y);
        await page.Mouse.MoveAsync(to, y);
        await page.Mouse.UpAsync();
        await page.EvaluateAsync("() => chart.preview(null)");
    }

    // Whether the page may scroll.
    private static Task<bool> WheelAsync(IPage page, bool ctrl) => page.EvaluateAsync<bool>(
        "([ctrl, x]) => document.getElementById('over').dispatchEvent(new WheelEvent('wheel', { deltaY: -120, ctrlKey: ctrl, clientX: x, clientY: 60, cancelable: true, bubbles: true }))",
        new object[] { ctrl, (double)X(75) });

    private static async Task<(string Name, double From, double To)> RangeAsync(IPage page)
    {
        var call = await page.EvaluateAsync<System.Text.Json.JsonElement>("() => calls.at(-1)");
        return (call[0].GetString()!, (call[1].GetDouble() - From) / 1000, (call[2].GetDouble() - From) / 1000);
    }

    private static async Task AssertRangeAsync(IPage page, double from, double to)
    {
        var range = await RangeAsync(page);
        Assert.Equal("RangeChosen", range.Name);
        Assert.Equal(from, range.From, 1.0);
        Assert.Equal(to, range.To, 1.0);
    }
}
