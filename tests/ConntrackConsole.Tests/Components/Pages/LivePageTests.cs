using System.Diagnostics;
using System.Runtime.CompilerServices;
using Bunit;
using Bunit.TestDoubles;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.Controls.Timeline.Notes;
using ConntrackConsole.Components.Pages;
using ConntrackConsole.Components.State;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

public sealed class LivePageTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Page_DeadPodWithEntries_IsTheHeadlineAndListed()
    {
        _console.AddDeadPod();

        var page = Open();

        page.WaitForAssertion(() => Assert.Equal("true", page.Find("[data-testid=headline]").GetAttribute("data-alarm")));
        Assert.Contains("3 entries still point to shop/orders-1", page.Find("h1").TextContent, StringComparison.Ordinal);
        var row = page.Find("[data-testid=pod-row][data-pod-ip='10.1.0.5']");
        Assert.Equal("Stale", row.GetAttribute("data-state"));
        Assert.Contains("gone", row.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_Table_HasTheSameDataInsteadOfTheChart_AndBothWaysAreInTheUrl()
    {
        _console.AddDeadPod();
        var page = Open("?view=table");

        page.WaitForAssertion(() => Assert.Contains("3 entries, 3 stale", page.Find("[data-testid=timeline-table]").TextContent, StringComparison.Ordinal));
        Assert.Contains("container finished", page.Find("[data-testid=timeline-table]").TextContent, StringComparison.Ordinal);
        Assert.Contains("view=table", page.Find("[data-testid=timeline-table] a[href*='uid=uid-1']").GetAttribute("href"), StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=timeline]"));

        await page.ClickAsync("view-table");
        page.WaitForElement("[data-testid=timeline]");
        Assert.DoesNotContain("view=", _console.Uri, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=timeline-table]"));
    }

    [Fact]
    public async Task Page_BlackHole_IsExplainedAboveTheChart_AndOpensTheFlushOfItsPod()
    {
        _console.AddDeadPod();
        for (ulong second = 2; second <= 15; second++)
        {
            _console.Clock.Advance(TimeSpan.FromSeconds(1));
            _console.Frame(second, 3, waiting: 3);
        }

        // Without current data the button is disabled.
        _console.Cluster.Confirm(_console.NowMs);
        _console.Get<FindingMonitor>().Round();
        var page = Open();

        page.WaitForAssertion(() => Assert.Equal("mechanism.black_hole", page.Find("[data-testid=finding]").GetAttribute("data-code")));
        await UntilAsync(() => _console.Chart.Invocations.Any(call => call.Identifier == "note"));
        var finding = Assert.Single(((ChartNotes)_console.Chart.Invocations.Last(call => call.Identifier == "note").Arguments[0]!).Findings);
        Assert.StartsWith("M4: shop/", finding.Label, StringComparison.Ordinal);
        Assert.StartsWith("/findings/finding-", finding.Href, StringComparison.Ordinal);
        var dialogs = _console.Context.Render<MudBlazor.MudDialogProvider>();
        page.WaitForElement("[data-testid=finding-flush]:not([disabled])");
        await page.ClickAsync("finding-flush");
        dialogs.WaitForAssertion(() => Assert.Equal("10.1.0.5", dialogs.FindComponent<ConntrackConsole.Components.Dialogs.FlushDialog>().Instance.PodIp));
    }

    [Fact]
    public async Task Page_Zoomed_CanGoBack_AndASelectionAddsNoStep()
    {
        _console.AddDeadPod();
        var page = Open();
        var nav = _console.Context.Services.GetRequiredService<BunitNavigationManager>();
        var chart = page.FindComponent<TimelineChart>().Instance;

        await page.InvokeAsync(() => chart.RangeChosen(1_800_000_000_000, 1_800_000_060_000));
        Assert.False(nav.History.First().Options.ReplaceHistoryEntry);
        await page.InvokeAsync(() => chart.Picked("10.1.0.5", null));
        Assert.Contains("pod=10.1.0.5", nav.Uri, StringComparison.Ordinal);
        Assert.True(nav.History.First().Options.ReplaceHistoryEntry);
        await page.InvokeAsync(chart.ZoomedOut);
        Assert.False(nav.History.First().Options.ReplaceHistoryEntry);
    }

    [Fact]
    public async Task Page_SpanThatItDidNotSend_IsNotOpened()
    {
        _console.AddDeadPod();
        var page = Open();
        string before = _console.Context.Services.GetRequiredService<NavigationManager>().Uri;

        await page.InvokeAsync(() => page.FindComponent<TimelineChart>().Instance.SpanPicked("https://elsewhere.example/"));

        Assert.Equal(before, _console.Context.Services.GetRequiredService<NavigationManager>().Uri);
    }

    [Fact]
    public async Task Page_NewFrame_IsDrawnFromOneByteArray()
    {
        _console.AddDeadPod();
        Open();
        await UntilAsync(() => _console.Draws.Invocations.Count > 0);
        int before = _console.Draws.Invocations.Count;

        _console.Frame(2, 4);

        await UntilAsync(() => _console.Draws.Invocations.Count > before);
        Assert.IsType<byte[]>(Assert.Single(_console.Draws.Invocations.Last().Arguments));
    }

    /// <summary>The whole view once, then what changed; the whole one again when the canvas has another version than the page believes.</summary>
    [Fact]
    public async Task Page_Refreshed_SendsWhatChanged_AndTheWholeViewToACanvasThatHasAnother()
    {
        _console.AddDeadPod();
        Open();
        await UntilAsync(() => _console.Draws.Invocations.Count > 3);
        Assert.Equal("CTV4", FormAt(0));
        await UntilAsync(() => FormAt(_console.Draws.Invocations.Count - 1) == "CTI2");

        _console.Drawn = -1;
        int before = _console.Draws.Invocations.Count;
        await UntilAsync(() => _console.Draws.Invocations.Count > before + 4);
        Assert.All(Enumerable.Range(before + 2, 3), draw => Assert.Equal("CTV4", FormAt(draw)));

        string FormAt(int draw) => System.Text.Encoding.ASCII.GetString((byte[])_console.Draws.Invocations.ElementAt(draw).Arguments[0]!, 0, 4);
    }

    [Fact]
    public async Task Page_Closed_Unsubscribes()
    {
        _console.AddDeadPod();
        Open();
        await UntilAsync(() => _console.Draws.Invocations.Count > 0);

        await _console.Context.DisposeComponentsAsync();
        int after = _console.Draws.Invocations.Count;
        _console.Frame(2, 5);
        _console.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(after, _console.Draws.Invocations.Count);
        Assert.Contains(_console.Chart.Invocations, call => call.Identifier == "dispose");
    }

    /// <summary>Its reading is cancelled, and must not be begun again: closing waited for a page that asked for ever.</summary>
    [Fact]
    public async Task Page_ClosedWhileItReadsHistory_Ends()
    {
        for (int closed = 0; closed < 20; closed++)
        {
            _console.Context.Services.GetRequiredService<NavigationManager>().NavigateTo($"/?from=2027-01-15T0{closed % 7}:00:00Z&to=2027-01-15T0{(closed % 7) + 1}:00:00Z");
            _console.Context.Render<LivePage>();
            await Task.Yield();
            await _console.Context.DisposeComponentsAsync().WaitAsync(TimeSpan.FromSeconds(30), Xunit.TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Chip_RolloutInTheUrl_IsShownAndCleared()
    {
        _console.AddDeadPod();
        _console.Context.Services.GetRequiredService<NavigationManager>().NavigateTo("/?rollout=d1/4");
        var page = _console.Context.Render<LivePage>();

        page.WaitForAssertion(() => Assert.Contains("not in this range", page.Find("[data-testid=rollout-chip]").TextContent, StringComparison.Ordinal));
        await page.ClickAsync("rollout-chip", "button");

        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=rollout-chip]")));
        Assert.DoesNotContain("rollout=", _console.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_PodSelected_OpensThePanelAndChangesTheUrl()
    {
        _console.AddDeadPod();
        var page = Open();
        await page.ClickAsync("pod-row", "button");

        await UntilAsync(() => page.FindAll("[data-testid=pod-panel]").Count > 0);

        Assert.Contains("pod=10.1.0.5", _console.Uri, StringComparison.Ordinal);
        Assert.Contains("conntrack -L -r 10.1.0.5", page.Find("[data-testid=pod-panel]").TextContent, StringComparison.Ordinal);
        Assert.False(page.Find("[data-testid=flush]").HasAttribute("disabled"));
    }

    [Fact]
    public async Task Page_ClusterDataStale_DisablesTheFlush()
    {
        _console.AddDeadPod();
        var page = Open("?pod=10.1.0.5");
        page.WaitForElement("[data-testid=flush]");

        _console.Clock.Advance(TimeSpan.FromSeconds(20));
        _console.Frame(2, 3);

        await UntilAsync(() => page.Find("[data-testid=flush]").HasAttribute("disabled"));
        Assert.Contains("cluster data is stale", page.Find("[data-testid=pod-panel]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_LiveKey_PausesAndResumes()
    {
        _console.AddDeadPod();
        var page = Open();
        page.WaitForElement("[data-testid=pod-row]");
        var keyboard = _console.Context.Services.GetRequiredService<Keyboard>();

        await page.InvokeAsync(() => keyboard.PressAsync("l"));
        Assert.Contains("live=0", _console.Uri, StringComparison.Ordinal);
        Assert.StartsWith("Paused", page.WaitForElement("[data-testid=paused]").TextContent, StringComparison.Ordinal);
        await page.InvokeAsync(() => keyboard.PressAsync("l"));

        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=paused]")));
        Assert.DoesNotContain("live=0", _console.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_RangeTyped_IsAnAbsoluteUrl()
    {
        _console.AddDeadPod();
        var page = Open();
        await page.ClickAsync("range-open");
        page.WaitForElement("[data-testid=range-from]").Change("2027-01-15 06:00");
        page.Find("[data-testid=range-to]").Change("2027-01-15 07:00:00");

        page.Find("[data-testid=range-form]").Submit();

        page.WaitForAssertion(() => Assert.Contains("from=2027-01-15T06%3A00%3A00.000Z&to=2027-01-15T07%3A00%3A00.000Z", _console.Uri, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Page_InvalidRange_ShowsExamples()
    {
        var page = Open();
        await page.ClickAsync("range-open");
        page.WaitForElement("[data-testid=range-from]").Change("yesterday");

        page.Find("[data-testid=range-form]").Submit();

        page.WaitForAssertion(() => Assert.Contains("\"From\" is not a valid time", page.Find("[data-testid=range-words]").TextContent, StringComparison.Ordinal));
        Assert.DoesNotContain("from=", _console.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_AllNodesObserveOnly_DisablesTheFlush()
    {
        _console.AddDeadPod();
        _console.Store.Connected(new Hello("node-a", "0.1.0", "boot", "6.12", _console.NowMs - 1000, [new Capability("commands", false, "")], new Dictionary<string, string>()));
        var page = Open("?pod=10.1.0.5");
        page.WaitForElement("[data-testid=flush]");

        await UntilAsync(() => page.FindAll("[data-testid=observe-only]").Count == 1 && page.Find("[data-testid=flush]").HasAttribute("disabled"));
        Assert.Contains("observe-only", page.Find("[data-testid=flush-words]").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?pod=10.1.0.5&uid=uid-1")]
    [InlineData("?live=0&pod=10.1.0.5")]
    [InlineData("?range=6h&pod=10.1.0.5")]
    public async Task Page_EachRefresh_ReadsTheStoreOnce(string query)
    {
        const int Refreshes = 4;
        _console.AddDeadPod();
        Open(query);
        await UntilAsync(() => _console.Draws.Invocations.Count > 0);
        (long reads, int draws) = (_console.Store.Reads, _console.Draws.Invocations.Count);

        await UntilAsync(() => _console.Draws.Invocations.Count >= draws + Refreshes);

        // One refresh may have read the store and not drawn yet.
        Assert.InRange(_console.Store.Reads - reads, Refreshes - 1, _console.Draws.Invocations.Count - draws + 1);
    }

    [Fact]
    public void Page_NoCollector_ShowsTheCommand()
    {
        var page = Open();

        Assert.Contains("conntrack-collector run --console", page.WaitForElement("[data-testid=no-collectors]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_NotInteractive_DisablesTheFlush()
    {
        _console.AddDeadPod();
        _console.Context.SetRendererInfo(new RendererInfo("Static", isInteractive: false));

        var page = Open("?pod=10.1.0.5");

        Assert.True(page.WaitForElement("[data-testid=flush]").HasAttribute("disabled"));
    }

    [Fact]
    public async Task Page_NotVisible_CostsNothing_AndCatchesUpAtOnce()
    {
        _console.AddDeadPod();
        var page = Open();
        await UntilAsync(() => _console.Draws.Invocations.Count > 1);
        var visibility = _console.Get<Visibility>();

        await page.InvokeAsync(() => visibility.Set(true));
        // One refresh may have begun before.
        _console.Clock.Advance(TimeSpan.FromSeconds(1));
        await Task.Delay(200, Xunit.TestContext.Current.CancellationToken);
        var (reads, calls, renders) = (_console.Store.Reads, _console.Chart.Invocations.Count, page.RenderCount);
        for (uint i = 0; i < 50; i++)
        {
            _console.Clock.Advance(TimeSpan.FromMilliseconds(500));
            _console.Frame(2 + i, 3 + i);
        }

        await Task.Delay(200, Xunit.TestContext.Current.CancellationToken);
        Assert.Equal((reads, calls, renders), (_console.Store.Reads, _console.Chart.Invocations.Count, page.RenderCount));

        // Without the clock: no timer is waited for.
        await page.InvokeAsync(() => visibility.Set(false));
        page.WaitForAssertion(() => Assert.Matches("^5[12] entries still point", page.Find("h1").TextContent));
        page.WaitForAssertion(() => Assert.True(_console.Chart.Invocations.Count > calls));
    }

    private IRenderedComponent<LivePage> Open(string query = "")
    {
        _console.Context.Services.GetRequiredService<NavigationManager>().NavigateTo("/" + query);
        return _console.Context.Render<LivePage>();
    }

    // The page waits for the fake clock between two refreshes, and refreshes on another thread.
    private Task UntilAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        var sinceStep = Stopwatch.StartNew();
        int steps = 0;
        return Eventually.TrueAsync(
            () =>
            {
                if (condition())
                    return true;
                // The wait between two steps of the clock grows: while the page gets no CPU, its data must not become stale.
                if (sinceStep.ElapsedMilliseconds >= Math.Min(20 * steps, 1000))
                {
                    _console.Clock.Advance(LiveFeed.MinInterval);
                    steps++;
                    sinceStep.Restart();
                }

                return false;
            }, expression: expression);
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
