using System.Collections.Immutable;
using ConntrackConsole.Findings;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.NodeCounters;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Findings;

/// <summary>What is read of nodes for a window: each condition, at both of its sides.</summary>
public sealed class NodeReaderTests
{
    private const long FromMs = 100_000, ToMs = 200_000;
    private static readonly Ip Backend = Ip.Parse("10.1.0.5");

    internal static readonly FindingWindow Window = new(FromMs, ToMs, OwnershipHistory.Of(new OwnershipWindow([], [], [], 0, false)))
    {
        ReadyEndpoints = _ => null, SettingsOf = _ => null, HelloOf = _ => null,
    };

    /// <summary>An interval counts if a part of it is within the window, by the console's clock.</summary>
    [Theory]
    [InlineData(FromMs - CounterIncrease.BucketMs, 0, 0)]
    [InlineData(FromMs - CounterIncrease.BucketMs + 1, 0, 3)]
    [InlineData(ToMs, 0, 3)]
    [InlineData(ToMs + 1, 0, 0)]
    [InlineData(ToMs + 1, -1, 3)]
    [InlineData(ToMs, 1, 0)]
    public void Counters_OfTheWindow(long atMs, int offsetMs, long expected)
    {
        var increase = new CounterIncrease(atMs) { Invalid = 3, Drop = 3, EarlyDrop = 3, InsertFailed = 3, ClashResolve = 3, InvalidDropped = 3, SyncFailures = 3 };
        var node = Node("node1", offsetMs: offsetMs, increases: [increase], proxy: Reading());
        var counters = NodeReader.Counters(Window, [node]).Value!;
        var proxy = NodeReader.Proxy(Window, [node]).Value!;

        Assert.All((long[])[counters.Invalid, counters.Drop, counters.EarlyDrop, counters.InsertFailed, counters.ClashResolve, proxy.InvalidDropped!.Value, proxy.SyncFailures], count => Assert.Equal(expected, count));
    }

    [Fact]
    public void Counters_TheFullestTable_IsByItsShare()
    {
        var counters = NodeReader.Counters(Window, [Node("node1", count: 500, max: 10_000), Node("node2", count: 90, max: 100), Node("node3", count: 900, max: 0)]).Value!;

        Assert.Equal((90, 100), (counters.Count, counters.Max));
        Assert.Equal("no node has entries of it", NodeReader.Counters(Window, []).MissingBecause);
    }

    [Fact]
    public void Proxy_OfNodesThatAnswer()
    {
        Assert.Equal("no node has entries of it", NodeReader.Proxy(Window, []).MissingBecause);
        Assert.Equal("kube-proxy does not respond on these nodes", NodeReader.Proxy(Window, [Node("node1"), Node("node2", proxy: Reading() with { Answers = false })]).MissingBecause);
        var proxy = NodeReader.Proxy(Window, [Node("node1", proxy: Reading() with { Answers = false, EndpointChangesPending = 9 }), Node("node2", proxy: Reading() with { EndpointChangesPending = 2, ServiceChangesPending = 1 })]).Value!;
        Assert.Equal((3, false), (proxy.ChangesPending, proxy.Lags));
    }

    /// <summary>A version without a metric has no number, and what is not a number is none that is pending.</summary>
    [Fact]
    public void Proxy_WithoutAMetric()
    {
        var none = Reading() with { EndpointChangesPending = double.NaN, ServiceChangesPending = double.NaN, InvalidDropped = double.NaN, SyncP99 = double.NaN };
        var proxy = NodeReader.Proxy(Window, [Node("node1", proxy: none)]).Value!;
        Assert.Equal((0, 0.0, (long?)null), (proxy.ChangesPending, proxy.SyncP99Seconds, proxy.InvalidDropped));
        // Dropped before the rule was removed, and on one of two nodes.
        CounterIncrease[] dropped = [new(FromMs) { InvalidDropped = 12 }];
        Assert.Equal(12, NodeReader.Proxy(Window, [Node("node1", proxy: none, increases: dropped)]).Value!.InvalidDropped);
        Assert.Equal(12, NodeReader.Proxy(Window, [Node("node1", proxy: none), Node("node2", proxy: Reading(), increases: dropped)]).Value!.InvalidDropped);
    }

