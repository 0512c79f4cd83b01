using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Tests.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;
using static ConntrackConsole.Tests.Findings.FindingTests;

namespace ConntrackConsole.Tests.Findings;

public sealed class FindingMonitorTests
{
    private const long T0 = 1_795_400_000_000;

    /// <summary>A thousand Services with three backends each, on ten nodes, and nothing to explain.</summary>
    [Fact]
    public void Round_WithoutIncident_EvaluatesNothing_AndAllocatesLittle()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(T0));
        var cluster = new ClusterState(clock);
        var store = new TimelineStore(cluster, clock);
        using var database = new TestDatabase();
        using var audit = new AuditLog(database, clock);
        var monitor = new FindingMonitor(cluster, store, new FindingLog(), new FindingAudit(audit), clock, NullLogger<FindingMonitor>.Instance);
        cluster.Watching();
        var groups = Populate(cluster);
        cluster.Confirm(T0);
        for (ulong second = 1; second <= 3; second++)
        {
            clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + ((long)second * 1_000)));
            for (int node = 0; node < 10; node++)
                store.Apply($"node{node}", 1, Frame(second, groups, (uint)(second + 2)));
        }

        monitor.Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        monitor.Round();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal((0, 0), (monitor.Evaluated, monitor.Candidates));
        // The list of groups, and a report.
        Assert.InRange(allocated, 0, 64 << 10);
        TestContext.Current.TestOutputHelper?.WriteLine($"{allocated} bytes for 3,000 groups on 10 nodes");
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

    private static List<GroupKey> Populate(ClusterState cluster)
    {
        var changes = new List<ClusterChange>();
        var groups = new List<GroupKey>();
        for (int i = 0; i < 1_000; i++)
        {
            var key = new ServiceKey("shop", $"s{i}");
            string vip = $"10.96.{i / 250}.{(i % 250) + 1}";
            changes.Add(new ServiceChange(new ServiceInfo($"s{i}", key, [Ip.Parse(vip)], [new ServicePort(null, Protocols.Tcp, 80, 0)]), false));
            var pods = Enumerable.Range(0, 3).Select(n => Objects.Pod($"{i}-{n}", $"10.{n + 1}.{i / 250}.{(i % 250) + 1}")).ToList();
            changes.AddRange(pods.Select(pod => new PodChange(pod, false)));
            changes.Add(new SliceChange(new SliceInfo($"slice{i}", "shop", $"slice{i}", key, [.. pods.Select(Objects.Ready)]), false));
            groups.AddRange(pods.Select(pod => new GroupKey(Protocols.Tcp, Ip.Parse(vip), 80, pod.Ip, 8080)));
        }

        cluster.Apply(changes);
        return groups;
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
}
