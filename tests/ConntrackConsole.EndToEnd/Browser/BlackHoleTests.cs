using System.Globalization;
using System.Text.Json.Nodes;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>End to end: a pod vanishes, its clients hang, an operator flushes its entries, the clients reconnect. With the mouse, with the keyboard alone, and on a phone.</summary>
public class BlackHoleTests(Chromium chromium)
{
    private const int MaxStops = 300;

    private bool _keyboard;

    [Fact]
    public Task BlackHole_SeenFlushedAndAudited_ThroughTheBrowser() => FlushAsync(1400);

    [Fact, Trait("Category", "Long")]
    public Task BlackHole_OnAPhone() => FlushAsync(390);

    [Fact, Trait("Category", "Long")]
    public Task BlackHole_WithTheKeyboardAlone()
    {
        _keyboard = true;
        return FlushAsync(1400);
    }

    private async Task FlushAsync(int width)
    {
        await using var lab = await RunningLab.StartAsync("--scenario", "blackhole", "--interval", "8", "--rollouts", "1");
        await using var tab = await chromium.OpenAsync((string)lab.Ready["url"]!, width);
        var page = tab.Page;
        var vanished = (await lab.EventsAsync("vanished", 1))[0];
        string ip = (string)vanished["ip"]!;
        await lab.EventsAsync("rollout-done", 1);
        var hung = await lab.HungAsync(ip);
        Assert.True((await EntriesAsync(lab, ip)).Sum() >= hung.Count);

        // The page shows the terminated pod with stale entries.
        var row = page.Locator($"[data-testid=pod-row][data-pod-ip='{ip}']");
        await Assertions.Expect(row).ToHaveAttributeAsync("data-stale", hung.Count.ToString(CultureInfo.InvariantCulture));
        await Assertions.Expect(row).ToContainTextAsync("gone");
        await Assertions.Expect(page.GetByTestId("headline")).ToContainTextAsync((string)vanished["pod"]!);
        Assert.Empty((await page.RunAxe()).Violations);

        // The flush: one click on a preview with a suggested reason.
        // A row that moves between press and release gets no click: people click again.
        var panel = page.GetByTestId("pod-panel");
        await Eventually.TrueAsync(async () =>
        {
            await ActAsync(row.GetByRole(AriaRole.Button));
            await panel.WaitForAsync(new LocatorWaitForOptions { Timeout = 10_000 });
            return true;
        });
        await ActAsync(page.GetByTestId("flush"));
        await Assertions.Expect(page.GetByTestId("preview-entry").First).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByTestId("verdict")).ToHaveAttributeAsync("data-decision", "Allow");
        await Assertions.Expect(page.GetByTestId("confirm")).ToBeInViewportAsync();
        await Assertions.Expect(page.GetByTestId("reason")).ToBeInViewportAsync();
        Assert.Contains(ip, await page.GetByTestId("reason").InputValueAsync(), StringComparison.Ordinal);
        Assert.Empty((await page.RunAxe()).Violations);
        // A preview expires after a minute: on a busy machine that is less than the checks of the page take.
        if (await page.GetByTestId("again").IsVisibleAsync())
            await ActAsync(page.GetByTestId("again"));
        await Assertions.Expect(page.GetByTestId("confirm")).ToBeEnabledAsync();
        int entries = await page.GetByTestId("preview-entry").CountAsync();
        int listed = await page.GetByTestId("preview-node").CountAsync();
        double flushedAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        await ActAsync(page.GetByTestId("confirm"));
        await Assertions.Expect(page.GetByTestId("outcome")).ToHaveAttributeAsync("data-state", "Completed");
        double doneAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        Assert.Equal(listed, await page.GetByTestId("outcome-node").CountAsync());
        Assert.Empty((await page.RunAxe()).Violations);
        Assert.All(await EntriesAsync(lab, ip), left => Assert.Equal(0, left));