    [Fact]
    public void Proxy_OfSeveralNodes_NamesThoseThatLagOrFail_AndHasTheWorst()
    {
        var pending = Reading() with { AtMs = 150_000, EndpointChangesPending = 4, SyncP99 = 3 };
        var proxy = NodeReader.Proxy(Window,
        [
            Node("node4", proxy: Reading(), increases: [new(FromMs) { SyncFailures = 2 }]), Node("node3", proxy: pending, pendingSinceMs: 146_000), Node("node2", proxy: pending, pendingSinceMs: 148_000),
            Node("node1", proxy: Reading()),
        ]).Value!;

        Assert.Equal(["node3", "node4"], proxy.Nodes);
        Assert.Equal((4.0, 4, 2, true, 3.0), (proxy.PendingSeconds, proxy.ChangesPending, proxy.SyncFailures, proxy.Lags, proxy.SyncP99Seconds));
        Assert.False(proxy.ReportsLag);
        Assert.True(NodeReader.Proxy(Window, [Node("node1", proxy: Reading()), Node("node2", proxy: Reading() with { HealthStatus = 503 })]).Value!.ReportsLag);
    }

    [Fact]
    public void Ipvs_WhatIsNotReported_IsMissing()
    {
        var reading = Ipvs();
        Assert.Equal("no node has entries of it", NodeReader.Ipvs(Backend, []).MissingBecause);
        Assert.Same(Diagnosis.Facts.IpvsEvidence.NotLoaded, NodeReader.Ipvs(Backend, [Node("node1", proxy: Reading())]).Value);
        Assert.StartsWith("node1 does not report", NodeReader.Ipvs(Backend, [Node("node1", proxy: Reading() with { Mode = ProxyMode.Ipvs }), Node("node2", ipvs: reading)]).MissingBecause, StringComparison.Ordinal);
        Assert.StartsWith("the table of IPVS", NodeReader.Ipvs(Backend, [Node("node1", ipvs: reading), Node("node2", ipvs: reading with { State = IpvsReadState.Unreadable })]).MissingBecause, StringComparison.Ordinal);
        Assert.True(NodeReader.Ipvs(Backend, [Node("node1", proxy: Reading() with { Mode = ProxyMode.Ipvs }, ipvs: reading)]).IsKnown);
    }

    [Fact]
    public void Ipvs_CountsTheAddressesConnections_RemovedAndDraining()
    {
        var vip = Ip.Parse("10.96.0.1");
        IpvsServerConnections[] servers =
        [
            new(Protocols.Tcp, vip, 80, Backend, 8080, true, 2, 600), new(Protocols.Tcp, vip, 80, Backend, 8080, false, 5, 900), new(Protocols.Tcp, vip, 81, Backend, 8080, false, 1, 900),
            new(Protocols.Tcp, vip, 80, Ip.Parse("10.1.0.6"), 8080, true, 50, 9_000),
        ];
        var evidence = NodeReader.Ipvs(Backend, [Node("node1", ipvs: Ipvs(servers)), Node("node2", ipvs: Ipvs(servers[1]))]).Value!;

        Assert.Equal(new IpvsConnectionSummary(2, 11, 13, 600, true, null, false), evidence.Connections);
        Assert.Equal(2, evidence.Servers);
    }

