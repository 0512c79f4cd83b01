using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Tests.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using ConntrackConsole.Workers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;
using static ConntrackConsole.Tests.Findings.FindingTests;

namespace ConntrackConsole.Tests.Findings.Live;

public sealed class FindingMonitorTests
{
    private const long T0 = 1_795_400_000_000;

    /// <summary>A thousand Services with three backends each, on ten nodes, and nothing to explain.</summary>
    [Fact]
    public void Round_WithoutIncident_EvaluatesNothing_AndAllocatesLittle()
    {
        using var scene = new ManyServices(1_000);
        var (evaluated, allocated) = scene.Round();

        Assert.Equal((0, 0), (evaluated, scene.Monitor.Candidates));
        // A report, and a list of nodes: nothing for each group.
        Assert.InRange(allocated, 0, 8 << 10);
        TestContext.Current.TestOutputHelper?.WriteLine($"{allocated} bytes for 3,000 groups on 10 nodes");
    }

    /// <summary>An incident of one Service costs the same, however many others there are: they are not looked at.</summary>
    [Fact]
    public void Round_OneIncident_DoesNotLookAtServicesWithoutCandidates()
    {
        using var few = new ManyServices(50);
        using var many = new ManyServices(1_000);
        few.Break();
        many.Break();
        var (evaluatedOfFew, allocatedOfFew) = few.Round();
        var (evaluated, allocated) = many.Round();

        Assert.Single(many.Monitor.Current.Findings);
        Assert.Equal((1, 1, 1), (evaluatedOfFew, evaluated, many.Monitor.Candidates));
        Assert.InRange(allocated, allocatedOfFew / 2, allocatedOfFew + (4 << 10));
        TestContext.Current.TestOutputHelper?.WriteLine($"{allocatedOfFew} bytes with 50 Services, {allocated} with 1,000");
    }

    /// <summary>Many addresses have entries on the same nodes: what is known of a node is read once for all of them.</summary>
    [Fact]
    public void Round_ManyAddressesOnTheSameNodes_ReadsEachNodeOnce()
    {
        using var one = new ManyServices(300);
        using var many = new ManyServices(300);
        one.Break();
        many.Break(backends: 200);
        var (_, allocatedOfOne) = one.Round();
        var (evaluated, allocated) = many.Round();

        Assert.Equal(200, evaluated);
        long each = (allocated - allocatedOfOne) / 199;
        TestContext.Current.TestOutputHelper?.WriteLine($"{allocatedOfOne} bytes for one address on {ManyServices.Nodes} nodes, {each} for each other one");
        Assert.InRange(each, 0, 36 << 10);
    }

    /// <summary>A second of nothing else would delay the frames of every node: of many addresses a round evaluates a part, and none waits without end.</summary>
    [Fact]
    public void Round_MoreThanFits_EvaluatesAPart_WhatChangedFirst_AndTheRestInTheNextRounds()
    {
        using var all = new ManyServices(100);
        all.Break(backends: 100);
        string[] expected = [.. all.Monitor.Current.Findings.Select(finding => finding.Id).Order()];

        using var scene = new ManyServices(100);
        scene.Break(backends: 100, isEvaluated: false);
        int rounds = 0;
        for (; rounds < 100 && scene.Monitor.Current.Findings.Count < expected.Length; rounds++)
        {
            scene.Monitor.Round(TimeSpan.Zero);
            Assert.InRange(scene.Monitor.Evaluated, 1, 20);
        }

        // Each address once, before any is reviewed.
        Assert.InRange(rounds, 100 / 20, 100 / 10);
        Assert.Equal(expected, scene.Monitor.Current.Findings.Select(finding => finding.Id).Order());
    }

