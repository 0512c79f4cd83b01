using System.Collections.Frozen;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Model;

/// <summary>The input of all checks at one moment.</summary>
internal sealed record CheckContext(long NowMs, CheckLimits Limits)
{
    public IReadOnlyList<NodeCheckContext> Nodes { get; init; } = [];

    public IReadOnlyList<ServiceCheckContext> Services { get; init; } = [];

    public IReadOnlyList<KindStatus> Kinds { get; init; } = [];

    public bool HasCluster { get; init; }

    public bool IsListed { get; init; }

    /// <summary>When the cluster state was last confirmed; null before the first list.</summary>
    public long? ClusterMs { get; init; }

    public string? ClusterProblem { get; init; }

    /// <summary>Nodes with a silent collector or without a collector: their entries are missing from every sum.</summary>
    public IReadOnlyList<string> SilentNodes { get; init; } = [];

    /// <summary>What IPVS keeps on each reporting node where it is loaded; null if its collector is too old to report it.</summary>
    public IReadOnlyList<(string Node, IpvsReading? Reading)> Ipvs { get; init; } = [];

    /// <summary>Number of nodes with a reporting collector.</summary>
    public int Reporting { get; init; }

    /// <summary>When the last of them reported.</summary>
    public long HeardMs { get; init; }

    /// <summary>conntrack is bypassed for Services on every node that reports.</summary>
    public bool AllBypass { get; init; }

    /// <summary>The mode of more than half of the kube-proxies that answer; unknown if no mode has that many.</summary>
    public ProxyMode MajorityMode { get; init; }

    /// <summary>nf_conntrack_tcp_be_liberal on more than half of the nodes that report; null if no value has that many.</summary>
    public string? MajorityBeLiberal { get; init; }

    /// <summary>Why a kind's objects are unavailable, or null. Whether they are listed yet is checked by <see cref="IsListed"/>.</summary>
    public string? Missing(params string[] kinds)
    {
        foreach (var kind in Kinds)
        {
            if (kind is { Listed: false, Problem: { } problem } && kinds.Contains(kind.Kind, StringComparer.OrdinalIgnoreCase))
                return problem;
        }

        return null;
    }

    public static CheckContext Create(ClusterState cluster, TimelineStore timeline, CheckLimits limits, long nowMs)
    {
        var ends = RecentEnds(cluster.Terminations, nowMs - limits.EndsMs, out var deletions);
        var facts = timeline.Facts(deletions);
        var map = cluster.Current;
        var age = cluster.Age;
        var placed = map.Slices.Values.SelectMany(s => s.Service is null ? [] : s.Endpoints).Select(e => e.Node).OfType<string>()
            .ToFrozenSet(StringComparer.Ordinal);
        var nodes = map.Nodes.Keys.Union(facts.Nodes.Keys).Order(StringComparer.Ordinal)
            .Select(name => new NodeCheckContext(name, map.Nodes.GetValueOrDefault(name), facts.Nodes.GetValueOrDefault(name), placed.Contains(name)))
            .ToList();
        var heard = nodes.Where(n => n.Facts is { } f && nowMs - f.HeardMs <= limits.NodeSilentMs).ToList();
        var ipvs = ServiceIpvsOf(map, heard);
        var services = map.Services.Values
            .Select(service => ServiceCheckContext.Of(
                map, service, facts.Services.GetValueOrDefault(service.Key, ServiceEntries.None), ends.GetValueOrDefault(service.Key, []), facts.LastActive) with
            {
                Ipvs = ipvs.GetValueOrDefault(service.Key, []),
            })
            .ToList();
        return new CheckContext(nowMs, limits)
        {
            Nodes = nodes,
            Services = services,
            Kinds = cluster.Kinds,
            HasCluster = cluster.HasCluster,
            IsListed = cluster.IsReady,
            ClusterMs = age == TimeSpan.MaxValue ? null : nowMs - (long)age.TotalMilliseconds,
            ClusterProblem = cluster.Problem,
            SilentNodes = [.. nodes.Except(heard).Select(n => n.Name)],
            Ipvs = [.. heard.Where(n => n.Facts!.HasIpvs).Select(n => (n.Name, n.Facts!.Ipvs))],
            Reporting = heard.Count,
            HeardMs = heard.Count == 0 ? 0 : heard.Max(n => n.Facts!.HeardMs),
            AllBypass = heard.Count > 0 && heard.All(n => n.Bypasses),
            MajorityMode = Majority(heard.Select(n => n.Facts!.Proxy?.Reading.Mode ?? ProxyMode.Unknown).Where(m => m != ProxyMode.Unknown)),
            MajorityBeLiberal = Majority(heard.Select(n => n.Setting(NodeMetrics.BeLiberal)?.Value).OfType<string>()),
        };
    }

    // By Service, newest first; and the addresses for which the last conversation is needed.
    private static Dictionary<ServiceKey, List<Termination>> RecentEnds(
        IReadOnlyList<Termination> terminations, long sinceMs, out Dictionary<Ip, long> deletions)
    {
        var byService = new Dictionary<ServiceKey, List<Termination>>();
        deletions = [];
        for (int i = terminations.Count - 1; i >= 0 && terminations[i].DeletionRequestedMs >= sinceMs; i--)
        {
            var end = terminations[i];
            if (end.Service is not { } service)
                continue;
            if (!byService.TryGetValue(service, out var ends))
                byService[service] = ends = [];
            ends.Add(end);
            if (!end.PodIp.IsNone && end.ContainerFinishedMs is null)
                deletions.TryAdd(end.PodIp, end.DeletionRequestedMs);
        }

        return byService;
    }

    private static Dictionary<ServiceKey, List<ServiceIpvs>> ServiceIpvsOf(ClusterMap map, List<NodeCheckContext> heard)
    {
        var byService = new Dictionary<ServiceKey, List<ServiceIpvs>>();
        foreach (var node in heard)
        {
            if (node.Facts!.Ipvs is not { } reading)
                continue;
            foreach (var kept in reading.Servers)
            {
                if (map.ServiceAt(kept.Proto, kept.Vip, kept.Vport) is not { } service)
                    continue;
                if (!byService.TryGetValue(service, out var list))
                    byService[service] = list = [];
                list.Add(new ServiceIpvs(node.Name, reading.ExpireNodestConn, kept, map.OwnerOf(kept.Server).State));
            }
        }

        return byService;
    }

    // More than half: one to one is no majority.
    internal static T? Majority<T>(IEnumerable<T> values)
    {
        var all = values.ToList();
        return all.GroupBy(v => v).Where(g => 2 * g.Count() > all.Count).Select(g => g.Key).FirstOrDefault();
    }
}
