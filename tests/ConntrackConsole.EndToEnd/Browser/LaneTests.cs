using System.Text.RegularExpressions;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>The lanes of the chart, its legend, and where the chart is on a phone's first screen.</summary>
public class LaneTests(Chromium chromium)
{
    private const string Titles = """
        async lanes => {
          const { create } = await import("./js/timeline.js");
          document.body.innerHTML = `<div id="chart" tabindex="0" style="position:relative;width:1200px"><canvas></canvas><canvas></canvas><div data-readout></div><div data-tip hidden></div></div>`;
          const calls = [], columns = 60, from = 1.7e12;
          const chart = create(document.getElementById("chart"), { invokeMethodAsync: async (...call) => { calls.push(call.join(" ")); } }, { zone: "utc", selected: {}, lanes });
          chart.measure();
          chart.show({
            version: 1, from, to: from + columns * 1000, step: 1000, columns, now: from + 1e6, live: false, noData: false, hidden: 0, services: [], rollouts: [], hiddenRollouts: 0,
            terminations: [], hiddenTerminations: 0, resets: [0, 1, 2].map(kind => new Int32Array(columns).fill(kind === 1 ? 1 : 0)), restarts: [],
            gaps: [{ node: "node-a", kind: 5, text: "silent", from: from + 5000, to: from + 9000 }], counters: null,
          });
          cancelAnimationFrame(chart.frame);
          chart.layout();
          const shown = [chart.lanes.map(lane => lane.title).join(), chart.height, chart.events.length];
          const collapsed = chart.lanes.find(lane => lane.name);
          if (collapsed) chart.clicked(chart.geo.left + 20, collapsed.y + 5);
          chart.dispose();
          return `${shown.join(" | ")} | ${calls.filter(call => call.startsWith("Lane")).join()}`;
        }
        """;

    [Fact]
    public async Task Canvas_DrawsTheChosenLanes_InTheirOrder_AndAClickExpandsOne()
    {
        await using var tab = await ScriptPage.OpenAsync(chromium);

        Task<string> DrawAsync(params object[]? lanes) => tab.Page.EvaluateAsync<string>(Titles, lanes);

        Assert.StartsWith("Terminating pods,Resets, un-NATed,Resets, from backend,Resets, other,Gaps | ", await DrawAsync(null), StringComparison.Ordinal);
        Assert.StartsWith("Gaps,Terminating pods | ", await DrawAsync(new { name = "gaps", collapsed = false }, new { name = "pods", collapsed = false }), StringComparison.Ordinal);
        string collapsed = await DrawAsync(new { name = "resets", collapsed = true }, new { name = "gaps", collapsed = false });
        Assert.StartsWith("Resets,Gaps | ", collapsed, StringComparison.Ordinal);
        // The arrow keys step through what a collapsed lane has, too.
        Assert.EndsWith(" | 61 | LaneExpanded resets", collapsed, StringComparison.Ordinal);
        Assert.Contains(" | 1 | ", await DrawAsync(new { name = "gaps", collapsed = false }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(390, ColorScheme.Dark)]
    [InlineData(1400, ColorScheme.Light)]
    public async Task Panel_ChoosesMovesAndCollapsesLanes_WithTheKeyboard(int width, ColorScheme scheme)
    {
        await using var host = await StartAsync();
        await using var tab = await OpenAsync(host, width, scheme);
        var (page, panel) = (tab.Page, tab.Page.GetByTestId("lanes"));
        await page.GetByTestId("lanes-open").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        var proxy = page.GetByTestId("lane-proxy");
        await Assertions.Expect(proxy).ToBeCheckedAsync();
        await CheckAsync(page);
        var box = (await panel.BoundingBoxAsync())!;
        Assert.True(box.X >= 0 && box.X + box.Width <= width && box.Y >= 0 && box.Y + box.Height <= 844, $"the panel is at {box.X}, {box.Y}: {box.Width} x {box.Height} pixels");

        await PressAsync(proxy, "Space");
        await Assertions.Expect(proxy).Not.ToBeCheckedAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("[?&]lanes=findings"));
        await Assertions.Expect(page).Not.ToHaveURLAsync(new Regex("proxy"));
        await PressAsync(page.GetByTestId("collapse-resets"), "Enter");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("services(,|%2C)-resets"));
        await PressAsync(page.GetByTestId("up-resets"), "Enter");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("-resets(,|%2C)services"));