    [Fact]
    public async Task Round_OneIncident_EvaluatesItsAddressOnly_AndNotWithoutEnd()
    {
        using var scene = await CalmAsync();
        scene.Entries("node1", Group(OtherIp), FlowState.Established, 50);
        scene.Reset("node1", ResetKind.UnNated, 40_000);
        scene.Invalid("node1", 2);
        scene.Run(1);
        scene.Round();
        Assert.Equal((1, 1), (scene.Monitor.Evaluated, scene.Monitor.Candidates));

        // Long after the last change it is evaluated again now and then only.
        int evaluated = 0;
        scene.Run(30);
        for (int i = 0; i < 20; i++)
        {
            scene.Run(2);
            scene.Round();
            evaluated += scene.Monitor.Evaluated;
        }

        Assert.InRange(evaluated, 2, 5);
        Assert.Single(scene.Round().Findings);
    }

    [Fact]
    public async Task Finding_OpensAndClosesOnce_InTheAuditLog_AlsoAcrossARestart()
    {
        using var scene = await CalmAsync();
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Run(1);
        scene.Lookup("node1", 3, 3);
        scene.Run(14);
        await scene.WriteAuditAsync();
        string id = Assert.Single(scene.Monitor.Current.Findings).Id;
        scene.Run(2);
        await scene.WriteAuditAsync();
        scene.Restart();
        scene.Run(2);
        await scene.WriteAuditAsync();
        var row = Assert.Single(await RowsAsync(scene, FindingAudit.Opened));
        Assert.Equal((id, "conntrack-console", MechanismCodes.BlackHole, "shop/checkout → 10.1.0.5"), (row.ActionId, row.Who, row.Code, row.Target));
        Assert.Empty(await RowsAsync(scene, FindingAudit.Closed));

        // Flushed: it closes after a while, once.
        scene.Lookup("node1", 0, 0);
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Run(10);
        await scene.WriteAuditAsync();
        Assert.Empty(await RowsAsync(scene, FindingAudit.Closed));
        for (int i = 0; i < 5; i++)
        {
            scene.Run(15);
            await scene.WriteAuditAsync();
        }

        Assert.Equal(id, Assert.Single(await RowsAsync(scene, FindingAudit.Closed)).ActionId);
        Assert.Single(await RowsAsync(scene, FindingAudit.Opened));
        scene.Restart();
        await scene.WriteAuditAsync();
        Assert.Single(await RowsAsync(scene, FindingAudit.Opened));
    }

    /// <summary>While history is loaded, half of the nodes would be half of the evidence: the last report stays.</summary>
    [Fact]
    public async Task Round_WhileHistoryIsLoaded_KeepsTheLastReport()
    {
        using var scene = await CalmAsync();
        scene.Reset("node1", ResetKind.UnNated, 40_000);
        scene.Invalid("node1", 2);
        scene.Run(1);
        scene.Console.Store.IsLoading = true;
        Assert.Empty(scene.Round().Findings);
        Assert.Equal(0, scene.Monitor.Evaluated);
        scene.Console.Store.IsLoading = false;
        var found = scene.Round();
        Assert.Single(found.Findings);
        scene.Console.Store.IsLoading = true;
        scene.Run(1);
        Assert.Same(found, scene.Round());
    }

    /// <summary>More resets than memory holds, and more addresses than one round explains: both are said.</summary>
    [Fact]
    public void Round_WithMoreThanFits_SaysWhatIsMissing()
    {
        using var scene = new ManyServices(10);
        scene.Flood(nodes: 60, resetsOfNode: 4_000, addresses: FindingCandidates.MaxCandidates + 10);
        scene.Monitor.Round();
        var missing = scene.Monitor.Current.Insufficient.Where(missing => missing.Subject is null).Select(missing => missing.Missing).ToList();
        Assert.Contains(missing, text => text.StartsWith("resets and notes of the time before 20", StringComparison.Ordinal));
        Assert.Contains("10 addresses: more than 5000 needed an explanation at once", missing);
    }