    [Fact]
    public void Ipvs_SwitchesThatDiffer_AndTablesThatWereReadInPart_AreSaid()
    {
        Assert.Null(NodeReader.Ipvs(Backend, [Node("node1", ipvs: Ipvs()), Node("node2", ipvs: Ipvs() with { ExpireNodestConn = false })]).Value!.Connections.ExpireNodestConn);
        Assert.True(NodeReader.Ipvs(Backend, [Node("node1", ipvs: Ipvs() with { State = IpvsReadState.Partial })]).Value!.Connections.Partial);
        Assert.True(NodeReader.Ipvs(Backend, [Node("node1", ipvs: Ipvs() with { MoreConnections = 1 })]).Value!.Connections.Partial);
        Assert.False(NodeReader.Ipvs(Backend, [Node("node1", ipvs: Ipvs())]).Value!.Connections.Partial);
    }

    [Theory]
    [InlineData("node1", FromMs - 10, FromMs, false)]
    [InlineData("node1", FromMs - 10, FromMs + 1, true)]
    [InlineData("node1", ToMs, ToMs + 10, false)]
    [InlineData("node1", ToMs - 1, ToMs + 10, true)]
    [InlineData("node2", FromMs, ToMs, false)]
    [InlineData(null, FromMs, ToMs, true)]
    public void Gaps_OfTheseNodesAndOfTheConsole_WithinTheWindow(string? node, long fromMs, long toMs, bool counts)
    {
        var gaps = NodeReader.Gaps(Window with { Gaps = [new GapSpan(node, GapKind.EventsLost, fromMs, toMs, "")] }, [Node("node1")]);

        Assert.Equal(counts ? [new Gap(GapKind.EventsLost, Math.Max(fromMs, FromMs), Math.Min(toMs, ToMs), 0)] : [], gaps);
    }

    [Theory]
    [InlineData(NodeTimeline.SilentMs, 0, false)]
    [InlineData(NodeTimeline.SilentMs + 1, 0, true)]
    [InlineData(NodeTimeline.SilentMs + 1, 1, false)]
    public void Gaps_ANodeThatIsSilentAtTheEnd(long silentMs, int offsetMs, bool isSilent)
    {
        var gaps = NodeReader.Gaps(Window, [Node("node1", offsetMs: offsetMs, lastAtMs: ToMs - silentMs)]);

        Assert.Equal(isSilent ? [new Gap(GapKind.Silent, ToMs - silentMs, ToMs, 0)] : [], gaps);
    }

    [Theory]
    [InlineData(FromMs + 5_000, true)]
    [InlineData(ToMs + 1, false)]
    [InlineData(FromMs - CounterIncrease.BucketMs, false)]
    public void Gaps_FramesInWhichNotEverythingFitted(long atMs, bool counts)
    {
        var gaps = NodeReader.Gaps(Window, [Node("node1", truncated: [atMs])]);

        Assert.Equal(counts ? [new Gap(GapKind.EventsLost, atMs - 1_000, atMs, 0)] : [], gaps);
    }

    internal static NodeRecord Node(
        string name, int offsetMs = 0, long lastAtMs = ToMs, uint count = 1, uint max = 100, CounterIncrease[]? increases = null, long[]? truncated = null, ProxyReading? proxy = null,
        long? pendingSinceMs = null, IpvsReading? ipvs = null)
    {
        var counters = new Counters(0, 0, 0, 0, count, max);
        var head = new NodeHead(name, null, true, lastAtMs, lastAtMs, counters, new CollectorCost(FollowMode.Events, 0, 0, 0, 0, offsetMs, 0), [], new Dictionary<Ip, WatchedAddress>()) { Ipvs = ipvs };
        var facts = new NodeFacts(name, true, lastAtMs, true, true, counters, ImmutableDictionary<string, SettingFact>.Empty, proxy is null ? null : new ProxyFacts(proxy, proxy.AtMs, pendingSinceMs, null, default, default));
        return new NodeRecord(head, increases ?? [], truncated ?? [], 0, facts);
    }

    private static ProxyReading Reading() => new(1, true, ProxyMode.Iptables, 200, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    private static IpvsReading Ipvs(params IpvsServerConnections[] servers) => new(IpvsReadState.Complete, true, servers, 0);
}
