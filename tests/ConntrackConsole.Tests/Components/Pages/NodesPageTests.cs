using Bunit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Pages.Nodes;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

/// <summary>The list of nodes, and the page of one: what is not known is never a zero.</summary>
public sealed class NodesPageTests : IAsyncDisposable
{
    private const string BeLiberal = "net.netfilter.nf_conntrack_tcp_be_liberal";

    private readonly ConsolePages _console = new();

    [Fact]
    public void List_BeforeTheFirstRound_IsLoading() => Assert.NotEmpty(List().FindAll("[data-testid=nodes-loading]"));

    [Fact]
    public void List_NoNode_ShowsTheCommand()
    {
        _console.Checks.Round();
        var page = List();
        page.WaitForAssertion(() => Assert.Contains("conntrack-collector run --console", page.Find("[data-testid=nodes-empty] code").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void List_Values_AreThoseOfEachNode()
    {
        Scene();
        var page = List();
        page.WaitForElement("[data-testid=nodes]");
        Assert.Equal(["node-a", "node-b", "node-c", "node-d", "node-e"], page.FindAll("[data-testid=node]").Select(cell => cell.GetAttribute("data-node")));
        Assert.Equal("1,234 of 262,144 (0.5 %)", Cell(page, "node-a", "Table"));
        Assert.Equal("nftables", Cell(page, "node-a", "kube-proxy"));
        Assert.Contains("missing resets.trace", Cell(page, "node-a", "Version"), StringComparison.Ordinal);
        Assert.Equal("1 of 2; missing resets.trace", page.FindAll(".mud-table-row .muted").First(text => text.TextContent.Contains("missing", StringComparison.Ordinal)).TextContent);
        Assert.Equal("5.0 s ahead", Cell(page, "node-a", "Clock"));
        Assert.Equal("0", Cell(page, "node-a", "Differing settings"));
        Assert.Equal("1", Cell(page, "node-d", "Differing settings"));
    }

    [Fact]
    public void List_SilentAndMissingCollectors_AreNotKnown_NeverZero()
    {
        Scene();
        var page = List();
        page.WaitForElement("[data-testid=nodes]");
        Assert.Contains("no data since", Cell(page, "node-b", "Collector"), StringComparison.Ordinal);
        Assert.Equal("never connected", Cell(page, "node-c", "Collector"));
        foreach (string node in (string[])["node-b", "node-c"])
        {
            foreach (string column in (string[])["kube-proxy", "Last sync", "Table", "Differing settings", "Clock"])
                Assert.Equal("not known", Cell(page, node, column));
        }

        Assert.NotEqual("no gap", Cell(page, "node-b", "Gaps now"));
        Assert.Equal("all of it", Cell(page, "node-c", "Gaps now"));
        Assert.Equal("unsure", page.Find("h1").GetAttribute("class"));
        Assert.Contains("Unknown: node-b, node-c", page.Find("h1").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_ChecksThatStopped_AreNotCurrent()
    {
        Scene();
        _console.Clock.Advance(TimeSpan.FromSeconds(31));
        var list = List();
        list.WaitForElement("[data-testid=nodes]");
        Assert.Contains("were last evaluated 31 s ago", list.Find("[data-testid=nodes-summary]").TextContent, StringComparison.Ordinal);
        var page = Page("node-a");
        page.WaitForElement("[data-testid=node-age]");
    }

    [Fact]
    public async Task List_SortsByAColumn_AndKeepsItInTheUrl()
    {
        Scene();
        var page = List();
        page.WaitForElement("[data-testid=nodes]");
        await page.ClickAsync("sort-settings");
        page.WaitForAssertion(() => Assert.Equal("node-d", page.Find("[data-testid=node]").GetAttribute("data-node")));
        Assert.Contains("sort=settings&desc=1", _console.Uri, StringComparison.Ordinal);
        Assert.Equal("descending", page.Find("th:has([data-testid=sort-settings])").GetAttribute("aria-sort"));
        await page.ClickAsync("sort-settings");
        page.WaitForAssertion(() => Assert.EndsWith("/nodes?sort=settings", _console.Uri, StringComparison.Ordinal));
        await page.ClickAsync("sort-settings");
        page.WaitForAssertion(() => Assert.EndsWith("/nodes", _console.Uri, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("?q=NODE-D", 1)]
    [InlineData("?q=%3Cscript%3E", 0)]
    [InlineData("?sort=%27%20OR%201&desc=yes&q=", 5)]
    [InlineData("?q=a&q=b&sort=table&sort=name", 1)]
    public void List_Parameters_AreReadOrIgnored(string query, int rows)
    {
        Scene();
        var page = List(query);
        page.WaitForAssertion(() => Assert.Equal(rows, page.FindAll("[data-testid=node]").Count));
        page.WaitForAssertion(() => Assert.Equal(rows == 0, page.FindAll("[data-testid=nodes-none]").Count > 0));
        Assert.Empty(page.FindAll("script"));
    }

    [Fact]
    public async Task List_Left_Unsubscribes()
    {
        Scene();
        var page = List();
        page.WaitForElement("[data-testid=nodes]");
        await page.Instance.DisposeAsync();
        _console.Get<NavigationManager>().NavigateTo("/nodes?q=node-a");
        Assert.Equal(5, page.FindAll("[data-testid=node]").Count);
    }

    [Fact]
    public void Node_ShowsWhyACapabilityIsMissing_AndWhichSettingsDiffer()
    {
        Scene();
        var page = Page("node-d");
        page.WaitForElement("[data-testid=node-settings]");
        var setting = page.Find($"[data-testid=node-setting][data-name='{BeLiberal}']");
        Assert.Contains("differs", setting.TextContent, StringComparison.Ordinal);
        Assert.Contains("1 on 2 nodes", setting.TextContent, StringComparison.Ordinal);
        Assert.Contains("tracefs is not mounted", page.Find("[data-testid=node-capabilities]").TextContent, StringComparison.Ordinal);
        Assert.Equal("/?node=node-d", page.Find("[data-testid=node-live]").GetAttribute("href"));
        Assert.Equal("none", page.Find("[data-testid=node-stale]").TextContent.Trim());
    }

    [Fact]
    public void Node_Silent_ShowsTheLastValuesAsSuch()
    {
        Scene();
        var page = Page("node-b");
        page.WaitForElement("[data-testid=node-table]");
        Assert.Contains("not known now; last 1,234 of 262,144", page.Find("[data-testid=node-table]").TextContent, StringComparison.Ordinal);
        Assert.Equal("not known: the node does not report", page.Find("[data-testid=node-stale]").TextContent.Trim());
        Assert.Contains("not known", page.Find("[data-testid=node-resets]").TextContent, StringComparison.Ordinal);
        Assert.Contains("not known: The collector of this node is silent", page.Find("[data-testid=node-proxy]").TextContent, StringComparison.Ordinal);
        Assert.Equal("unsure", page.Find("h1").GetAttribute("class"));
        Assert.NotEmpty(page.FindAll("[data-testid=node-gap-list] li"));
    }

    [Fact]
    public void Node_WithoutCollector_IsUnknown()
    {
        Scene();
        var page = Page("node-c");
        page.WaitForElement("[data-testid=node-settings-empty]");
        Assert.Contains("No collector has ever reported", page.Find("[data-testid=node-since]").TextContent, StringComparison.Ordinal);
        Assert.Contains("not known", page.Find("[data-testid=node-table]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Node_StaleEntriesAndResets_AreThoseOfTheNode()
    {
        _console.AddDeadPod();
        _console.Clock.Advance(TimeSpan.FromSeconds(1));
        var frame = new NodeFrame { Sequence = 2, AtMs = _console.NowMs };
        frame.Resets.Add(new Reset(_console.NowMs - 200, ResetKind.UnNated, Ip.Parse("10.1.1.1"), 40_000, Ip.Parse("10.1.0.5"), 8080, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.1.0.5"), 8080, 0, false));
        Assert.Null(_console.Store.Apply("node-a", 1, frame).Rejection);
        _console.Cluster.Confirm(_console.NowMs);
        _console.Checks.Round();
        var page = Page("node-a");
        page.WaitForElement("[data-testid=node-stale] a");
        Assert.Contains("3 stale shop/orders → shop/orders-1", string.Join(' ', page.Find("[data-testid=node-stale]").TextContent.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Contains("1 un-NATed", page.Find("[data-testid=node-resets]").TextContent, StringComparison.Ordinal);
        Assert.Contains("shop/orders-1", page.Find("[data-testid=node-ends]").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("<b>x</b>")]
    [InlineData("../../etc")]
    public void Node_Unknown_IsReported(string name)
    {
        Scene();
        var page = Page(name);
        page.WaitForElement("[data-testid=node-missing]");
        Assert.Contains(name, page.Find("[data-testid=node-missing]").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("b"));
    }

    /// <summary>node-a, node-d and node-e report, node-b fell silent, node-c has no collector.</summary>
    private void Scene()
    {
        _console.Cluster.Watching();
        _console.Cluster.Apply([.. "abcde".Select((letter, i) => new NodeChange(new NodeInfo($"n{letter}", $"node-{letter}", true, [Ip.Parse($"192.168.0.{i + 1}")]), false))]);
        Connect("node-a", "1");
        Connect("node-b", "1");
        Connect("node-d", "0");
        Connect("node-e", "1");
        _console.Clock.Advance(TimeSpan.FromSeconds(30));
        Send("node-a", 2);
        Send("node-d", 2);
        Send("node-e", 2);
        _console.Cluster.Confirm(_console.NowMs);
        _console.Checks.Round();
    }

    private void Connect(string node, string beLiberal)
    {
        _console.Store.Connected(new Hello(
            node, "0.1.0", "boot", "6.12", _console.NowMs - 1_000, [new Capability("events", true, "ok"), new Capability("resets.trace", false, "tracefs is not mounted")],
            new Dictionary<string, string> { [BeLiberal] = beLiberal, ["net.netfilter.nf_conntrack_max"] = "262144", ["net.netfilter.nf_conntrack_count"] = $"{(int)node[^1]}" }));
        Send(node, 1);
        if (node == "node-b")
            _console.Store.Disconnected(node);
    }

    private void Send(string node, ulong sequence)
    {
        var frame = new NodeFrame
        {
            Sequence = sequence, AtMs = _console.NowMs, IsKey = true, Counters = new Counters(0, 0, 0, 0, 1_234, 262_144),
            Cost = new CollectorCost(FollowMode.Events, 1, 1, 1, 1, -5_000, 0),
            Proxy = new ProxyReading(_console.NowMs, true, ProxyMode.Nftables, 200, 1, (_console.NowMs / 1_000) - 10, 0, 0.1, 1, 0, 0, 0, 0, double.NaN, 0),
        };
        Assert.Null(_console.Store.Apply(node, 1, frame).Rejection);
    }

    private static string Cell(IRenderedComponent<NodesPage> page, string node, string column) =>
        page.FindAll("tr").First(row => row.QuerySelector($"[data-node='{node}']") is not null).QuerySelectorAll("td")
            .First(cell => cell.GetAttribute("data-label") == column).TextContent.Trim();

    private IRenderedComponent<NodesPage> List(string query = "")
    {
        _console.Get<NavigationManager>().NavigateTo("/nodes" + query);
        return _console.Context.Render<NodesPage>();
    }

    private IRenderedComponent<NodePage> Page(string name) => _console.Context.Render<NodePage>(parameters => parameters.Add(page => page.Name, name));

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
