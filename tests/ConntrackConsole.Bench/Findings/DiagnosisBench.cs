using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ConntrackConsole.Bench.Findings;

/// <summary>What the diagnosis costs the console: rounds over 1,000 Services on 1,000 nodes, without an incident and with ten.</summary>
internal static class DiagnosisBench
{
    private const int Services = 1_000;
    private const int Backends = 10;
    private const int Nodes = 1_000;
    private const int ServicesOfNode = 20;
    private const int Incidents = 10;
    private const int NodesOfIncident = 20;
    private const long T0 = 1_795_400_000_000;

    // Of one core, in the mean over the rounds.
    private const double MaxShare = 0.02;

    public static void Run(Report report, bool quick)
    {
        using var anchor = new SqliteConnection($"Data Source=diagnosis-{Environment.ProcessId};Mode=Memory;Cache=Shared");
        anchor.Open();
        var databases = new Databases(anchor.ConnectionString);
        using (var db = databases.CreateDbContext())
            db.Database.EnsureCreated();
        var clock = new Clock { NowMs = T0 };
        using var audit = new AuditLog(databases, clock);
        using var scene = new Scene(clock, audit);
        scene.Fill();
        int rounds = quick ? 30 : 150;
        scene.Measure(10);
        var calm = scene.Measure(rounds);
        report.AtMost($"diagnosis, {Services:N0} Services on {Nodes:N0} nodes, no incident", calm.Share * 100, "% of a core", MaxShare * 100, calm.Detail);
        scene.Break();
        // While it is new, an incident is evaluated in each round.
        var begins = scene.Measure(10);
        report.Info($"… {Incidents} incidents, their first 20 s", begins.Share * 100, "% of a core", begins.Detail);
        var lasts = scene.Measure(rounds, breaks: true);
        report.AtMost($"… {Incidents} incidents that go on", lasts.Share * 100, "% of a core", 5, lasts.Detail);
        scene.LoseNode();
        var lost = scene.Measure(1);
        report.Info("… the round after a node was lost, which may concern every address", lost.Share * 2_000, "ms", lost.Detail);
    }

    private sealed record Cost(double Share, string Detail);

    private sealed class Scene : IDisposable
    {
        private readonly Clock _clock;
        private readonly ClusterState _cluster;
        private readonly TimelineStore _store;
        private readonly FindingMonitor _monitor;
        private readonly PodInfo[] _pods;
        private ulong _second;

        public Scene(Clock clock, AuditLog audit)
        {
            _clock = clock;
            _cluster = new ClusterState(clock);
            _store = new TimelineStore(_cluster, clock);
            _monitor = new FindingMonitor(_cluster, _store, new FindingLog(), new FindingAudit(audit), new FindingMetrics(Metrics.NewCustomRegistry()), clock, NullLogger<FindingMonitor>.Instance);
            _pods = [.. Enumerable.Range(0, Services * Backends).Select(Pod)];
        }

        public void Fill()
        {
            _cluster.Watching();
            var changes = new List<ClusterChange>();
            for (int node = 0; node < Nodes; node++)
                changes.Add(new NodeChange(Node(node, true), false));
            changes.AddRange(_pods.Select(pod => new PodChange(pod, false)));
            for (int service = 0; service < Services; service++)
            {
                var key = new ServiceKey("shop", $"service-{service}");
                changes.Add(new ServiceChange(new ServiceInfo($"s{service}", key, [Vip(service)], [new ServicePort("http", Protocols.Tcp, 80, 0)]), false));
                changes.Add(new SliceChange(Slice(service, pod => true), false));
            }

            _cluster.Apply(changes, listed: true);
            Second(1, breaks: false, isKey: true);
            Second(9, breaks: false);
        }

        /// <summary>Ten backends lose their pods, and their entries hang; others are reset.</summary>
        public void Break()
        {
            var changes = new List<ClusterChange>();
            for (int service = 0; service < Incidents / 2; service++)
            {
                var gone = _pods[service * Backends];
                changes.Add(new SliceChange(Slice(service, pod => pod != gone), false));
                changes.Add(new PodChange(gone, true));
            }

            _cluster.Apply(changes);
            Second(1, breaks: true);
        }

        public void LoseNode() => _cluster.Apply([new NodeChange(Node(Nodes - 1, false), false)]);

