using Bunit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Pages.Resets;
using ConntrackConsole.Components.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

/// <summary>The list of single resets: who sent it to whom, and what is not known.</summary>
public sealed class ResetsPageTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();
    private ulong _sequence = 1;

    [Fact]
    public void List_NamesBothSides_ServiceNodeAndExactTime()
    {
        Scene();
        var page = List();
        page.WaitForElement("[data-testid=reset]");
        var row = page.Find("tr:has([data-testid=reset][data-kind=unNated])");
        Assert.EndsWith(".900Z", row.QuerySelector(".r-time")!.TextContent.Trim(), StringComparison.Ordinal);
        Assert.Contains("shop/client-1", row.QuerySelector(".r-from")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("10.1.1.1:40000 · client · Deployment/client", row.QuerySelector(".r-from")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("shop/orders-1", row.QuerySelector(".r-to")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("10.1.0.5:8080 · server", row.QuerySelector(".r-to")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("shop/orders", row.QuerySelector(".r-service")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("10.96.0.1:80", row.QuerySelector(".r-service")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("node-a", row.QuerySelector(".r-node")!.TextContent.Trim());
        // Newest first.
        Assert.Equal(["unNated", "fromBackend", "other"], page.FindAll("[data-testid=reset]").Select(reset => reset.GetAttribute("data-kind")));
    }

    /// <summary>A reset that the Service's address sends comes from its pod.</summary>
    [Fact]
    public void List_ResetFromTheServiceAddress_NamesThePod()
    {
        Scene();
        var page = List("?kind=fromBackend");
        page.WaitForElement("[data-testid=reset]");
        var row = page.Find("tr:has([data-testid=reset])");
        Assert.Contains("shop/orders-1", row.QuerySelector(".r-from")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("10.1.0.5:8080 · server", row.QuerySelector(".r-from")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("client", row.QuerySelector(".r-to")!.TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?kind=unNated", 1)]
    [InlineData("?ns=shop", 2)]
    [InlineData("?ns=shop&svc=orders", 2)]
    [InlineData("?svc=shop%2Forders", 2)]
    [InlineData("?svc=pay%2Forders", 0)]
    [InlineData("?node=node-a", 3)]
    [InlineData("?node=node-b", 0)]
    [InlineData("?q=CLIENT-1", 2)]
    [InlineData("?q=203.0.113.9%3A5", 1)]
    [InlineData("?kind=nonsense&range=never&from=yesterday&to=%00", 3)]
    [InlineData("?q=%3Cimg%20src%3Dx%3E", 0)]
    [InlineData("?range=1h", 3)]
    [InlineData("?from=2027-01-15T07:00:00Z&to=2027-01-15T07:30:00Z", 0)]
    public void List_Parameters_Filter(string query, int rows)
    {
        Scene();
        var page = List(query);
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=reset], [data-testid=resets-empty]")));
        Assert.Equal(rows, page.FindAll("[data-testid=reset]").Count);
        Assert.Empty(page.FindAll("img"));
    }

    [Fact]
    public async Task List_Filters_AreWrittenToTheUrl_AndCleared()
    {
        Scene();
        var page = List("?range=15m");
        page.WaitForElement("[data-testid=reset]");
        await page.ChooseAsync("resets-kind", "unNated");
        await page.ChooseAsync("resets-node", "node-a");
        page.WaitForAssertion(() => Assert.Single(page.FindAll("[data-testid=reset]")));
        Assert.EndsWith("/resets?range=15m&node=node-a&kind=unNated", _console.Uri, StringComparison.Ordinal);
        await page.ClickAsync("resets-clear");
        page.WaitForAssertion(() => Assert.Equal(3, page.FindAll("[data-testid=reset]").Count));
        Assert.EndsWith("/resets?range=15m", _console.Uri, StringComparison.Ordinal);
        await page.ClickAsync("live-toggle");
        Assert.Contains("live=0", _console.Uri, StringComparison.Ordinal);
        Assert.Equal("false", page.Find("[data-testid=live-toggle]").GetAttribute("aria-pressed"));
    }

    [Fact]
    public void List_SilentNode_SaysThatResetsMayBeMissing()
    {
        Scene();
        _console.Clock.Advance(TimeSpan.FromSeconds(30));
        var page = List("?kind=direct");
        page.WaitForElement("[data-testid=resets-empty]");
        Assert.Contains("node-a: no frames for", page.Find("[data-testid=resets-gaps]").TextContent, StringComparison.Ordinal);
        Assert.Contains("No reset was seen", page.Find("[data-testid=resets-empty]").TextContent, StringComparison.Ordinal);
        Assert.Contains("No resets seen in 5 min (with gaps).", page.Find("h1").TextContent, StringComparison.Ordinal);
        Assert.Equal("unsure", page.Find("h1").GetAttribute("class"));
    }

    [Fact]
    public void List_NodeWithoutCollector_IsNotCalm()
    {
        Scene();
        _console.Cluster.Apply([new NodeChange(new NodeInfo("n9", "node-z", true, [Ip.Parse("192.168.0.9")]), false)]);
        var page = List("?kind=direct");
        page.WaitForElement("[data-testid=resets-empty]");
        Assert.Contains("No collector reports from node-z", page.Find("[data-testid=resets-gaps]").TextContent, StringComparison.Ordinal);
        Assert.Contains("No reset was seen", page.Find("[data-testid=resets-empty]").TextContent, StringComparison.Ordinal);
        Assert.Equal("unsure", page.Find("h1").GetAttribute("class"));
    }

    [Fact]
    public void List_BeforeSingleResetsAreKept_SaysSo()
    {
        Scene();
        var page = List("?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z");
        page.WaitForElement("[data-testid=resets-gaps]");
        Assert.Contains("Single resets are kept since", page.Find("[data-testid=resets-gaps]").TextContent, StringComparison.Ordinal);
    }

    /// <summary>As on the live page.</summary>
    [Fact]
    public async Task Keys_MoveAndZoomTheWindow()
    {
        Scene();
        var page = List("?range=15m");
        page.WaitForElement("[data-testid=reset]");
        var keys = _console.Get<Keyboard>();
        await keys.PressAsync("[");
        Assert.Contains("/resets?live=0&from=", _console.Uri, StringComparison.Ordinal);
        await keys.PressAsync("]");
        Assert.EndsWith("/resets?range=15m", _console.Uri, StringComparison.Ordinal);
        await keys.PressAsync("z");
        Assert.EndsWith("/resets?range=1h", _console.Uri, StringComparison.Ordinal);
        await keys.PressAsync("l");
        Assert.Contains("live=0", _console.Uri, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "tcpdump -n -i any '(tcp[tcpflags] & tcp-rst != 0 or (ip6[6] = 6 and ip6[53] & 4 != 0))'")]
    [InlineData("?q=10.1.1.1", "tcpdump -n -i any '(tcp[tcpflags] & tcp-rst != 0 or (ip6[6] = 6 and ip6[53] & 4 != 0)) and host 10.1.1.1'")]
    [InlineData("?q=%24(reboot)", "tcpdump -n -i any '(tcp[tcpflags] & tcp-rst != 0 or (ip6[6] = 6 and ip6[53] & 4 != 0))'")]
    public void Commands_ShowTheSameOnANode(string query, string dump)
    {
        Scene();
        var page = List(query);
        page.WaitForElement(".command");
        Assert.Equal(["conntrack-collector resets --seconds 300 --json", dump], page.FindAll(".command code").Select(code => code.TextContent));
    }

    /// <summary>Ten thousand rows are rendered by the screen, not all at once.</summary>
    [Fact]
    public void List_TenThousandRows_AreVirtualized()
    {
        Scene();
        for (int batch = 0; batch < 25; batch++)
        {
            _console.Clock.Advance(TimeSpan.FromSeconds(1));
            var frame = new NodeFrame { Sequence = ++_sequence, AtMs = _console.NowMs };
            for (int i = 0; i < 420; i++)
                frame.Resets.Add(Reset(ResetKind.UnNated, "10.1.1.1", (ushort)(1_000 + (batch * 420) + i), "10.1.0.5", 8080, -i));
            Assert.Null(_console.Store.Apply("node-a", 1, frame).Rejection);
        }

        var page = List();
        page.WaitForElement("[data-testid=resets-more]");
        Assert.Contains("10,000", page.Find("[data-testid=resets-more]").TextContent, StringComparison.Ordinal);
        page.WaitForElement("[data-testid=reset]");
        Assert.InRange(page.FindAll("[data-testid=reset]").Count, 1, 500);
    }

    [Fact]
    public async Task List_Sorted_KeepsItsOrderInTheUrl()
    {
        Scene();
        var page = List("?sort=time");
        page.WaitForAssertion(() => Assert.Equal(["other", "fromBackend", "unNated"], Kinds()));
        Assert.Equal("Time, sorted ascending", page.Find("[data-testid=sort-time]").GetAttribute("aria-label"));

        await page.ClickAsync("sort-kind");
        page.WaitForAssertion(() => Assert.Equal(["fromBackend", "other", "unNated"], Kinds()));
        Assert.EndsWith("/resets?range=5m&sort=kind", _console.Uri, StringComparison.Ordinal);

        string?[] Kinds() => [.. page.FindAll("[data-testid=reset]").Select(reset => reset.GetAttribute("data-kind"))];
    }

    /// <summary>Two packets of one flow in one millisecond are two rows that are equal.</summary>
    [Fact]
    public void List_EqualResets_AreAllListed()
    {
        Scene();
        _console.Clock.Advance(TimeSpan.FromSeconds(1));
        var frame = new NodeFrame { Sequence = ++_sequence, AtMs = _console.NowMs };
        frame.Resets.Add(Reset(ResetKind.UnNated, "10.1.1.1", 40_009, "10.1.0.5", 8080, -100));
        frame.Resets.Add(Reset(ResetKind.UnNated, "10.1.1.1", 40_009, "10.1.0.5", 8080, -100));
        Assert.Null(_console.Store.Apply("node-a", 1, frame).Rejection);
        var page = List("?q=40009");
        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll("[data-testid=reset]").Count));
    }

    private void Scene()
    {
        _console.AddDeadPod();
        _console.Cluster.Apply([
            new PodChange(new PodInfo("uid-c", "shop", "client-1", "node-a", "Running", [Ip.Parse("10.1.1.1")], false, _console.NowMs - 600_000, null, null, false, null, null)
            {
                Controller = new OwnerRef("Deployment", "client", "d-1"),
            }, false),
        ]);
        _console.Clock.Advance(TimeSpan.FromSeconds(1));
        var frame = new NodeFrame { Sequence = ++_sequence, AtMs = _console.NowMs };
        frame.Resets.Add(Reset(ResetKind.UnNated, "10.1.1.1", 40_000, "10.1.0.5", 8080, -100));
        frame.Resets.Add(Reset(ResetKind.FromBackend, "10.96.0.1", 80, "10.1.1.1", 40_001, -200));
        frame.Resets.Add(Reset(ResetKind.Other, "203.0.113.9", 5_555, "10.1.1.9", 443, -300) with { Vip = default, Vport = 0, Backend = default, Bport = 0 });
        Assert.Null(_console.Store.Apply("node-a", 1, frame).Rejection);
        _console.Cluster.Confirm(_console.NowMs);
        _console.Checks.Round();
    }

    private Reset Reset(ResetKind kind, string from, ushort fromPort, string to, ushort toPort, long afterMs) => new(
        _console.NowMs + afterMs, kind, Ip.Parse(from), fromPort, Ip.Parse(to), toPort, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.1.0.5"), 8080, 0, false);

    private IRenderedComponent<ResetsPage> List(string query = "")
    {
        _console.Get<NavigationManager>().NavigateTo("/resets" + query);
        return _console.Context.Render<ResetsPage>();
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
