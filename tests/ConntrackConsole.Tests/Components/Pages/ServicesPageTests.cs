using Bunit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Pages.Services;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

/// <summary>The list of Services, ranked by what hurts now, and the page of one.</summary>
public sealed class ServicesPageTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();
    private ulong _sequence = 1;

    [Fact]
    public void List_BeforeTheFirstRound_IsLoading() => Assert.NotEmpty(List().FindAll("[data-testid=services-loading]"));

    [Fact]
    public void List_NoCluster_HasTheReason()
    {
        _console.Checks.Round();
        var page = List();
        page.WaitForAssertion(() => Assert.Contains("--Kubernetes:Kubeconfig", page.Find("[data-testid=services-empty] code").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void List_WhatHurtsComesFirst_WithTheReasonInWords()
    {
        Scene();
        _console.Get<FindingMonitor>().Round();
        var page = List();
        page.WaitForElement("[data-testid=services]");
        Assert.Equal(["shop/orders", "shop/cart", "pay/cards", "shop/api"], page.FindAll("[data-testid=service]").Select(cell => cell.GetAttribute("data-service")));
        Assert.StartsWith("1 open finding: M4", Cell(page, "shop/orders", "Why here"), StringComparison.Ordinal);
        Assert.Equal("2 stale", Cell(page, "shop/cart", "Why here"));
        Assert.Equal("1 reset in 5 min", Cell(page, "pay/cards", "Why here"));
        Assert.Equal("nothing found", Cell(page, "shop/api", "Why here"));
        Assert.Contains("1 from the backend", Cell(page, "pay/cards", "Resets, last 5 min"), StringComparison.Ordinal);
        Assert.Equal("3", Cell(page, "shop/orders", "Entries"));
        Assert.Equal("1 ready, 1 not ready, 1 terminating", Cell(page, "shop/api", "Endpoints"));
        Assert.Equal("internal Local, external Cluster", Cell(page, "shop/api", "Traffic policy"));
        Assert.Equal("alarm", page.Find("h1").GetAttribute("class"));
    }

    [Fact]
    public void List_SilentCollector_IsNotKnown_NeverZero()
    {
        Scene();
        _console.Clock.Advance(TimeSpan.FromSeconds(30));
        _console.Cluster.Confirm(_console.NowMs);
        _console.Checks.Round();
        var page = List();
        page.WaitForElement("[data-testid=services]");
        Assert.Equal("not known", Cell(page, "shop/api", "Entries"));
        Assert.Equal("not known", Cell(page, "shop/api", "Stale"));
        Assert.Equal("not known", Cell(page, "shop/api", "Why here"));
        Assert.Contains("none seen, with gaps", Cell(page, "shop/api", "Resets, last 5 min"), StringComparison.Ordinal);
        Assert.Contains("node-a", page.Find("[data-testid=services-doubt]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_ChecksThatStopped_AreNotCurrent()
    {
        Scene();
        _console.Clock.Advance(TimeSpan.FromSeconds(31));
        var list = List();
        list.WaitForElement("[data-testid=services]");
        Assert.Contains("were last evaluated 31 s ago", list.Find("[data-testid=services-doubt]").TextContent, StringComparison.Ordinal);
        var page = Page("shop", "api");
        page.WaitForElement("[data-testid=service-age]");
    }

    [Theory]
    [InlineData("?ns=pay", "pay/cards")]
    [InlineData("?q=CART", "shop/cart")]
    [InlineData("?q=10.96.0.9", "pay/cards")]
    [InlineData("?ns=%22%3E%3Cscript%3E", "")]
    [InlineData("?ns=shop&ns=pay&q=", "shop/orders shop/cart shop/api")]
    public void List_Filters_AreReadFromTheUrl(string query, string services)
    {
        Scene();
        var page = List(query);
        page.WaitForElement("[data-testid=services], [data-testid=services-empty]");
        page.WaitForAssertion(() => Assert.Equal(services, string.Join(' ', page.FindAll("[data-testid=service]").Select(cell => cell.GetAttribute("data-service")))));
        Assert.Equal(services.Length == 0, page.FindAll("[data-testid=services-empty]").Count > 0);
        Assert.Empty(page.FindAll("script"));
    }

    [Fact]
    public async Task List_Filter_IsWrittenToTheUrl()
    {
        Scene();
        var page = List();
        page.WaitForElement("[data-testid=services]");
        await page.ChooseAsync("services-ns", "pay");
        page.WaitForAssertion(() => Assert.Single(page.FindAll("[data-testid=service]")));
        Assert.EndsWith("/services?ns=pay", _console.Uri, StringComparison.Ordinal);
        await page.ClickAsync("services-clear");
        page.WaitForAssertion(() => Assert.Equal(4, page.FindAll("[data-testid=service]").Count));
    }

    [Fact]
    public void Service_ShowsFindingsEndpointsEntriesAndCommands()
    {
        Scene();
        _console.Get<FindingMonitor>().Round();
        var page = Page("shop", "orders");
        page.WaitForElement("[data-testid=finding]");
        Assert.NotEmpty(page.FindAll("[data-testid=finding-step]"));
        var backend = page.Find("[data-testid=backend]");
        Assert.Contains("10.1.0.5:8080", backend.TextContent, StringComparison.Ordinal);
        Assert.Contains("stale", backend.TextContent, StringComparison.Ordinal);
        Assert.Contains("node-a", backend.TextContent, StringComparison.Ordinal);
        string commands = string.Join('\n', page.FindAll(".command code").Select(code => code.TextContent));
        Assert.Contains("conntrack -L -p tcp -d 10.96.0.1 --orig-port-dst 80", commands, StringComparison.Ordinal);
        Assert.Contains("kubectl -n shop get service orders -o wide", commands, StringComparison.Ordinal);
        Assert.Equal("/?ns=shop&svc=orders", page.Find("[data-testid=service-live]").GetAttribute("href"));
        Assert.NotEmpty(page.FindAll("[data-testid=endpoints-empty]"));
    }

    [Fact]
    public void Service_Endpoints_HavePodNodeAndPhase()
    {
        Scene();
        var page = Page("shop", "api");
        page.WaitForElement("[data-testid=endpoints]");
        var rows = page.FindAll("[data-testid=endpoint]").Select(row => string.Join('|', row.QuerySelectorAll("td").Select(cell => cell.TextContent.Trim()))).ToList();
        Assert.Equal(["10.1.0.23|not known|not known|node-a|terminating", "10.1.0.22|not known|not known|node-a|not ready", "10.1.0.21|api-1|Running|node-a|ready"], rows);
        Assert.Equal("0", page.Find("[data-testid=service-stale]").TextContent.Trim());
    }

    [Fact]
    public void Service_SilentCollector_ShowsTheLastEntriesAsSuch()
    {
        Scene();
        _console.Clock.Advance(TimeSpan.FromSeconds(30));
        _console.Cluster.Confirm(_console.NowMs);
        _console.Checks.Round();
        var page = Page("shop", "orders");
        page.WaitForElement("[data-testid=backend]");
        Assert.Contains("not known; last 3", page.Find("[data-testid=backend]").TextContent, StringComparison.Ordinal);
        Assert.Equal("not known", page.Find("[data-testid=service-entries]").TextContent.Trim());
        Assert.Equal("not known", page.Find("[data-testid=service-stale]").TextContent.Trim());
    }

    [Theory]
    [InlineData("shop", "nothing")]
    [InlineData("<i>", "orders")]
    public void Service_Unknown_IsReported(string ns, string name)
    {
        Scene();
        var page = Page(ns, name);
        page.WaitForElement("[data-testid=service-missing]");
        Assert.Empty(page.FindAll("i"));
    }

    /// <summary>orders hangs, cart has stale entries, cards were reset, api is well.</summary>
    private void Scene()
    {
        _console.AddDeadPod();
        var pod = new PodInfo("uid-c", "shop", "cart-1", "node-a", "Running", [Ip.Parse("10.1.0.7")], false, _console.NowMs - 600_000, null, null, false, null, null);
        _console.Cluster.Apply([
            Service("s2", "shop", "cart", "10.96.0.2"), Service("s3", "pay", "cards", "10.96.0.9"),
            new ServiceChange(((ServiceInfo)Service("s4", "shop", "api", "10.96.0.4").Service) with { InternalLocal = true, ExternalLocal = false }, false),
            new PodChange(pod, false), new PodChange(pod with { DeletionMs = _console.NowMs - 40_000, DeletionRequestedMs = _console.NowMs - 70_000, FinishedMs = _console.NowMs - 45_000, ContainersEnded = true }, true),
            new PodChange(new PodInfo("uid-a", "shop", "api-1", "node-a", "Running", [Ip.Parse("10.1.0.21")], false, _console.NowMs - 600_000, null, null, false, null, null), false),
            new SliceChange(new SliceInfo("sl", "shop", "api-x", new ServiceKey("shop", "api"), [
                new SliceEndpoint([Ip.Parse("10.1.0.21")], true, true, false, "uid-a", "node-a"),
                new SliceEndpoint([Ip.Parse("10.1.0.22")], false, false, false, "uid-b", "node-a"),
                new SliceEndpoint([Ip.Parse("10.1.0.23")], false, false, true, "uid-d", "node-a"),
            ]), false),
        ]);
        for (int second = 0; second < 16; second++)
        {
            _console.Clock.Advance(TimeSpan.FromSeconds(1));
            _console.Cluster.Confirm(_console.NowMs);
            Send(second);
        }

        _console.Checks.Round();
    }

    private static ServiceChange Service(string uid, string ns, string name, string ip) =>
        new(new ServiceInfo(uid, new ServiceKey(ns, name), [Ip.Parse(ip)], [new ServicePort(null, Protocols.Tcp, 80, 0)]), false);

    private void Send(int second)
    {
        var frame = new NodeFrame { Sequence = ++_sequence, AtMs = _console.NowMs, IsKey = true };
        frame.Groups.Add(new GroupCounts(Key("10.96.0.1", "10.1.0.5"), Established(3)));
        frame.Groups.Add(new GroupCounts(Key("10.96.0.2", "10.1.0.7"), Established(2)));
        frame.WatchedAddresses.Add(new WatchedAddress(Ip.Parse("10.1.0.5"), 3, 3, 3, 0, 0));
        if (second == 15)
            frame.Resets.Add(new Reset(_console.NowMs - 100, ResetKind.FromBackend, Ip.Parse("10.96.0.9"), 80, Ip.Parse("10.1.1.1"), 40_000, Ip.Parse("10.96.0.9"), 80, Ip.Parse("10.1.0.31"), 8080, 0, true));
        Assert.Null(_console.Store.Apply("node-a", 1, frame).Rejection);
    }

    private static GroupKey Key(string vip, string backend) => new(Protocols.Tcp, Ip.Parse(vip), 80, Ip.Parse(backend), 8080);

    private static StateCounts Established(uint count)
    {
        StateCounts counts = default;
        counts[(int)FlowState.Established] = count;
        return counts;
    }

    private static string Cell(IRenderedComponent<ServicesPage> page, string service, string column) =>
        page.FindAll("tr").First(row => row.QuerySelector($"[data-service='{service}']") is not null).QuerySelectorAll("td")
            .First(cell => cell.GetAttribute("data-label") == column).TextContent.Trim();

    private IRenderedComponent<ServicesPage> List(string query = "")
    {
        _console.Get<NavigationManager>().NavigateTo("/services" + query);
        return _console.Context.Render<ServicesPage>();
    }

    private IRenderedComponent<ServicePage> Page(string ns, string name) =>
        _console.Context.Render<ServicePage>(parameters => parameters.Add(page => page.Namespace, ns).Add(page => page.Name, name));

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
