using ConntrackConsole.Checks;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Service;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Checks;

public sealed class CheckSchedulerTests : IDisposable
{
    private const long T0 = 1_795_400_000_000;
    private static readonly PodInfo A = Pod("a", "10.1.0.5");

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
    private readonly ClusterState _cluster;
    private readonly TimelineStore _store;
    private readonly CheckScheduler _scheduler;
    private ulong _sequence;

    public CheckSchedulerTests()
    {
        _cluster = new ClusterState(_clock);
        _store = new TimelineStore(_cluster, _clock);
        _scheduler = new CheckScheduler(_cluster, _store, _clock, NullLogger<CheckScheduler>.Instance);
        _cluster.Watching();
        _cluster.Apply([
            new NodeChange(Node("node1", "192.168.0.1"), false), new ServiceChange(Service(), false), new PodChange(A, false), new SliceChange(Slice(Ready(A)), false),
        ]);
        _cluster.Confirm(T0);
    }

    [Fact]
    public void Entries_OfDeletedPod_AreCountedOverReportingNodes()
    {
        Send("node1", (Group, 4, 1));
        Send("node2", (Group, 2, 0));
        Assert.Equal((CheckState.Ok, "0"), Stale());
        At(2);
        _cluster.Apply([new SliceChange(Slice(), false), new PodChange(A, true)]);
        Send("node1", (Group, 3, 2));
        Assert.Equal((CheckState.Warning, "5 stale"), Stale());
        Assert.Equal(T0 + 2_000, Result(StaleEntries.Name).SinceMs);

        // node2 becomes silent: what it held is not what it holds now.
        At(20);
        Send("node1", (Group, 3, 2));
        Assert.Equal((CheckState.Warning, "3 stale"), Stale());
        Assert.Contains("Not counted: node2", Result(StaleEntries.Name).Sentence, StringComparison.Ordinal);

        At(33);
        Send("node1", (Group, 3, 2));
        Assert.Equal((CheckState.Bad, "3 stale"), Stale());

        // Closing entries prove nothing.
        Send("node1", (Group, 0, 5));
        Assert.Equal((CheckState.Ok, "0"), Stale());
    }

