using System.Collections.Frozen;
using ConntrackConsole.Checks.Node;
using ConntrackConsole.Checks.Service;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks;

/// <summary>All that the checks see, at one moment.</summary>
internal sealed record CheckContext(long NowMs, CheckLimits Limits)
{
    public IReadOnlyList<NodeCheckContext> Nodes { get; init; } = [];

    public IReadOnlyList<ServiceCheckContext> Services { get; init; } = [];

    public IReadOnlyList<KindStatus> Kinds { get; init; } = [];

    public bool HasCluster { get; init; }

    public bool IsListed { get; init; }

    /// <summary>When the picture of the cluster was last known to be true; null before the first list.</summary>
    public long? ClusterMs { get; init; }

    public string? ClusterProblem { get; init; }

    /// <summary>Nodes whose collector is silent, or that have none: what they hold is missing from every sum.</summary>
    public IReadOnlyList<string> DeafNodes { get; init; } = [];

    /// <summary>Nodes whose collector reports.</summary>
    public int Reporting { get; init; }

    /// <summary>When the last of them was heard.</summary>
    public long HeardMs { get; init; }

    /// <summary>conntrack has no part in Services on any node that reports.</summary>
    public bool AllBypass { get; init; }

    /// <summary>The mode of most of the kube-proxies that answer.</summary>
    public ProxyMode UsualMode { get; init; }

    /// <summary>nf_conntrack_tcp_be_liberal on most of the nodes that report; null where none does.</summary>
    public string? UsualBeLiberal { get; init; }

    /// <summary>Why a kind's objects cannot be known, or null. That nothing is listed yet is told by <see cref="IsListed"/>.</summary>
    public string? Missing(params string[] kinds)
    {
        foreach (var kind in Kinds)
        {
            if (kind is { Listed: false, Problem: { } problem } && kinds.Contains(kind.Kind, StringComparer.OrdinalIgnoreCase))
                return problem;
        }

        return null;
    }

    public static CheckContext Look(ClusterState cluster, TimelineStore timeline, CheckLimits limits, long nowMs)
    {
        var ends = RecentEnds(cluster.Terminations, nowMs - limits.EndsMs, out var asked);
        var facts = timeline.Facts(asked);
        var map = cluster.Current;
        var age = cluster.Age;
        var placed = map.Slices.Values.SelectMany(s => s.Service is null ? [] : s.Endpoints).Select(e => e.Node).OfType<string>()
            .ToFrozenSet(StringComparer.Ordinal);
        var nodes = map.Nodes.Keys.Union(facts.Nodes.Keys).Order(StringComparer.Ordinal)
            .Select(name => new NodeCheckContext(name, map.Nodes.GetValueOrDefault(name), facts.Nodes.GetValueOrDefault(name), placed.Contains(name)))
            .ToList();
        var services = map.Services.Values
            .Select(service => ServiceCheckContext.Of(
                map, service, facts.Services.GetValueOrDefault(service.Key, ServiceEntries.None), ends.GetValueOrDefault(service.Key, []), facts.LastActive))
            .ToList();
        var heard = nodes.Where(n => n.Facts is { } f && nowMs - f.HeardMs <= limits.NodeSilentMs).ToList();
        return new CheckContext(nowMs, limits)
        {
            Nodes = nodes,
            Services = services,
            Kinds = cluster.Kinds,
            HasCluster = cluster.HasCluster,
            IsListed = cluster.IsReady,
            ClusterMs = age == TimeSpan.MaxValue ? null : nowMs - (long)age.TotalMilliseconds,
            ClusterProblem = cluster.Problem,
            DeafNodes = [.. nodes.Except(heard).Select(n => n.Name)],
            Reporting = heard.Count,
            HeardMs = heard.Count == 0 ? 0 : heard.Max(n => n.Facts!.HeardMs),
            AllBypass = heard.Count > 0 && heard.All(n => n.Bypasses),
            UsualMode = Most(heard.Select(n => n.Facts!.Proxy?.Reading.Mode ?? ProxyMode.Unknown).Where(m => m != ProxyMode.Unknown)),
            UsualBeLiberal = Most(heard.Select(n => n.Setting(NodeMetrics.BeLiberal)?.Value).OfType<string>()),
        };
    }

    // By Service, newest first; and the addresses whose last conversation is asked for.
    private static Dictionary<ServiceKey, List<Termination>> RecentEnds(
        IReadOnlyList<Termination> terminations, long sinceMs, out Dictionary<Ip, long> asked)
    {
        var byService = new Dictionary<ServiceKey, List<Termination>>();
        asked = [];
        for (int i = terminations.Count - 1; i >= 0 && terminations[i].DeletionRequestedMs >= sinceMs; i--)
        {
            var end = terminations[i];
            if (end.Service is not { } service)
                continue;
            if (!byService.TryGetValue(service, out var ends))
                byService[service] = ends = [];
            ends.Add(end);
            if (!end.PodIp.IsNone && end.ContainerFinishedMs is null)
                asked.TryAdd(end.PodIp, end.DeletionRequestedMs);
        }

        return byService;
    }

    private static T? Most<T>(IEnumerable<T> values) =>
        values.GroupBy(v => v).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).Select(g => g.Key).FirstOrDefault();
}
