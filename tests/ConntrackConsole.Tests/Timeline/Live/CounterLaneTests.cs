using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Timeline.Live;

/// <summary>What the nodes count, from their frames to the columns of a view.</summary>
public sealed class CounterLaneTests
{
    private const long T0 = 1_700_000_000_000;

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
    private readonly TimelineStore _store;

    public CounterLaneTests() => _store = new TimelineStore(new ClusterState(_clock), _clock);

    [Fact]
    public void Query_WithCounters_HasRatesUseAndLag()
    {
        Send("node1", 1, frame => frame.Counters = new Counters(20, 0, 0, 0, 100, 1_000));
        Send("node1", 2, frame => (frame.Counters, frame.Proxy) = (new Counters(10, 1, 0, 0, 905, 1_000), Proxy(2, queued: -3, failures: 0)));
        Send("node1", 3, frame => (frame.Counters, frame.Proxy) = (new Counters(0, 0, 0, 0, 300, 1_000), Proxy(3, queued: -3, failures: 2)));

        var lanes = Counters(new TimelineQuery(T0, T0 + 5_000, 5) { HasCounters = true });

        Assert.Equal([3_000, 3_000, 3_000, -1, -1], lanes.Invalid);
        Assert.Equal([100, 100, 100, -1, -1], lanes.Drop);
        Assert.Equal([905, 905, 905, -1, -1], lanes.TableUse.Values);
        Assert.Equal("node1", lanes.Names[lanes.TableUse.Nodes[0]]);
        // Queued three seconds before the first frame's second, and not yet synced at the third.
        Assert.Equal(6_000, lanes.SyncLag.Values[2]);
        Assert.Equal(new SyncFailure("node1", T0, 2), Assert.Single(lanes.Failures));
    }

    [Fact]
    public void Query_WithoutReadingsOfKubeProxy_HasUnknownLag()
    {
        Send("node1", 1, _ => { });

        Assert.Equal([-1, -1], Counters(new TimelineQuery(T0, T0 + 2_000, 2) { HasCounters = true }).SyncLag.Values);
    }

    [Fact]
    public void Query_OfOneNode_HasOnlyItsCounters()
    {
        Send("node1", 1, frame => frame.Counters = new Counters(0, 10, 0, 0, 100, 1_000));
        Send("node2", 1, frame => frame.Counters = new Counters(0, 20, 0, 0, 800, 1_000));

        var all = Counters(new TimelineQuery(T0, T0 + 1_000, 1) { HasCounters = true });
        var one = Counters(new TimelineQuery(T0, T0 + 1_000, 1, Node: "node1") { HasCounters = true });

        Assert.Equal((3_000, 800), (all.Drop[0], all.TableUse.Values[0]));
        Assert.Equal((1_000, 100), (one.Drop[0], one.TableUse.Values[0]));
    }

    [Fact]
    public void Query_SilentNode_IsUnknown_NotZero()
    {
        Send("node1", 1, _ => { });
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + 60_000));

        var lanes = Counters(new TimelineQuery(T0, T0 + 60_000, 6) { HasCounters = true });

        Assert.Equal([0, -1, -1, -1, -1, -1], lanes.Invalid);
        Assert.Equal([100, -1, -1, -1, -1, -1], lanes.TableUse.Values);
    }

    [Fact]
    public void Query_WithoutCounters_HasNone()
    {
        Send("node1", 1, _ => { });

        Assert.Null(_store.Query(new TimelineQuery(T0, T0 + 2_000, 2)).Counters);
    }

    private CounterLanes Counters(TimelineQuery query) => _store.Query(query).Counters!;

    private static ProxyReading Proxy(int second, int queued, double failures) => new(
        T0 + (second * 1_000), true, ProxyMode.Iptables, 200, 1, (T0 / 1000.0) - 60, (T0 / 1000.0) + queued, 0, 0, 0, 0, failures, 0, 0, 0);

    private void Send(string node, int second, Action<NodeFrame> fill)
    {
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1_000)));
        _store.Connected(Hello(node));
        var frame = Frame((ulong)second, T0 + (second * 1_000), second == 1, (Group, 1, 0));
        fill(frame);
        Assert.Equal(default, _store.Apply(node, 1, frame));
    }
}