    // The guards refuse a flush at an address that is a node's or that no pod has had.
    [Theory]
    [InlineData("192.168.0.1")]
    [InlineData("203.0.113.7")]
    public void Entries_OfAnEndpointThatIsNoPod_AreNotToBeFlushed(string ip)
    {
        var endpoint = new SliceEndpoint([Ip.Parse(ip)], true, true, false, null, null);
        _cluster.Apply([new SliceChange(Slice(Ready(A), endpoint), false)]);
        Send("node1", (Key(ip), 4, 0));
        At(2);
        _cluster.Apply([new SliceChange(Slice(Ready(A)), false)]);
        Send("node1", (Key(ip), 4, 0));

        At(40);
        Send("node1", (Key(ip), 4, 0));
        var result = Result(StaleEntries.Name);
        Assert.Equal((CheckState.Bad, "4 stale"), (result.State, result.Value));
        Assert.Contains($"Clients on node1 still use {ip}, which left the Service", result.Sentence, StringComparison.Ordinal);
        Assert.Contains("a flush is refused; restart the clients or wait for the entries to expire", result.Sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("Flush", result.Sentence, StringComparison.Ordinal);
        Assert.Contains($"conntrack -L -r {ip}", result.Commands);

        // A pod's address beside it can be flushed, and only that one.
        _cluster.Apply([new SliceChange(Slice(), false), new PodChange(A, true)]);
        Send("node1", (Key(ip), 4, 0), (Group, 3, 0));
        result = Result(StaleEntries.Name);
        Assert.Equal("7 stale", result.Value);
        Assert.Contains("wait for 10.1.0.5, which no live pod of the Service owns. Flush that address to make", result.Sentence, StringComparison.Ordinal);
        Assert.Contains($"still use {ip}, which left the Service", result.Sentence, StringComparison.Ordinal);
    }

    // The guard needs proof that no entry in scope is the pod's own: here it has none, so the check advises no flush.
    [Theory]
    [InlineData("203.0.113.9", true, "shop/checkout and shop/other")]
    [InlineData("192.168.0.1", false, "address of a node")]
    public void Reassigned_WhereTheGuardRefusesTheScope_IsNotToBeFlushed(string external, bool isContested, string why)
    {
        var vip = Ip.Parse(external);
        var b = Pod("b", "10.1.0.6");
        ServiceInfo[] claims = [Service() with { OtherIps = [vip] }, Service() with { Uid = "svc2", Key = new ServiceKey("shop", "other"), ClusterIps = [Ip.Parse("10.96.0.11")], OtherIps = [vip] }];
        _cluster.Apply([new PodChange(b, false), .. claims.Reverse().Skip(isContested ? 0 : 1).Select(service => new ServiceChange(service, false))]);
        var key = new GroupKey(Protocols.Tcp, vip, 80, b.Ip, 8080);
        Assert.Null(ScopeOwnership.NotBackendOf(_cluster, b.Ip, new FlushScope("tcp", external, 80)));
        Send("node1", (key, 4, 0));

        var result = _scheduler.Round().Results.Single(r => r.Check == StaleEntries.Name && r.Subject == CheckSubject.Of(Checkout));
        Assert.Equal((CheckState.Bad, "4 reassigned"), (result.State, result.Value));
        Assert.Contains($"another workload's pod at 10.1.0.6 through {external} port 80", result.Sentence, StringComparison.Ordinal);
        Assert.Contains(why, result.Sentence, StringComparison.Ordinal);
        Assert.Contains("a flush is refused", result.Sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("Flush", result.Sentence, StringComparison.Ordinal);
        Assert.Contains("conntrack -L -r 10.1.0.6", result.Commands);
    }

    // A NodePort at a node's own address: the entry without translation is at an address that is never flushed.
    [Fact]
    public void Untranslated_AtANodesAddress_IsNotToBeFlushed()
    {
        Send("node1", (Group, 1, 0), (new GroupKey(Protocols.Tcp, Ip.Parse("192.168.0.1"), 30080, Ip.Parse("192.168.0.1"), 30080), 4, 0));

        var result = Result(StaleEntries.Name);
        Assert.Equal("4 untranslated", result.Value);
        Assert.Contains("send to 192.168.0.1 without translation", result.Sentence, StringComparison.Ordinal);
        Assert.Contains("a flush is refused", result.Sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("Flush", result.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Since_TheFirstPodsEntriesExpire_StillBeganWithThem()
    {
        var b = Pod("b", "10.1.0.6");
        var other = Group with { Backend = Ip.Parse("10.1.0.6") };
        _cluster.Apply([new PodChange(b, false), new SliceChange(Slice(Ready(A), Ready(b)), false)]);
        Send("node1", (Group, 4, 0), (other, 3, 0));
        At(2);
        _cluster.Apply([new SliceChange(Slice(Ready(b)), false), new PodChange(A, true)]);
        Send("node1", (Group, 4, 0), (other, 3, 0));
        Assert.Equal(T0 + 2_000, Result(StaleEntries.Name).SinceMs);
        At(40);
        _cluster.Apply([new SliceChange(Slice(), false), new PodChange(b, true)]);
        Send("node1", (Group, 4, 0), (other, 3, 0));
        Assert.Equal(T0 + 2_000, Result(StaleEntries.Name).SinceMs);
        At(60);
        Send("node1", (other, 3, 0));

        Assert.Equal((CheckState.Warning, "3 stale"), Stale());
        Assert.Equal(T0 + 2_000, Result(StaleEntries.Name).SinceMs);
    }

    [Fact]
    public void Ipvs_KeepsConnectionsToARemovedServer_UntilTheNodeReportsThatItDoesNot()
    {
        var kept = new IpvsServerConnections(Group.Proto, Group.Vip, Group.Vport, Group.Backend, Group.Bport, true, 3, 900);
        Send("node1");
        Assert.Equal(CheckState.NotApplicable, Result(IpvsConnections.Name).State);

        SendIpvs(true, new IpvsReading(IpvsReadState.Complete, false, [kept], 0));
        Assert.Equal((CheckState.Bad, "3 dropped"), Result(IpvsConnections.Name) is var bad ? (bad.State, bad.Value) : default);
        SendIpvs(false, null); // not read in this second
        Assert.Equal(CheckState.Bad, Result(IpvsConnections.Name).State);

        SendIpvs(false, new IpvsReading(IpvsReadState.Complete, false, [], 0));
        Assert.Equal(CheckState.Ok, Result(IpvsConnections.Name).State);
        SendIpvs(true, null); // without IPVS
        Assert.Equal(CheckState.NotApplicable, Result(IpvsConnections.Name).State);
    }

    [Fact]
    public void Ipvs_LoadedOnANodeWhoseCollectorDoesNotReportWhatItKeeps_IsUnknown()
    {
        _store.Connected(Hello("node1") with { Capabilities = [new Capability(Capability.Ipvs, true, "Reads the timeouts.")] });
        Send("node1");

        Assert.Equal((CheckState.InsufficientData, UnknownCodes.IpvsUnread), Result(IpvsConnections.Name) is var result ? (result.State, result.UnknownCode) : default);
    }

    [Fact]
    public void Since_SameState_IsKept()
    {
        Send("node1");
        Assert.Equal(T0, Result(Readiness.Name).SinceMs);
        At(5);

        Assert.Equal(T0, Result(Readiness.Name).SinceMs);
        At(30, confirmed: false);
        var old = Result(Readiness.Name);
        Assert.Equal((CheckState.InsufficientData, "check.cluster_old", T0 + 5_000), (old.State, old.UnknownCode, old.SinceMs));
        At(31);
        Assert.Equal(T0 + 31_000, Result(Readiness.Name).SinceMs);
    }

    [Fact]
    public void Report_IsOrderedBySeverity_AndCounted()
    {
        Send("node1");

        var report = _scheduler.Round();

        Assert.Equal(report.Results.Select(r => r.State).OrderDescending(), report.Results.Select(r => r.State));
        Assert.Equal(report.Results.Count(r => r.State == CheckState.Warning), report.Warnings);
        Assert.Equal(CheckRules.PerNode.Count + CheckRules.PerService.Count, report.Results.Count(r => r.Subject.Kind != SubjectKind.Cluster));
        Assert.Equal(report.Results.Count, report.Results.Select(r => r.Key).Distinct().Count());
        Assert.All(report.Results, r => Assert.True(r.Sentence.Length > 0));
    }

    [Fact]
    public void NodeWithoutCollector_InsufficientData_ExceptVersion()
    {
        var results = _scheduler.Round().Results.Where(r => r.Subject.Name == "node1").ToList();

        Assert.Equal(CheckRules.PerNode.Count, results.Count);
        Assert.All(results, r => Assert.Equal(CheckState.InsufficientData, r.State));
        Assert.Contains(results, r => r.Sentence.Contains("No collector", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Scheduler_RunsRepeatedly()
    {
        using var seen = new SemaphoreSlim(0);
        using var subscription = _scheduler.Subscribe(() => seen.Release());
        var stop = TestContext.Current.CancellationToken;
        await _scheduler.StartAsync(stop);
        int rounds = 0;
        // The clock advances until the loop has waited for it twice.
        for (int tries = 0; rounds < 3 && tries < 3_000; tries++)
        {
            if (await seen.WaitAsync(TimeSpan.FromMilliseconds(10), stop))
                rounds++;
            else
                _clock.Advance(CheckScheduler.Interval);
        }

        await _scheduler.StopAsync(stop);
        Assert.Equal(3, rounds);
    }

    private (CheckState State, string Value) Stale() => Result(StaleEntries.Name) is var r ? (r.State, r.Value) : default;

    private CheckResult Result(CheckName name) => _scheduler.Round().Results.Single(r => r.Check == name);

    private void At(int second, bool confirmed = true)
    {
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1000L)));
        if (confirmed)
            _cluster.Confirm(T0 + (second * 1000L));
    }

    private void Send(string node, params (GroupKey Key, uint Established, uint TimeWait)[] groups) =>
        Assert.Null(_store.Apply(node, 1, Frame(++_sequence, _clock.GetUtcNow().ToUnixTimeMilliseconds(), true, groups)).Rejection);

    private void SendIpvs(bool key, IpvsReading? reading)
    {
        var frame = Frame(++_sequence, _clock.GetUtcNow().ToUnixTimeMilliseconds(), key);
        frame.Ipvs = reading;
        Assert.Null(_store.Apply("node1", 1, frame).Rejection);
    }

    public void Dispose() => _scheduler.Dispose();
}
