using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Timeline.Live;

/// <summary>A live window is extended: its columns are those that a computation of the whole gives, and it costs what changed.</summary>
public sealed class LiveWindowTests
{
    private const long T0 = 1_700_000_000_000;
    private const int Columns = 120;

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));

    /// <summary>Nodes are silent, late, restart and are rebuilt; pods end, and their addresses are taken by others.</summary>
    [Fact]
    public void View_Extended_IsThatOfAComputationOfTheWhole()
    {
        for (int seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (seed * 10_000_000L)));
            long startMs = NowMs;
            var cluster = new ClusterState(_clock);
            var (store, whole) = (new TimelineStore(cluster, _clock), new TimelineStore(cluster, _clock));
            var pods = Enumerable.Range(0, 4).Select(i => Pod($"p{i}", $"10.1.0.{i}")).ToArray();
            cluster.Watching();
            cluster.Apply([new NodeChange(Node("node0", "192.168.0.1"), false), new ServiceChange(Service(), false), .. pods.Select(pod => new PodChange(pod, false)), new SliceChange(Slice([.. pods.Select(Ready)]), false)]);
            cluster.Confirm(startMs);
            var nodes = Enumerable.Range(0, 4).Select(i => new RandomNode($"node{i}", i == 3 ? -1_700 : 0)).ToArray();
            for (int half = 1; half <= 500; half++)
            {
                _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(startMs + (half * 500)));
                cluster.Confirm(NowMs);
                if (half % 2 == 0)
                {
                    foreach (var node in nodes)
                        node.Send([store, whole], random, NowMs);
                }

                if (random.Next(60) == 0)
                    Change(cluster, pods, random);
                if (half < 300 || random.Next(4) == 0)
                    continue;
                whole.Windows.Clear();
                foreach (var query in Queries())
                    Same(seed, half, whole.Query(query), store.Query(query));
            }

            Assert.InRange(store.Windows.Extended, 50, 1_000);
            Assert.Equal(0, whole.Windows.Extended);
        }
    }

    /// <summary>A thousand Services of three pods each on ten nodes; a page draws eight of them. With names, sums and columns of all it was 4 KB a Service.</summary>
    [Fact]
    public void View_ASecondLater_AllocatesWhatChanged()
    {
        const int services = 1_000, perService = 3, nodes = 10;
        var cluster = new ClusterState(_clock);
        cluster.Watching();
        var changes = new List<ClusterChange>();
        for (int service = 0; service < services; service++)
        {
            var key = new ServiceKey("shop", $"s{service:0000}");
            var pods = Enumerable.Range(0, perService).Select(i => Pod($"p{service}-{i}", Backend(service, i).ToString())).ToArray();
            changes.Add(new ServiceChange(new ServiceInfo($"svc{service}", key, [Vip(service)], [new ServicePort("http", Protocols.Tcp, 80, 0)]), false));
            changes.AddRange(pods.Select(pod => new PodChange(pod, false)));
            changes.Add(new SliceChange(Slice([.. pods.Select(Ready)]) with { Uid = $"slice{service}", Name = $"slice{service}", Service = key }, false));
        }

        cluster.Apply(changes);
        cluster.Confirm(T0);
        var store = new TimelineStore(cluster, _clock);
        for (int second = 1; second <= 100; second++)
            Second(second);
        long allocated = long.MaxValue, whole = long.MaxValue;
        for (int second = 101; second <= 110; second++)
        {
            Second(second);
            allocated = Math.Min(allocated, Allocated());
        }

        for (int second = 111; second <= 115; second++)
        {
            Second(second);
            store.Windows.Clear();
            whole = Math.Min(whole, Allocated());
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{allocated:N0} bytes, as a whole {whole:N0}");
        Assert.InRange(allocated, 1, 220_000);

        long Allocated()
        {
            var query = new TimelineQuery(NowMs - 90_000, NowMs, 90, Lanes: 8) { OmitsSums = true };
            long before = GC.GetAllocatedBytesForCurrentThread();
            var view = store.Query(query);
            long after = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal((services, 8), (view.Services.Count, view.Services.Count(lane => !lane.OmitsBackends)));
            return after - before;
        }

        void Second(int second)
        {
            _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1_000)));
            cluster.Confirm(NowMs);
            for (int node = 0; node < nodes; node++)
            {
                var groups = Enumerable.Range(0, services * perService).Where(i => i % nodes == node && (second == 1 || (i + second) % 33 == 0))
                    .Select(i => (Group with { Vip = Vip(i / perService), Backend = Backend(i / perService, i % perService) }, (uint)(4 + ((i + second) % 5)), 0u)).ToArray();
                store.Apply($"node{node}", 1, Frame((ulong)second, NowMs, second == 1, groups));
            }
        }
    }

    private static Ip Vip(int service) => Ip.V4(0x0A600100u + (uint)service);

    private static Ip Backend(int service, int i) => Ip.V4(0x0A010000u + (uint)((service * 3) + i));

    private long NowMs => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    // As pages: whole steps, up to the present.
    private IEnumerable<TimelineQuery> Queries()
    {
        foreach (long stepMs in (long[])[1_000, 2_000])
        {
            long toMs = (NowMs + stepMs - 1) / stepMs * stepMs;
            var query = new TimelineQuery(toMs - (Columns * 1_000), toMs, (int)(Columns * 1_000 / stepMs), Lanes: 8) { OmitsSums = true };
            yield return query;
            yield return query with { Node = "node1" };
            yield return query with { Namespace = "shop", Service = "checkout", OmitsSums = false };
        }
    }

    private static void Change(ClusterState cluster, PodInfo[] pods, Random random)
    {
        int at = random.Next(pods.Length);
        cluster.Apply([new PodChange(pods[at], true)]);
        pods[at] = Pod($"{pods[at].Uid}x", pods[at].Ips[0].ToString());
        if (random.Next(2) == 0)
            cluster.Apply([new PodChange(pods[at], false)]);
        cluster.Apply([new SliceChange(Slice([.. pods.Where(_ => random.Next(4) > 0).Select(Ready)]), false)]);
    }

    private static void Same(int seed, int half, TimelineView expected, TimelineView actual)
    {
        Assert.Equal((seed, half, Text(expected)), (seed, half, Text(actual)));

        static string Text(TimelineView view) => string.Join('\n', view.Services.Select(lane => $"{lane.Place} {lane.OmitsBackends} {lane.HadEntries} {lane.Ownerless} "
            + string.Join('\n', lane.Backends.Select(backend =>
                $"{backend.BackendIp} {backend.Pod} {backend.Owner} {backend.StateNow} {string.Join(',', backend.Entries)} / {string.Join(',', backend.Closing)} / {string.Join(',', backend.Stale)}"))));
    }

    private sealed class RandomNode(string name, int offsetMs)
    {
        private readonly List<(long Run, NodeFrame Frame)> _sent = [];
        private readonly Dictionary<GroupKey, (uint, uint)> _groups = [];
        private long _run = 1;
        private ulong _sequence;
        private int _silent;
        private bool _keyNext = true;

        public void Send(TimelineStore[] stores, Random random, long nowMs)
        {
            if (_silent > 0)
            {
                _silent--;
                return;
            }

            if (random.Next(90) == 0)
                (_silent, _keyNext) = (random.Next(1, 30), true);
            if (random.Next(200) == 0)
                (_run, _sequence, _keyNext) = (_run + 1, 0, true);
            bool isKey = _keyNext || _sequence % 60 == 0;
            _keyNext = false;
            var changed = new Dictionary<GroupKey, (uint, uint)>();
            for (int i = random.Next(3); i > 0; i--)
            {
                var key = Key($"10.1.0.{random.Next(5)}", random.Next(4) == 0 ? "10.96.0.99" : "10.96.0.10");
                _groups[key] = changed[key] = ((uint)random.Next(5), (uint)random.Next(3));
            }

            var frame = Frame(
                ++_sequence, nowMs - offsetMs - random.Next(300), isKey,
                [.. (isKey ? _groups : changed).Where(g => !isKey || g.Value.Item1 + g.Value.Item2 > 0).Select(g => (g.Key, g.Value.Item1, g.Value.Item2))]);
            frame.Cost = new CollectorCost { ClockOffsetMs = offsetMs };
            _sent.Add((_run, frame));
            // A frame that comes late: the node's history is built again from all of them.
            bool isLate = !isKey && random.Next(80) == 0;
            foreach (var store in stores)
            {
                if (isLate)
                {
                    store.Rebuild(name, _sent);
                    continue;
                }

                store.Connected(Hello(name, _run));
                Assert.Null(store.Apply(name, _run, frame).Rejection);
            }
        }
    }
}
