using Bunit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Controls.Checks;
using ConntrackConsole.Components.Pages;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

public sealed class ChecksPageTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Page_BeforeTheFirstRound_IsLoading() => Assert.Contains("first checks", Open().Find(".loading").TextContent, StringComparison.Ordinal);

    [Fact]
    public void Page_NoSources_ShowsTheCommands()
    {
        _console.Checks.Round();

        var page = Open();

        Assert.Contains("conntrack-collector run --console", page.Find("[data-testid=checks-no-collectors] code").TextContent, StringComparison.Ordinal);
        Assert.Contains("--Kubernetes:Kubeconfig", page.Find("[data-testid=checks-no-cluster] code").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_ProblemsComeFirst_OkIsCollapsed()
    {
        AddKubeletVersion();
        _console.Checks.Round();

        var page = Open();

        var sections = page.FindAll(".check-section");
        Assert.Equal("Warning", sections[0].GetAttribute("aria-label"));
        var row = sections[0].QuerySelector("[data-check=stale-entries]")!;
        Assert.Equal("shop/orders", row.GetAttribute("data-subject"));
        Assert.Contains("3 stale", row.TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-state=ok]"));
        Assert.Equal("false", page.Find("[data-testid=toggle-ok]").GetAttribute("aria-expanded"));
    }

    [Fact]
    public async Task Page_SectionExpanded_IsKeptInTheUrl()
    {
        AddKubeletVersion();
        _console.Checks.Round();
        var page = Open();

        await page.ClickAsync("toggle-ok");

        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-state=ok]")));
        Assert.Contains("ok", _console.Uri, StringComparison.Ordinal);
        await page.ClickAsync("toggle-ok");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-state=ok]")));
    }

    [Fact]
    public void Page_StillStaleLater_BecomesBad()
    {
        _console.AddDeadPod();
        _console.Checks.Round();
        var page = Open();

        Later(31);
        _console.Checks.Round();

        page.WaitForAssertion(() => Assert.Equal("stale-entries", page.Find("[data-testid=checks-bad] [data-testid=check-row]").GetAttribute("data-check")));
        Assert.Contains("1 check is bad", page.Find("h1").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_Details_OpensThePanelAndChangesTheUrl()
    {
        _console.AddDeadPod();
        _console.Checks.Round();
        var page = Open();
        var button = page.Find("[data-check=stale-entries] button");
        Assert.Equal(("Details", "Details of Stale entries of shop/orders"), (button.TextContent, button.GetAttribute("aria-label")));

        await page.InvokeAsync(() => page.Find("[data-check=stale-entries] button").ClickAsync());

        page.WaitForAssertion(() => Assert.Contains("conntrack -L -r 10.1.0.5", page.Find("[data-testid=check-panel] .command code").TextContent, StringComparison.Ordinal));
        Assert.Contains("check=stale-entries", _console.Uri, StringComparison.Ordinal);
        await page.ClickAsync("panel-close");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=check-panel]")));
    }

    [Fact]
    public async Task Page_Filter_IsReadFromAndWrittenToTheUrl()
    {
        _console.AddDeadPod();
        _console.Checks.Round();
        var page = Open("?node=node-a&open=ok,unknown,na");
        Assert.All(page.FindAll("[data-testid=check-row]"), row => Assert.Equal("node-a", row.GetAttribute("data-subject")));
        Assert.NotEmpty(page.FindAll("[data-testid=check-row]"));

        await page.ClickAsync("checks-clear");
        await page.ChooseAsync("checks-ns", "shop");

        page.WaitForAssertion(() => Assert.All(page.FindAll("[data-testid=check-row]"), row => Assert.Equal("shop/orders", row.GetAttribute("data-subject"))));
        Assert.EndsWith("?ns=shop", _console.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_FilterWithoutMatch_IsEmpty()
    {
        _console.AddDeadPod();
        _console.Checks.Round();

        Assert.NotEmpty(Open("?node=nowhere").FindAll("[data-testid=checks-none]"));
    }

    [Fact]
    public void Page_ManyRows_AreCountedAndShown()
    {
        _console.AddDeadPod();
        for (int node = 0; node < 80; node++)
            _console.Store.Connected(new Hello($"n{node}", "0.1.0", "boot", "6.12", 1, [], new Dictionary<string, string>()));
        _console.Checks.Round();

        var page = Open("?open=unknown");

        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=checks-unknown] [data-testid=check-row]")));
        Assert.True(int.Parse(page.Find("[data-testid=count-unknown]").TextContent, System.Globalization.CultureInfo.InvariantCulture) > 400);
    }

    [Fact]
    public void Page_ShowsWhatMemoryHolds()
    {
        _console.AddDeadPod();
        _console.Checks.Round();

        Assert.Equal("Memory keeps 68 min of history at most, and has less than 1 of 256 MiB (Storage:MemoryMiB).", Open().Find("[data-testid=memory]").TextContent.Trim());
    }

    [Fact]
    public void Badge_FollowsTheChecks()
    {
        var badge = _console.Context.Render<CheckBadge>();
        Assert.Empty(badge.FindAll(".badge"));
        _console.AddDeadPod();

        _console.Checks.Round();

        badge.WaitForAssertion(() => Assert.NotEmpty(badge.FindAll("[data-testid=badge-warning]")));
        Later(31);
        _console.Checks.Round();
        badge.WaitForAssertion(() => Assert.StartsWith("1", badge.Find("[data-testid=badge-bad]").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Page_Closed_Unsubscribes()
    {
        _console.Checks.Round();
        var page = Open();
        int drawn = page.RenderCount;

        await _console.Context.DisposeComponentsAsync();
        _console.Checks.Round();

        Assert.Equal(drawn, page.RenderCount);
        Assert.Equal(0, _console.Checks.Listeners);
    }

    private void AddKubeletVersion()
    {
        _console.AddDeadPod();
        _console.Cluster.Apply([new NodeChange(new NodeInfo("n1", "node-a", true, []) { KubeletVersion = "v1.36.2" }, false)]);
    }

    private void Later(int seconds)
    {
        _console.Clock.Advance(TimeSpan.FromSeconds(seconds));
        _console.Cluster.Confirm(_console.NowMs);
        _console.Frame(2, 3);
    }

    private IRenderedComponent<ChecksPage> Open(string query = "")
    {
        _console.Context.Services.GetRequiredService<NavigationManager>().NavigateTo("/checks" + query);
        return _console.Context.Render<ChecksPage>();
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