        public Cost Measure(int rounds, bool breaks = false)
        {
            double cpu = 0, max = 0;
            long allocated = 0;
            int evaluated = 0;
            for (int round = 0; round < rounds; round++)
            {
                Second((int)FindingMonitor.Interval.TotalSeconds, breaks);
                GC.Collect(0);
                long bytes = GC.GetAllocatedBytesForCurrentThread();
                double from = ThreadTime.Total;
                _monitor.Round();
                double took = ThreadTime.Total - from;
                allocated += GC.GetAllocatedBytesForCurrentThread() - bytes;
                (cpu, max, evaluated) = (cpu + took, Math.Max(max, took), evaluated + _monitor.Evaluated);
            }

            double share = cpu / rounds / FindingMonitor.Interval.TotalMicroseconds;
            return new Cost(share, $"{cpu / rounds / 1000:0.0} ms a round, at most {max / 1000:0.0}; {evaluated / (double)rounds:0.0} addresses, {allocated / 1024.0 / rounds:0} KiB; {_monitor.Current.Findings.Count} findings");
        }

        public void Dispose() => _monitor.Dispose();

        // Nodes send what changed: a few groups, and INVALID packets, of which there are some on every node.
        private void Second(int count, bool breaks, bool isKey = false)
        {
            for (int i = 0; i < count; i++)
            {
                _second++;
                _clock.NowMs = T0 + ((long)_second * 1_000);
                _cluster.Confirm(_clock.NowMs);
                for (int node = 0; node < Nodes; node++)
                    _store.Apply(Name(node), 1, Frame(node, breaks, isKey), publish: false);
            }

            _store.Publish();
        }

        private NodeFrame Frame(int node, bool breaks, bool isKey)
        {
            var frame = new NodeFrame
            {
                Sequence = _second, AtMs = _clock.NowMs, IsKey = isKey, Counters = new Counters((uint)(_second % 3 == 0 ? 2 : 0), 0, 0, 0, 10_000, 262_144),
            };
            for (int i = 0; i < ServicesOfNode; i++)
            {
                int service = ((node * ServicesOfNode) + i) % Services;
                for (int backend = 0; backend < Backends; backend++)
                {
                    if (isKey || (node + backend + (int)_second) % 100 < 3)
                        frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Tcp, Vip(service), 80, PodIp((service * Backends) + backend), 8080), Established(5 + (uint)(_second % 3))));
                }
            }

            if (!breaks || node >= NodesOfIncident)
                return frame;
            for (int service = 0; service < Incidents / 2; service++)
                frame.WatchedAddresses.Add(new WatchedAddress(PodIp(service * Backends), 5, 5, 5, 0, 0));
            for (int service = Incidents / 2; service < Incidents; service++)
            {
                ushort port = (ushort)(30_000 + ((int)_second * 20 % 30_000) + service);
                frame.Resets.Add(new Reset(frame.AtMs - 400, ResetKind.UnNated, ClientIp(node), port, PodIp(service * Backends), 8080, Vip(service), 80, PodIp(service * Backends), 8080, 0, false));
            }

            return frame;
        }

        private static StateCounts Established(uint count)
        {
            StateCounts counts = default;
            counts[(int)FlowState.Established] = count;
            return counts;
        }

        private SliceInfo Slice(int service, Func<PodInfo, bool> has) => new($"slice{service}", "shop", $"slice{service}", new ServiceKey("shop", $"service-{service}"),
            [.. _pods.Skip(service * Backends).Take(Backends).Where(has).Select(pod => new SliceEndpoint(pod.Ips, true, true, false, pod.Uid, pod.Node))]);

        private static PodInfo Pod(int index) =>
            new($"pod{index}", "shop", $"service-{index / Backends}-{index % Backends}", Name(index % Nodes), "Running", [PodIp(index)], false, T0 - 3_600_000, null, null, false, null, null);

        private static NodeInfo Node(int index, bool reachable) => new($"node{index}", Name(index), reachable, [Ip.V4(0xC0A80000u + (uint)index)]);

        private static string Name(int node) => $"node-{node}";

        private static Ip Vip(int service) => Ip.V4(0x0A600000u + (uint)service + 1);

        private static Ip PodIp(int index) => Ip.V4(0x0A010000u + (uint)index + 1);

        private static Ip ClientIp(int node) => Ip.V4(0x0A800000u + (uint)node + 1);
    }

    private sealed class Databases(string connection) : IDbContextFactory<ConsoleDb>
    {
        public ConsoleDb CreateDbContext() => new(new DbContextOptionsBuilder<ConsoleDb>().UseSqlite(connection).Options);
    }

    private sealed class Clock : TimeProvider
    {
        public long NowMs { get; set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
    }
}
