using Bunit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Pages.Pods;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Xunit;
using static ConntrackConsole.Tests.Components.Controls.Actions.ActionRecords;

namespace ConntrackConsole.Tests.Components.Pages;

public sealed class PodsPageTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public void Page_DeadPodWithStaleEntries_ComesFirst()
    {
        _console.AddDeadPod();
        AddPod("web-1", "10.1.0.9");

        var page = Open();

        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll("[data-testid=pod]").Count));
        Assert.Equal(("alarm", "1 pod has stale entries."), (page.Find("h1").ClassName, page.Find("h1").TextContent));
        var dead = page.FindAll("tr:has([data-testid=pod])")[0];
        var pod = dead.QuerySelector("[data-testid=pod]")!;
        Assert.Equal(("orders-1", "terminated", "3"), (pod.GetAttribute("data-pod"), pod.GetAttribute("data-state"), pod.GetAttribute("data-stale")));
        Assert.Contains("shop", dead.TextContent, StringComparison.Ordinal);
        Assert.Contains("10.1.0.5", dead.TextContent, StringComparison.Ordinal);
        Assert.Contains("uid=uid-1", dead.QuerySelector("a")!.GetAttribute("href"), StringComparison.Ordinal);
        // Deletion requested, finished, deleted.
        Assert.Equal(3, dead.QuerySelectorAll("time").Length);
        var live = page.FindAll("tr:has([data-testid=pod])")[1];
        pod = live.QuerySelector("[data-testid=pod]")!;
        Assert.Equal(("live", "0"), (pod.GetAttribute("data-state"), pod.GetAttribute("data-stale")));
        Assert.Contains("pod=10.1.0.9", live.QuerySelector("a")!.GetAttribute("href"), StringComparison.Ordinal);
        Assert.Contains("Deployment/web", live.TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=pods-note]"));
    }

    [Fact]
    public void Page_NothingKnown_SaysWhy_AndIsNotCalm()
    {
        var page = Open();
        page.WaitForElement("[data-testid=pods-empty]");
        Assert.Equal("unsure", page.Find("h1").ClassName);
        string[] notes = [.. page.FindAll("[data-testid=pods-note]").Select(note => note.TextContent)];
        Assert.Equal(2, notes.Length);
        Assert.Contains("The cluster is not watched", notes[0], StringComparison.Ordinal);
        Assert.Contains("No collector reports", notes[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Page_ANodeIsSilent_EntriesAreUnknownAndNeverZero()
    {
        _console.AddDeadPod();
        AddPod("web-1", "10.1.0.9");
        _console.Cluster.Apply([new NodeChange(new NodeInfo("n2", "node-b", true, [Ip.Parse("192.168.0.2")]), false)]);

        var page = Open();

        page.WaitForAssertion(() => Assert.Contains("unknown", page.Find("tr:has([data-pod=web-1])").TextContent, StringComparison.Ordinal));
        Assert.Null(page.Find("[data-pod=web-1]").GetAttribute("data-stale"));
        Assert.Contains("node-b", page.Find("[data-testid=pods-note]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_FlushOfThePod_LinksItsAction()
    {
        _console.AddDeadPod();
        await _console.Actions.AddAsync(Flushed("flush-1") with { StartedMs = _console.NowMs - 10_000 }, Ct);

        var page = Open();

        page.WaitForAssertion(() => Assert.Equal("/actions?action=flush-1", page.Find("tr:has([data-pod=orders-1]) .p-flush a").GetAttribute("href")));
        await page.ChooseAsync("pods-state", "flushed");
        page.WaitForAssertion(() => Assert.Single(page.FindAll("[data-testid=pod]")));
    }

    [Fact]
    public async Task Page_Filters_AreReadFromAndWrittenToTheUrl()
    {
        _console.AddDeadPod();
        AddPod("web-1", "10.1.0.9");
        var page = Open("?ns=shop&node=node-a&state=live&q=WEB&range=1h");
        page.WaitForAssertion(() => Assert.Equal("web-1", Assert.Single(page.FindAll("[data-testid=pod]")).GetAttribute("data-pod")));

        await page.ChooseAsync("pods-state", "terminating");
        page.WaitForElement("[data-testid=pods-empty]");
        Assert.Contains("state=terminating", _console.Uri, StringComparison.Ordinal);
        await page.ClickAsync("pods-clear");

        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll("[data-testid=pod]").Count));
        Assert.EndsWith("/pods", _console.Uri, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.1.0.9", "web-1")]
    [InlineData("deployment/WEB", "web-1")]
    [InlineData("shop/orders", "orders-1")]
    public void Page_Text_FindsNameWorkloadAndAddress(string text, string pod)
    {
        _console.AddDeadPod();
        AddPod("web-1", "10.1.0.9");
        var page = Open("?q=" + Uri.EscapeDataString(text));
        page.WaitForAssertion(() => Assert.Equal(pod, Assert.Single(page.FindAll("[data-testid=pod]")).GetAttribute("data-pod")));
    }

    [Theory]
    [InlineData("?state=<script>&range=9y&from=x&to=y")]
    [InlineData("?q=%3Cimg%20src%3Dx%3E&ns=%00")]
    [InlineData("?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z&node=../../")]
    public void Url_HostileValues_AreIgnoredOrTakenLiterally(string query)
    {
        _console.AddDeadPod();
        var url = PodsUrl.Parse("http://localhost/pods" + query);
        var (fromMs, toMs) = url.Window(_console.NowMs);
        Assert.True(fromMs < toMs);
        Assert.Contains(url.State, PodsUrl.States.Append(null));
        var page = Open(query);
        page.WaitForAssertion(() => Assert.True(page.FindAll("[data-testid=pod], [data-testid=pods-empty]").Count > 0));
        Assert.Empty(page.FindAll("img, script"));
    }

    [Theory]
    [InlineData("?range=1h&ns=shop&node=a&state=stale&q=x%26y")]
    [InlineData("?from=2026-01-01T00:00:00.000Z&to=2026-01-02T00:00:00.500Z")]
    [InlineData("")]
    public void Url_RoundTrip_IsTheSame(string query)
    {
        var url = PodsUrl.Parse("http://localhost/pods" + query);
        var again = url.ToQuery(false).Where(part => part.Value is not null).Select(part => $"{part.Key}={Uri.EscapeDataString((string)part.Value!)}");
        Assert.Equal(url, PodsUrl.Parse("http://localhost/pods?" + string.Join('&', again)));
    }

    [Theory]
    [InlineData("", "kubectl get pods -o wide -A")]
    [InlineData("?ns=shop&node=node-a", "kubectl get pods -o wide -n shop --field-selector spec.nodeName=node-a")]
    public void Page_Command_ShowsTheSamePods(string query, string command)
    {
        _console.AddDeadPod();
        var page = Open(query);
        page.WaitForAssertion(() => Assert.Equal(command, page.Find(".command code").TextContent));
    }

    [Fact]
    public void Page_PastRange_KeepsItInItsLinks()
    {
        _console.AddDeadPod();
        string from = Rfc3339(_console.NowMs - 120_000), to = Rfc3339(_console.NowMs - 5_000);
        var page = Open($"?from={Uri.EscapeDataString(from)}&to={Uri.EscapeDataString(to)}");
        page.WaitForAssertion(() => Assert.Contains("from=20", page.Find("[data-pod=orders-1] a").GetAttribute("href"), StringComparison.Ordinal));
        Assert.Contains("deleted after this range", page.Find("[data-testid=pods-window]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_TenThousandPods_AreVirtualized()
    {
        _console.AddDeadPod();
        _console.Cluster.Apply([.. Enumerable.Range(0, 10_000).Select(i => (ClusterChange)new PodChange(Pod($"many-{i:00000}", $"10.{2 + (i / 60_000)}.{i / 250}.{1 + (i % 250)}"), false))]);
        _console.Cluster.Confirm(_console.NowMs);

        var page = Open();

        page.WaitForAssertion(() => Assert.Contains("10,001 pods", page.Find(".legend").TextContent, StringComparison.Ordinal));
        Assert.True(page.FindAll("[data-testid=pod]").Count < 300);
    }

    [Fact]
    public async Task Page_Sorted_KeepsItsOrderInTheUrl()
    {
        _console.AddDeadPod();
        AddPod("web-2", "10.1.0.8");
        AddPod("web-1", "10.1.0.9");
        var page = Open("?sort=name&desc=1");
        page.WaitForAssertion(() => Assert.Equal(["web-2", "web-1", "orders-1"], Names()));
        Assert.Equal("Pod, sorted descending", page.Find("[data-testid=sort-name]").GetAttribute("aria-label"));

        await page.ClickAsync("sort-stale");
        page.WaitForAssertion(() => Assert.Equal(["orders-1", "web-1", "web-2"], Names()));
        Assert.EndsWith("/pods?sort=stale&desc=1", _console.Uri, StringComparison.Ordinal);

        string?[] Names() => [.. page.FindAll("[data-testid=pod]").Select(pod => pod.GetAttribute("data-pod"))];
    }

    [Fact]
    public void Resets_OfAPod_AreCountedAsItsPanelDoes()
    {
        _console.AddDeadPod();
        var frame = new NodeFrame { Sequence = 2, AtMs = _console.NowMs, IsKey = true };
        frame.Resets.Add(new Reset(frame.AtMs - 100, ResetKind.UnNated, Ip.Parse("10.1.9.9"), 40_000, Ip.Parse("10.1.0.5"), 8080, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.1.0.5"), 8080, 0, false));
        frame.Resets.Add(new Reset(frame.AtMs - 90, ResetKind.FromBackend, Ip.Parse("10.1.0.5"), 8080, Ip.Parse("10.1.9.9"), 40_001, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.1.0.5"), 8080, 0, false));
        Assert.Null(_console.Store.Apply("node-a", 1, frame).Rejection);

        var page = Open();

        page.WaitForAssertion(() => Assert.Equal("2", page.Find("tr:has([data-pod=orders-1]) [data-label=Resets]").TextContent.Trim()));
        Assert.Equal(2, _console.Store.Read(reading => reading).Detail("10.1.0.5").Resets.Sum(reset => reset.Count));
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();

    private void AddPod(string name, string ip)
    {
        _console.Cluster.Apply([new PodChange(Pod(name, ip), false)]);
        _console.Cluster.Confirm(_console.NowMs);
    }

    private PodInfo Pod(string name, string ip) => new($"uid-{name}", "shop", name, "node-a", "Running", [Ip.Parse(ip)], false, _console.NowMs - 600_000, null, null, false, null, null)
    {
        Ready = true, Controller = new OwnerRef("Deployment", "web", "uid-web"),
    };

    private static string Rfc3339(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private IRenderedComponent<IComponent> Open(string query = "")
    {
        _console.Get<NavigationManager>().NavigateTo("/pods" + query);
        return _console.Context.Render<PodsPage>();
    }
}