        // Only the buttons of lanes that are shown do something.
        await Assertions.Expect(page.GetByTestId("up-proxy")).ToBeDisabledAsync();
        await PressAsync(page.GetByTestId("lanes-default"), "Enter");
        await Assertions.Expect(page).Not.ToHaveURLAsync(new Regex("lanes="));
        await Assertions.Expect(page.GetByTestId("up-proxy")).ToBeEnabledAsync();

        // It was open all the time, and the focus returns to its button.
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(panel).ToBeHiddenAsync();
        await Assertions.Expect(page.GetByTestId("lanes-open")).ToBeFocusedAsync();

        async Task PressAsync(ILocator item, string key)
        {
            await item.FocusAsync();
            await page.Keyboard.PressAsync(key);
        }
    }

    [Theory]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(1400, ColorScheme.Dark)]
    public async Task Legend_OpensOverThePage_AndClosesWithEscape(int width, ColorScheme scheme)
    {
        await using var host = await StartAsync();
        await using var tab = await OpenAsync(host, width, scheme);
        var (page, legend) = (tab.Page, tab.Page.GetByTestId("legend"));
        await Assertions.Expect(legend).ToBeHiddenAsync();

        await page.GetByTestId("legend-open").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(legend).ToBeVisibleAsync();
        await Assertions.Expect(legend).ToContainTextAsync("insert_failed");
        await CheckAsync(page);
        var panel = (await legend.BoundingBoxAsync())!;
        Assert.True(panel.X >= 0 && panel.X + panel.Width <= width && panel.Y + panel.Height <= 844, $"the legend is at {panel.X}, {panel.Y}: {panel.Width} x {panel.Height} pixels");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(legend).ToBeHiddenAsync();
        await Assertions.Expect(page.GetByTestId("legend-open")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task Chart_OnAPhone_BeginsOnTheFirstScreen_AndALinkWithUnknownLanesIsExplained()
    {
        await using var host = await StartAsync();
        await using var tab = await OpenAsync(host, 390, ColorScheme.Light, "/?lanes=counters,dns,table");
        await Assertions.Expect(tab.Page.GetByTestId("unknown-lanes")).ToContainTextAsync("dns");

        var box = await tab.Page.GetByTestId("timeline").BoundingBoxAsync();
        Assert.True(box!.Y < 844 - 120, $"the chart begins at {box.Y} px");
        await CheckAsync(tab.Page);
    }

    // One node with a table that fills up, INVALID packets and drops.
    private static async Task<ConsoleHost> StartAsync()
    {
        var host = await ConsoleHost.StartAsync();
        var store = host.Get<TimelineStore>();
        long nowMs = host.NowMs;
        store.Connected(new Hello("node1", "0.1.0", "boot", "6.18", nowMs - 60_000, [], new Dictionary<string, string>()));
        for (int second = 0; second < 60; second++)
        {
            store.Apply("node1", nowMs - 60_000, new NodeFrame
            {
                Sequence = (ulong)second + 1, AtMs = nowMs - 60_000 + (second * 1_000), IsKey = second == 0, Counters = new Counters(second % 7 == 0 ? 3u : 0, second > 40 ? 1u : 0, 0, 0, (uint)(500 + (second * 8)), 1_000),
            });
        }

        return host;
    }

    private async Task<Tab> OpenAsync(ConsoleHost host, int width, ColorScheme scheme, string path = "/")
    {
        var tab = await chromium.OpenAsync($"{host.Url}/signin?token={ConsoleHost.SignInToken}", width, 844);
        await tab.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
        if (path != "/")
            await tab.Page.GotoAsync(host.Url + path);
        // The page shows its rows before its script listens to keys.
        await Assertions.Expect(tab.Page.Locator("html[data-shortcuts]")).ToHaveCountAsync(1);
        await Assertions.Expect(tab.Page.GetByTestId("legend-open")).ToBeVisibleAsync();
        return tab;
    }

    private static async Task CheckAsync(IPage page)
    {
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        Assert.Empty((await page.RunAxe()).Violations);
    }
}
