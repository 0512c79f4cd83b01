using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Nodes;

public class NodeMetricsTests
{
    private const long T0 = 1_795_400_000_000;
    private const double NaN = double.NaN;

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
    private readonly TimelineStore _store;
    private ulong _sequence;

    public NodeMetricsTests() => _store = new TimelineStore(new ClusterState(_clock), _clock);

    [Fact]
    public void Pending_UntilSynced_StartsAtTheFirstReading()
    {
        // As recorded: pending at one reading, synced before the next, then pending again.
        Report(4, pending: 3, synced: T0 / 1000 - 10);
        Assert.Equal(T0 + 4_000, Proxy().PendingSinceMs);
        Report(6, pending: 3, synced: T0 / 1000 - 10);
        Assert.Equal(T0 + 4_000, Proxy().PendingSinceMs);
        Report(8, pending: 1, synced: T0 / 1000 + 6.5);
        Assert.Equal(T0 + 8_000, Proxy().PendingSinceMs);
        Report(10, pending: 0, synced: T0 / 1000 + 8.5);
        Assert.Null(Proxy().PendingSinceMs);
    }

    [Fact]
    public void Queued_UntilSynced_StartsWhenItWasQueued()
    {
        // The last sync is 11 s old when the next one is queued: as recorded, without a problem.
        Report(11, queued: T0 / 1000 + 11, synced: T0 / 1000);
        Assert.Equal(T0 + 11_000, Proxy().QueuedSinceMs);
        Report(50, queued: T0 / 1000 + 49, synced: T0 / 1000);
        Assert.Equal(T0 + 11_000, Proxy().QueuedSinceMs);
        Report(52, queued: T0 / 1000 + 49, synced: T0 / 1000 + 51);
        Assert.Null(Proxy().QueuedSinceMs);
    }

    [Fact]
    public void Apply_MetricsAbsent_NothingIsPending()
    {
        Report(2, pending: NaN, queued: NaN, synced: NaN);

        Assert.Equal((null, null), (Proxy().PendingSinceMs, Proxy().QueuedSinceMs));
    }

    [Fact]
    public void Settings_HelloThenChanges_AreApplied()
    {
        _store.Connected(Hello(("net.netfilter.nf_conntrack_tcp_be_liberal", "0"), ("net.netfilter.nf_conntrack_tcp_loose", "1")));
        Assert.Equal(new SettingFact("0", null), Facts().Settings[NodeMetrics.BeLiberal]);

        var frame = Frame(3);
        frame.Settings.Add(new SettingChange(T0 + 3_000, NodeMetrics.BeLiberal, "0", "1"));
        frame.Settings.Add(new SettingChange(T0 + 3_000, "net.netfilter.nf_conntrack_tcp_loose", "1", ""));
        _store.Apply("node1", 1, frame);

        var facts = Facts();
        Assert.Equal(new SettingFact("1", T0 + 3_000), facts.Settings[NodeMetrics.BeLiberal]);
        Assert.False(facts.Settings.ContainsKey("net.netfilter.nf_conntrack_tcp_loose"));
        Assert.Equal([(T0, "0"), (T0 + 3_000, "1")], facts.BeLiberal);
    }

    [Fact]
    public void Settings_UnchangedAfterReconnect_AreNoChange()
    {
        _store.Connected(Hello((NodeMetrics.BeLiberal, "0")));
        At(60);
        _store.Connected(Hello((NodeMetrics.BeLiberal, "0")));

        Assert.Equal(new SettingFact("0", null), Facts().Settings[NodeMetrics.BeLiberal]);
        Assert.Single(Facts().BeLiberal);
    }

    [Fact]
    public void Rebuild_KnownNode_KeepsTheLastReport()
    {
        _store.Connected(Hello((NodeMetrics.BeLiberal, "1")));
        Report(4, pending: 2, synced: T0 / 1000 - 10);

        _store.Rebuild("node1", [(1, Frame(2))]);

        Assert.Equal("1", Facts().Settings[NodeMetrics.BeLiberal].Value);
        Assert.Equal(T0 + 4_000, Proxy().PendingSinceMs);
    }

    [Fact]
    public void Rebuild_UnknownNode_AppliesItsFrames()
    {
        var frame = Frame(2);
        frame.Proxy = Reading(2, 1, NaN, NaN);

        _store.Rebuild("node1", [(1, frame)]);

        Assert.Equal(T0 + 2_000, Proxy().HeardMs);
    }

    private NodeFacts Facts() => _store.Facts(new Dictionary<Ip, long>())!.Nodes["node1"];

    private ProxyFacts Proxy() => Facts().Proxy!;

    private void Report(int second, double pending = 0, double queued = NaN, double synced = NaN)
    {
        At(second);
        var frame = Frame(second);
        frame.Proxy = Reading(second, pending, queued, synced);
        Assert.Null(_store.Apply("node1", 1, frame).Rejection);
    }

    private static ProxyReading Reading(int second, double pending, double queued, double synced) =>
        new(T0 + (second * 1000), true, ProxyMode.Nftables, 200, T0 / 1000 - 900, synced, queued, 0.064, 166, pending, 0, 0, 0, 0, 0);

    private NodeFrame Frame(int second) => new() { Sequence = ++_sequence, AtMs = T0 + (second * 1000), IsKey = true };

    private void At(int second)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1000));
        if (at > _clock.GetUtcNow())
            _clock.SetUtcNow(at);
    }

    private static Hello Hello(params (string Key, string Value)[] settings) =>
        new("node1", "0.1.0", "boot", "6.18", 1, [], settings.ToDictionary(s => s.Key, s => s.Value));
}