        // Each client that hung is reset by a live pod and reconnects at its next retransmission.
        foreach (var connection in hung)
        {
            double hangingFor = doneAt - ((double)connection["t"]! - (double)connection["seconds"]!);
            var reset = await lab.EventAsync("client-reset", e => Same(e, connection, "local"));
            var back = await lab.EventAsync("client-connected", e => Same(e, connection, "pod") && (double)e["t"]! > (double)reset["t"]!);
            Assert.NotEqual((string)connection["backend"]!, (string)back["backend"]!);
            Assert.InRange((double)reset["t"]!, flushedAt, doneAt + hangingFor + 5);
        }

        // Audit: who, what, where, why, result.
        await ActAsync(page.GetByTestId("outcome-action"));
        var done = page.GetByTestId("action-panel");
        await Assertions.Expect(done).ToHaveAttributeAsync("data-state", "Completed");
        await Assertions.Expect(done.GetByTestId("preview-entry")).ToHaveCountAsync(entries);
        await Assertions.Expect(done.GetByTestId("outcome-panel")).ToBeVisibleAsync();
        Assert.Empty((await page.RunAxe()).Violations);
        await ActAsync(done.GetByTestId("action-audit"));
        await Assertions.Expect(page.Locator("[data-testid=audit-row]:not([data-what='flush.measured'])")).ToHaveCountAsync(4);
        var audit = await page.GetByTestId("audit-row").EvaluateAllAsync<string[]>("rows => rows.map(row => row.dataset.what)");
        // The outcome monitor adds its own row when the measurement ends.
        Assert.Equal(["flush.approved", "flush.completed", "flush.previewed", "flush.requested"], audit.Except(["flush.measured"]).Order());
        var completed = page.Locator("tr:has([data-testid=audit-row][data-what='flush.completed'])");
        foreach (string part in (string[])["olivia", ip, "node1", "node2", "node3", "Completed"])
            await Assertions.Expect(completed).ToContainTextAsync(part);
        Assert.Empty((await page.RunAxe()).Violations);

        await ExpectOnTheTimelineAsync(page, ip);
    }

    // By keyboard: the flush and the finding are among the timeline's events, with words that can be seen, and Enter opens the page of the flush.
    private static async Task ExpectOnTheTimelineAsync(IPage page, string ip)
    {
        await page.GotoAsync(new Uri(new Uri(page.Url), "/?range=15m").ToString());
        var chart = page.GetByTestId("timeline");
        await Assertions.Expect(page.GetByTestId("headline")).ToBeVisibleAsync();
        await chart.FocusAsync();
        var seen = new HashSet<string>();
        string text = "";
        await Eventually.TrueAsync(
            async () =>
            {
                await page.Keyboard.PressAsync("ArrowLeft");
                text = await chart.Locator("[data-readout]").TextContentAsync() ?? "";
                seen.Add(text);
                return text.Contains($"Flush of {ip}", StringComparison.Ordinal);
            }, RunningLab.StepTimeout, () => string.Join('\n', seen), "the flush is an event of the timeline");
        await Assertions.Expect(page.GetByTestId("chart-tip")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByTestId("chart-tip")).ToContainTextAsync($"Flush of {ip}");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByTestId("action-panel")).ToHaveAttributeAsync("data-state", "Completed");
    }

    // With the keyboard: Tab until it has the focus, then Enter.
    private async Task ActAsync(ILocator target)
    {
        if (!_keyboard)
        {
            await target.ClickAsync();
            return;
        }

        await Assertions.Expect(target).ToBeEnabledAsync();
        for (int stop = 0; stop < MaxStops && !await target.EvaluateAsync<bool>("element => element === document.activeElement"); stop++)
            await target.Page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(target).ToBeFocusedAsync();
        await target.Page.Keyboard.PressAsync("Enter");
    }

    /// <summary>conntrack -L -r IP on each node: how many lines.</summary>
    private static async Task<int[]> EntriesAsync(RunningLab lab, string ip)
    {
        var counts = new List<int>();
        for (int node = 1; node <= 3; node++)
            counts.Add((await lab.ConntrackAsync(node, "-L", "-r", ip)).Split('\n').Count(line => line.Contains("src=", StringComparison.Ordinal)));
        return [.. counts];
    }

    private static bool Same(JsonNode a, JsonNode b, string key) => (string?)a[key] == (string?)b[key];
}
