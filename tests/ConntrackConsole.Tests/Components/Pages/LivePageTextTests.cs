using Bunit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Pages;
using ConntrackConsole.Components.State;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;

namespace ConntrackConsole.Tests.Components.Pages;

/// <summary>What the live page says, of which time and of which Services.</summary>
public sealed class LivePageTextTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();

    [Fact]
    public void Headline_MorePodsThanItNames_CountsTheOthers()
    {
        AddDeadPods(6);
        var page = Open();

        page.WaitForAssertion(() => Assert.Equal(4, page.FindAll("[data-testid=headline-pod]").Count));
        Assert.EndsWith("and 2 more", page.Find("[data-testid=headline-pods]").TextContent.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public void Headline_NoMorePodsThanItNames_CountsNoOthers()
    {
        AddDeadPods(4);
        var page = Open();

        page.WaitForAssertion(() => Assert.Equal(4, page.FindAll("[data-testid=headline-pod]").Count));
        Assert.DoesNotContain("more", page.Find("[data-testid=headline-pods]").TextContent, StringComparison.Ordinal);
    }

    /// <summary>The window is over: what is stale is so now, and the pods of the window are those of then.</summary>
    [Theory]
    [InlineData("07:00:00", "07:10:00")] // before what memory has
    [InlineData("07:30:00", "07:40:00")]
    public void Headline_OfAWindowThatIsOver_IsMarkedAsOfNow_AndItsPodsAreOfTheWindow(string from, string to)
    {
        _console.AddDeadPod();
        var page = Open($"?live=0&from=2027-01-15T{from}Z&to=2027-01-15T{to}Z");

        page.WaitForAssertion(() => Assert.StartsWith("Now: 3 entries still point", page.Find("h1").TextContent, StringComparison.Ordinal));
        page.WaitForElement("[data-testid=pod-table]");
        Assert.Empty(page.FindAll("[data-testid=pod-row]"));
    }

    [Fact]
    public void Headline_Live_IsNotMarked()
    {
        _console.AddDeadPod();
        var page = Open();

        page.WaitForAssertion(() => Assert.StartsWith("3 entries still point", page.Find("h1").TextContent, StringComparison.Ordinal));
    }

    /// <summary>No entry is stale, but connections break: the page must not look calm.</summary>
    [Fact]
    public void Headline_FindingWithoutStaleEntries_IsAnAlarm()
    {
        ResetConnectionsOfALivePod();
        Assert.Single(_console.Get<FindingMonitor>().Round().Findings);
        var page = Open();

        page.WaitForAssertion(() => Assert.Equal("mechanism.invalid_untranslated", page.Find("[data-testid=finding]").GetAttribute("data-code")));
        var headline = page.Find("[data-testid=headline]");
        Assert.Equal("true", headline.GetAttribute("data-alarm"));
        Assert.Equal("Connections of shop/checkout break.", headline.QuerySelector("h1")!.TextContent);
        Assert.Contains("No stale entries", headline.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Filter_OfAnUnknownService_IsShown_AndCanBeCleared()
    {
        var page = Open("?ns=shop&svc=missing");
        page.WaitForAssertion(() => Assert.StartsWith("shop/missing is unknown", page.Find("h1").TextContent, StringComparison.Ordinal));

        page.WaitForAssertion(() => Assert.Equal("shop/missing", page.Find("[data-testid=service-filter]").GetAttribute("value")));
        var field = page.FindComponent<MudAutocomplete<string>>();
        var offered = await (field.Instance.SearchFunc?.Invoke("shop/missing", Xunit.TestContext.Current.CancellationToken) ?? Task.FromResult<IEnumerable<string>>([]));
        Assert.Contains("", offered);
        await field.InvokeAsync(() => field.Instance.SelectOptionAsync(""));

        Assert.DoesNotContain("svc=", _console.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RangeForm_AfterShow_IsClosed()
    {
        _console.AddDeadPod();
        var page = Open();
        await page.ClickAsync("range-open");
        page.WaitForElement("[data-testid=range-from]").Change("2027-01-15 06:00");
        page.Find("[data-testid=range-to]").Change("2027-01-15 07:00:00");

        page.Find("[data-testid=range-form]").Submit();

        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=range-form]")));
        Assert.Equal("false", page.Find("[data-testid=range-open]").GetAttribute("aria-expanded"));
    }

    [Fact]
    public async Task RangeForm_Examples_AreOfToday()
    {
        var page = Open();
        await page.ClickAsync("range-open");

        string examples = page.WaitForElement("[data-testid=range-words]").TextContent;

        Assert.StartsWith("Examples: 2027-01-15 ", examples, StringComparison.Ordinal);
        Assert.DoesNotContain("2026", examples, StringComparison.Ordinal);
    }

    [Fact]
    public void PodTable_LivePod_HasItsNode()
    {
        ResetConnectionsOfALivePod();
        var page = Open();

        var row = page.WaitForElement($"[data-testid=pod-row][data-pod-ip='{PodIp}']");
        Assert.Equal("node1", row.QuerySelector("[data-label=Node]")!.TextContent);
    }

    /// <summary>A page that is blank until the first data looks broken.</summary>
    [Fact]
    public async Task Page_BeforeTheFirstData_HasSkeletonsInTheirPlace()
    {
        _console.AddDeadPod();
        var visibility = _console.Get<Visibility>();
        visibility.Set(true);
        var page = Open();

        Assert.Equal("Live", page.Find("h1").TextContent);
        Assert.Equal(6, page.FindAll(".card.skeleton .mud-skeleton").Count);

        await page.InvokeAsync(() => visibility.Set(false));
        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".mud-skeleton")));
    }

    private void AddDeadPods(int count)
    {
        string[] ips = [.. Enumerable.Range(10, count).Select(host => $"10.1.0.{host}")];
        PodInfo Pod(string ip) => new("uid-" + ip, "shop", $"orders-{ip[^2..]}", "node-a", "Running", [Ip.Parse(ip)], false, _console.NowMs - 600_000, null, null, false, null, null);
        _console.Cluster.Watching();
        _console.Cluster.Apply([
            new NodeChange(new NodeInfo("n1", "node-a", true, [Ip.Parse("192.168.0.1")]), false),
            new ServiceChange(new ServiceInfo("s1", new ServiceKey("shop", "orders"), [Ip.Parse("10.96.0.1")], [new ServicePort(null, Protocols.Tcp, 80, 0)]), false),
            .. ips.Select(ip => new PodChange(Pod(ip), false)),
        ]);
        _console.Cluster.Confirm(_console.NowMs);
        _console.Cluster.Apply([.. ips.Select(ip => new PodChange(Pod(ip) with { DeletionMs = _console.NowMs - 40_000, DeletionRequestedMs = _console.NowMs - 70_000, FinishedMs = _console.NowMs - 45_000, ContainersEnded = true }, true))]);
        _console.Store.Connected(new Hello("node-a", "0.1.0", "boot", "6.12", _console.NowMs - 1000, [], new Dictionary<string, string>()));
        var frame = new NodeFrame { Sequence = 1, AtMs = _console.NowMs, IsKey = true };
        StateCounts counts = default;
        counts[(int)FlowState.Established] = 2;
        frame.Groups.AddRange(ips.Select(ip => new GroupCounts(new GroupKey(Protocols.Tcp, Ip.Parse("10.96.0.1"), 80, Ip.Parse(ip), 8080), counts)));
        Assert.Null(_console.Store.Apply("node-a", 1, frame).Rejection);
    }

    private void ResetConnectionsOfALivePod()
    {
        _console.Cluster.Watching();
        _console.Cluster.Apply([
            new NodeChange(Objects.Node("node1", "192.168.0.1"), false), new ServiceChange(Objects.Service(), false), new PodChange(A, false), new PodChange(Client, false),
            new SliceChange(Objects.Slice(Objects.Ready(A)), false),
        ]);
        _console.Store.Connected(new Hello(
            "node1", "0.1.0", "boot", "6.18", _console.NowMs - 1000, [new Capability("events", true, "ok"), new Capability("resets.trace", true, "ok")],
            new Dictionary<string, string> { ["net.netfilter.nf_conntrack_tcp_be_liberal"] = "0", ["net.netfilter.nf_conntrack_tcp_loose"] = "1" }));
        for (ulong second = 1; second <= 5; second++)
        {
            _console.Clock.Advance(TimeSpan.FromSeconds(1));
            _console.Cluster.Confirm(_console.NowMs);
            var frame = new NodeFrame { Sequence = second, AtMs = _console.NowMs, IsKey = second == 1, Counters = new Counters(second == 2 ? 4u : 0, 0, 0, 0, 100, 1000) };
            if (second == 1)
            {
                StateCounts counts = default;
                counts[(int)FlowState.Established] = 2;
                frame.Groups.Add(new GroupCounts(Group(), counts));
            }

            for (ushort port = 40_000; second == 2 && port < 40_003; port++)
                frame.Resets.Add(new Reset(frame.AtMs - 400, ResetKind.UnNated, Ip.Parse(ClientIp), port, Ip.Parse(PodIp), 8080, Ip.Parse(Objects.Vip), 80, Ip.Parse(PodIp), 8080, 0, false));
            Assert.Null(_console.Store.Apply("node1", 1, frame).Rejection);
        }
    }

    private IRenderedComponent<LivePage> Open(string query = "")
    {
        _console.Context.Services.GetRequiredService<NavigationManager>().NavigateTo("/" + query);
        return _console.Context.Render<LivePage>();
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