    /// <summary>The running monitor explains a sign within a quarter of a second.</summary>
    [Fact]
    public async Task Worker_ExplainsASign_BeforeItsInterval()
    {
        using var scene = await CalmAsync();
        var clock = scene.Console.Clock;
        await scene.Monitor.StartAsync(TestContext.Current.CancellationToken);
        await Task.Delay(200, TestContext.Current.CancellationToken);
        clock.Advance(RoundWorker.MinPause);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        scene.Console.Store.Connected(new Hello("node2", "0.1.0", "boot", "6.18", 1, [new Capability("resets.trace", true, "")], new Dictionary<string, string> { ["net.netfilter.nf_conntrack_tcp_be_liberal"] = "0" }));
        long nowMs = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var frame = new NodeFrame { Sequence = 1, AtMs = nowMs, IsKey = true, Counters = new Counters(2, 0, 0, 0, 100, 1000) };
        frame.Resets.Add(new Reset(nowMs - 100, ResetKind.UnNated, Ip.Parse(ClientIp), 40_000, Ip.Parse(PodIp), 8080, Ip.Parse(Tests.Cluster.Objects.Vip), 80, Ip.Parse(PodIp), 8080, 0, false));
        scene.Console.Take("node2", frame);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        clock.Advance(RoundWorker.GatherTime);

        for (int wait = 0; scene.Monitor.Current.Findings.Count == 0 && wait < 100; wait++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        await scene.Monitor.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(MechanismCodes.InvalidUntranslated, Assert.Single(scene.Monitor.Current.Findings).Code);
    }

    /// <summary>The first events leave the window: it is still the same finding.</summary>
    [Fact]
    public async Task Finding_ThatLastsLongerThanTheWindow_KeepsItsId()
    {
        using var scene = await CalmAsync();
        string? id = null;
        for (ushort minute = 0; minute < 20; minute++)
        {
            scene.Reset("node1", ResetKind.UnNated, (ushort)(40_000 + minute));
            scene.Invalid("node1", 2);
            scene.Run(60);
            await scene.WriteAuditAsync();
            var finding = Assert.Single(scene.Monitor.Current.Findings);
            id ??= finding.Id;
            Assert.Equal(id, finding.Id);
        }

        Assert.Single(await RowsAsync(scene, FindingAudit.Opened));
    }

    private static Task<IReadOnlyList<AuditEntry>> RowsAsync(FindingScene scene, string what) =>
        scene.Audit.ReadAsync(new AuditFilter(What: what), TestContext.Current.CancellationToken);

    private sealed class ManyServices : IDisposable
    {
        public const int Nodes = 10;

        private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
        private readonly ClusterState _cluster;
        private readonly TimelineStore _store;
        private readonly TestDatabase _database = new();
        private readonly AuditLog _audit;
        private readonly List<GroupKey> _groups = [];
        private ulong _second;

        public ManyServices(int services)
        {
            _cluster = new ClusterState(_clock);
            _store = new TimelineStore(_cluster, _clock);
            _audit = new AuditLog(_database, _clock);
            Monitor = new FindingMonitor(_cluster, _store, new FindingLog(), new FindingAudit(_audit), new FindingMetrics(Metrics.NewCustomRegistry()), _clock, NullLogger<FindingMonitor>.Instance);
            _cluster.Watching();
            Populate(services);
            for (int second = 0; second < 3; second++)
                Pass();
            Monitor.Round();
        }

        public FindingMonitor Monitor { get; }

        /// <summary>INVALID answers of the first backends.</summary>
        public void Break(int backends = 1, bool isEvaluated = true)
        {
            for (int node = 0; node < Nodes; node++)
                _store.Connected(new Hello($"node{node}", "0.1.0", "boot", "6.18", 1, [new Capability("resets.trace", true, "")], new Dictionary<string, string> { ["net.netfilter.nf_conntrack_tcp_be_liberal"] = "0" }));
            Pass(frame =>
            {
                frame.Counters = frame.Counters with { Invalid = 2 };
                foreach (var group in _groups.Take(backends))
                    frame.Resets.Add(new Reset(frame.AtMs - 100, ResetKind.UnNated, Ip.Parse("10.9.9.9"), 40_000, group.Backend, 8080, group.Vip, 80, group.Backend, 8080, 0, false));
            });
            if (isEvaluated)
                Monitor.Round();
        }

        /// <summary>Resets of many nodes and addresses, over more than the interval at which memory is limited.</summary>
        public void Flood(int nodes, int resetsOfNode, int addresses)
        {
            for (int minute = 0; minute < 7; minute++)
            {
                _second++;
                _clock.Advance(TimeSpan.FromSeconds(61));
                long nowMs = _clock.GetUtcNow().ToUnixTimeMilliseconds();
                _cluster.Confirm(nowMs);
                for (int node = 0; node < nodes; node++)
                {
                    var frame = new NodeFrame { Sequence = _second, AtMs = nowMs, IsKey = true, Counters = new Counters(0, 0, 0, 0, 100, 100_000) };
                    for (int i = 0; i < resetsOfNode; i++)
                    {
                        var backend = Ip.V4(0x0A800000u + (uint)(((node * resetsOfNode) + i) % addresses));
                        frame.Resets.Add(new Reset(nowMs - 1 - (i % 900), ResetKind.FromBackend, _groups[0].Vip, 80, Ip.Parse("10.9.9.9"), (ushort)i, _groups[0].Vip, 80, backend, 8080, 0, false));
                    }

                    _store.Apply($"flood{node}", 1, frame);
                }
            }
        }

        /// <summary>The second of two rounds: the first one may add to caches.</summary>
        public (int Evaluated, long Allocated) Round()
        {
            Monitor.Round();
            long before = GC.GetAllocatedBytesForCurrentThread();
            Monitor.Round();
            return (Monitor.Evaluated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        private void Pass(Action<NodeFrame>? first = null)
        {
            _second++;
            _clock.Advance(TimeSpan.FromSeconds(1));
            _cluster.Confirm(_clock.GetUtcNow().ToUnixTimeMilliseconds());
            for (int node = 0; node < Nodes; node++)
            {
                var frame = Frame(_second, _groups, (uint)(_second + 2));
                if (node == 0)
                    first?.Invoke(frame);
                _store.Apply($"node{node}", 1, frame);
            }
        }

        private void Populate(int services)
        {
            var changes = new List<ClusterChange>();
            for (int i = 0; i < services; i++)
            {
                var key = new ServiceKey("shop", $"s{i}");
                string vip = $"10.96.{i / 250}.{(i % 250) + 1}";
                changes.Add(new ServiceChange(new ServiceInfo($"s{i}", key, [Ip.Parse(vip)], [new ServicePort(null, Protocols.Tcp, 80, 0)]), false));
                var pods = Enumerable.Range(0, 3).Select(n => Objects.Pod($"{i}-{n}", $"10.{n + 1}.{i / 250}.{(i % 250) + 1}")).ToList();
                changes.AddRange(pods.Select(pod => new PodChange(pod, false)));
                changes.Add(new SliceChange(new SliceInfo($"slice{i}", "shop", $"slice{i}", key, [.. pods.Select(Objects.Ready)]), false));
                _groups.AddRange(pods.Select(pod => new GroupKey(Protocols.Tcp, Ip.Parse(vip), 80, pod.Ip, 8080)));
            }

            _cluster.Apply(changes);
        }

        private static NodeFrame Frame(ulong sequence, List<GroupKey> groups, uint entries)
        {
            var frame = new NodeFrame { Sequence = sequence, AtMs = T0 + ((long)sequence * 1_000), IsKey = sequence == 1, Counters = new Counters(0, 0, 0, 0, 100, 100_000) };
            StateCounts counts = default;
            counts[(int)FlowState.Established] = entries;
            foreach (var group in groups)
                frame.Groups.Add(new GroupCounts(group, counts));
            return frame;
        }

        public void Dispose()
        {
            Monitor.Dispose();
            _audit.Dispose();
            _database.Dispose();
        }
    }
}
