using System.Collections.Immutable;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Tests.Checks;

/// <summary>Small contexts for checks: everything is ok unless a test changes it.</summary>
internal static class CheckContexts
{
    public const long NowMs = 1_795_400_100_000;
    public const double NaN = double.NaN;

    /// <summary>A kube-proxy in nftables mode as it was recorded on an idle cluster: the last sync is minutes old.</summary>
    public static readonly ProxyReading Idle = new(
        NowMs - 1_000, true, ProxyMode.Nftables, 200, NowMs / 1000 - 900, 1_795_399_951.3758352, 1_795_399_950.3702695,
        0.064, 166, 0, 0, 0, 0, 0, 0);

    public static ProxyFacts Proxy(ProxyReading? reading = null, long? pendingForMs = null, long? queuedForMs = null, long heardAgoMs = 1_000) =>
        (reading ?? Idle) is var metrics ? new ProxyFacts(
            metrics, NowMs - heardAgoMs, metrics.AtMs - pendingForMs, metrics.AtMs - queuedForMs, new RateFact(3, 12, 2, 60), new RateFact(0, 0, 0, 60)) : null!;

    public static NodeFacts Facts(ProxyFacts? proxy = null, string beLiberal = "1", string loose = "1", long heardAgoMs = 500) => new(
        "node1", true, NowMs - heardAgoMs, true, true, new Counters(0, 0, 0, 0, 1_000, 262_144),
        ImmutableDictionary<string, SettingFact>.Empty
            .Add(NodeMetrics.BeLiberal, new SettingFact(beLiberal, null)).Add("net.netfilter.nf_conntrack_tcp_loose", new SettingFact(loose, null)),
        proxy ?? Proxy());

    public static NodeCheckContext Node(NodeFacts? facts, string version = "v1.36.2", bool backends = true) =>
        new("node1", new NodeInfo("uid-node1", "node1", true, []) { KubeletVersion = version }, facts, backends);

    public static CheckContext Context(params NodeCheckContext[] nodes) => new(NowMs, CheckLimits.Default)
    {
        Nodes = nodes,
        HasCluster = true,
        IsListed = true,
        ClusterMs = NowMs - 1_000,
        Reporting = 1,
        HeardMs = NowMs - 500,
        MajorityBeLiberal = "1",
        MajorityMode = ProxyMode.Nftables,
    };

    public static PodInfo Pod(string uid, bool preStop = true, bool readiness = true, int grace = 30) =>
        new(uid, "shop", $"checkout-{uid}", "node1", "Running", [Ip.Parse("10.1.0.5")], false, 1, null, null, false, null, null)
        {
            HasPreStop = preStop, HasReadinessProbe = readiness, GraceSeconds = grace, Ready = true,
        };

    public static ServiceCheckContext Service(params PodInfo[] pods) => new(
        new ServiceInfo("svc", new ServiceKey("shop", "checkout"), [Ip.Parse("10.96.0.10")], []), pods, pods.Length, 0, pods.Length,
        ServiceEntries.None, [], ImmutableDictionary<Ip, long>.Empty);

    public static Termination End(long tookMs, int? grace = 30, int? exit = 0, string? reason = null, TerminationCause cause = TerminationCause.Rollout) =>
        new("uid", "shop", "checkout-x", Ip.Parse("10.1.0.9"), "node1", new ServiceKey("shop", "checkout"),
            NowMs - 600_000, null, null, NowMs - 600_000 + tookMs, exit, NowMs - 600_000 + tookMs + 500)
        {
            GraceSeconds = grace, ExitReason = reason, Cause = cause,
        };
}
