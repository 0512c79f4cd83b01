using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Timeline.Live;

/// <summary>The sums that are kept while frames arrive are those that the backends' series give.</summary>
public sealed class LaneSumTests
{
    private const long T0 = 1_700_000_000_000;
    private const int Seconds = 400;

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));

    [Fact]
    public void Read_ChangesInAnyOrder_OfAnyAge_IsTheirSum()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var sum = new LaneSum();
            var expected = new SumChange[600];
            for (int change = 0; change < 300; change++)
            {
                int second = random.Next(10) == 0 ? random.Next(expected.Length) : Math.Clamp((change * 2) + random.Next(-5, 5), 0, expected.Length - 1);
                var by = new SumChange(random.Next(-40, 40), random.Next(-9, 9), random.Next(20) == 0 ? 1 : 0);
                sum.Add(1_000_000 + second, by);
                for (int i = second; i < expected.Length; i++)
                    expected[i] += by;
            }

            int from = random.Next(300);
            sum.Trim(1_000_000 + random.Next(from + 1));
            var values = new SumChange[expected.Length - from];
            sum.Read(1_000_000 + from, values);
            Assert.Equal(expected[from..], values);
        }
    }

    /// <summary>Nodes come and go, are late, restart, lose frames, and have other clocks.</summary>
    [Fact]
    public void Query_RandomNodes_SumsAreThoseOfTheBackends()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (seed * 10_000_000L)));
            long startMs = _clock.GetUtcNow().ToUnixTimeMilliseconds();
            var store = new TimelineStore(new ClusterState(_clock), _clock);
            var nodes = Enumerable.Range(0, 5).Select(i => new RandomNode($"node{i}", random.Next(3) == 0 ? random.Next(-2, 3) * 1_000 : 0)).ToArray();
            for (int second = 1; second <= Seconds; second++)
            {
                _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(startMs + (second * 1_000)));
                foreach (var node in nodes)
                    node.Send(store, random, startMs + (second * 1_000));
            }

            var view = store.Query(new TimelineQuery(startMs + 30_000, startMs + (Seconds * 1_000), Seconds - 30));
            var whole = store.Query(new TimelineQuery(startMs + 30_000, startMs + (Seconds * 1_000), Seconds - 30, Lanes: 0));
            Assert.Equal(view.Services.Select(lane => lane.Place), whole.Services.Select(lane => lane.Place));
            Assert.All(whole.Services, lane => Assert.True(lane.OmitsBackends));
            Assert.All(whole.Services.Zip(view.Services), pair => Same(pair.First.Sum!, pair.Second.Sum!));
            foreach (var lane in view.Services)
                AssertSum(seed, lane.Sum!, [.. lane.Backends], view.Columns);
            AssertSum(seed, view.Sum!, [.. view.Services.SelectMany(lane => lane.Backends)], view.Columns);
            Same(view.Sum!, whole.Sum!);

            var one = store.Query(new TimelineQuery(startMs + 30_000, startMs + (Seconds * 1_000), Seconds - 30, Node: "node1"));
            foreach (var lane in one.Services)
                AssertSum(seed, lane.Sum!, [.. lane.Backends], one.Columns, late: 0);
        }
    }

    [Fact]
    public void Query_StaleEntries_AreInTheSum_AndTheirBackendIsNotOmitted()
    {
        var cluster = new ClusterState(_clock);
        var store = new TimelineStore(cluster, _clock);
        var (a, b) = (Pod("a", "10.1.0.5"), Pod("b", "10.1.0.6"));
        cluster.Watching();
        cluster.Apply([new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(a, false), new PodChange(b, false), new SliceChange(Slice(Ready(a), Ready(b)), false)]);
        Send(1, true, (Key("10.1.0.5"), 4, 1), (Key("10.1.0.6"), 7, 0));
        Send(2, false);
        cluster.Apply([new SliceChange(Slice(Ready(b)), false), new PodChange(a, true)]);
        cluster.Confirm(T0 + 2_000);
        Send(3, false, (Key("10.1.0.5"), 3, 1));
        Send(4, false);

        var view = store.Query(new TimelineQuery(T0, T0 + 4_000, 4, Lanes: 0));
        var lane = Assert.Single(view.Services);
        Assert.Equal([11, 11, 10, 10], lane.Sum!.Entries);
        Assert.Equal([1, 1, 1, 1], lane.Sum.Closing);
        Assert.Equal([0, 4, 3, 3], lane.Sum.Stale);
        Assert.True(lane.OmitsBackends);
        Assert.Equal("10.1.0.5", Assert.Single(lane.Backends).BackendIp);
        Assert.Equal(lane.Sum.Stale, view.Sum!.Stale);

        var shown = Assert.Single(store.Query(new TimelineQuery(T0, T0 + 4_000, 4, Lanes: 1)).Services);
        Assert.False(shown.OmitsBackends);
        Assert.Equal(2, shown.Backends.Count);

        void Send(int second, bool key, params (GroupKey, uint, uint)[] groups)
        {
            _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1_000)));
            cluster.Confirm(T0 + (second * 1_000));
            store.Connected(Hello("node1"));
            store.Apply("node1", 1, Frame((ulong)second, T0 + (second * 1_000), key, groups));
        }
    }

    private static void Same(LaneSums a, LaneSums b)
    {
        Assert.Equal(a.Entries, b.Entries);
        Assert.Equal(a.Closing, b.Closing);
        Assert.Equal(a.Stale, b.Stale);
    }

    // Until every node has reported a second, its sum is not known although some backends are.
    private static void AssertSum(int seed, LaneSums sum, BackendSeries[] backends, int columns, int late = 4)
    {
        for (int column = 0; column < columns; column++)
        {
            bool unknown = backends.Any(backend => backend.Entries[column] < 0);
            var expected = unknown ? (-1, -1) : (backends.Sum(backend => backend.Entries[column]), backends.Sum(backend => backend.Closing[column]));
            if (column < columns - late || sum.Entries[column] >= 0)
                Assert.Equal((seed, column, expected), (seed, column, (sum.Entries[column], sum.Closing[column])));
        }
    }

    private sealed class RandomNode(string name, int offsetMs)
    {
        private readonly List<(long Run, NodeFrame Frame)> _sent = [];
        private readonly List<NodeFrame> _late = [];
        private readonly Dictionary<GroupKey, (uint, uint)> _groups = [];
        private long _run = 1;
        private ulong _sequence;
        private int _silent;
        private bool _keyNext = true;

        public void Send(TimelineStore store, Random random, long nowMs)
        {
            if (_silent > 0)
            {
                _silent--;
                return;
            }

            if (random.Next(120) == 0)
                (_silent, _keyNext) = (random.Next(1, 30), true);
            if (random.Next(300) == 0)
                (_run, _sequence, _keyNext) = (_run + 1, 0, true);
            bool isKey = _keyNext || _sequence % 60 == 0;
            var changed = new Dictionary<GroupKey, (uint, uint)>();
            for (int i = random.Next(4); i > 0; i--)
            {
                var key = Key($"10.1.0.{random.Next(3)}", $"10.96.0.{random.Next(3)}");
                _groups[key] = changed[key] = ((uint)random.Next(5), (uint)random.Next(3));
            }

            var frame = Frame(
                ++_sequence, nowMs - offsetMs - random.Next(300), isKey,
                [.. (isKey ? _groups : changed).Where(g => !isKey || g.Value.Item1 + g.Value.Item2 > 0).Select(g => (g.Key, g.Value.Item1, g.Value.Item2))]);
            frame.Cost = new CollectorCost { ClockOffsetMs = offsetMs };
            _sent.Add((_run, frame));
            // Some frames come later than the next ones.
            if (!isKey && random.Next(50) == 0)
            {
                _keyNext = true;
                _late.Add(frame);
                return;
            }

            _keyNext = false;
            store.Connected(Hello(name, _run));
            Assert.Null(store.Apply(name, _run, frame).Rejection);
            if (_late.Count > 0 && random.Next(10) == 0)
            {
                _late.Clear();
                store.Rebuild(name, _sent);
            }
        }
    }
}
