using System.Collections.Concurrent;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;

namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// Which Service has a virtual address, and the lane without its columns. Derived again only after a change of a Service: a live page asks
/// for those of all Services twice a second.
/// </summary>
internal sealed class LaneNames(ClusterState cluster)
{
    private const int MaxKept = 100_000;

    private readonly ConcurrentDictionary<VirtualAddress, LaneName> _kept = new();
    private readonly ConcurrentDictionary<VirtualAddress, (long Stamp, ServiceKey[] Claimants)> _claimants = new();

    /// <summary>The only Service that had an address within a window; null if there were several.</summary>
    public LaneName? Only(in VirtualAddress vip, TimelineQuery query, long nowMs)
    {
        // Before what is derived.
        long stamp = cluster.Stamps.OfAll;
        // A later window has nothing that the earlier one did not have, unless a Service changed.
        if (_kept.TryGetValue(vip, out var kept) && kept.Stamp == stamp && query.FromMs >= kept.FromMs)
            return kept;
        var map = cluster.Current;
        if (VipAssignment.Of(map, cluster.History, vip.Proto, vip.Vip, vip.Vport, query, nowMs) is not [{ IsWhole: true } only])
            return null;
        var name = new LaneName(stamp, query.FromMs, new LaneCandidate(Lane(map, vip, only), vip, only));
        // A window that ended may have been followed by another Service.
        if (cluster.IsReady && query.ToMs >= nowMs)
            Keep(_kept, vip, name);
        return name;
    }

    /// <summary>The lane of an assignment of an address.</summary>
    public static ServiceLane Lane(ClusterMap map, in VirtualAddress vip, in VipAssignment assignment)
    {
        var service = assignment.Service;
        return new ServiceLane(service?.Namespace ?? "", service?.Name ?? "", vip.Vip.ToString(), vip.Vport, Protocols.Name(vip.Proto), [])
        {
            // An earlier Service of the address is no claim of now.
            OmitsBackends = true, Claims = assignment.ToMs == long.MaxValue ? Claims(map, vip) : [],
        };
    }

    /// <summary>The Services that have, or ever had, an address.</summary>
    public ServiceKey[] Claimants(in VirtualAddress vip)
    {
        long stamp = cluster.Stamps.OfAll;
        if (_claimants.TryGetValue(vip, out var kept) && kept.Stamp == stamp)
            return kept.Claimants;
        var claimants = cluster.History.Claimants(vip.Proto, vip.Vip, vip.Vport);
        ServiceKey[] all = [.. (cluster.Current.ServiceAt(vip.Proto, vip.Vip, vip.Vport) is { } now ? claimants.Append(now) : claimants).Distinct()];
        if (cluster.IsReady)
            Keep(_claimants, vip, (stamp, all));
        return all;
    }

    private static void Keep<T>(ConcurrentDictionary<VirtualAddress, T> kept, in VirtualAddress vip, T value)
    {
        if (kept.Count >= MaxKept)
            kept.Clear();
        kept[vip] = value;
    }

    private static List<string> Claims(ClusterMap map, in VirtualAddress vip)
    {
        var claims = map.ClaimsOf(vip.Proto, vip.Vip, vip.Vport);
        return claims.Count < 2 ? [] : [.. Enumerable.Range(0, claims.Count).Select(i => claims[i].Key.ToString()).Order(StringComparer.Ordinal)];
    }
}

/// <summary>The only Service of an address, from a moment on.</summary>
/// <param name="Stamp">Of all addresses: with another one it must be derived again.</param>
internal sealed record LaneName(long Stamp, long FromMs, LaneCandidate Candidate);

/// <summary>A lane that there may be. Most are the same in many answers.</summary>
/// <param name="Lane">Without backends.</param>
internal sealed record LaneCandidate(ServiceLane Lane, VirtualAddress Vip, VipAssignment Assignment)
{
    /// <summary>Services before addresses without one, then by name and address.</summary>
    public static readonly Comparer<LaneCandidate> Comparer = Comparer<LaneCandidate>.Create((a, b) =>
        (a.Assignment.Service is null).CompareTo(b.Assignment.Service is null) is var named and not 0 ? named
        : string.CompareOrdinal(a.Lane.Namespace, b.Lane.Namespace) is var space and not 0 ? space
        : string.CompareOrdinal(a.Lane.Name, b.Lane.Name) is var name and not 0 ? name
        : a.Vip.Vip.CompareTo(b.Vip.Vip) is var vip and not 0 ? vip : a.Vip.Vport.CompareTo(b.Vip.Vport));

    /// <summary>The lane of a window in which it had entries.</summary>
    public ServiceLane WithEntries { get; } = Lane with { HadEntries = true };
}

/// <summary>
/// The virtual addresses that are, or ever were, a Service's: found once for all queries, because each open page asks for a Service and
/// there may be thousands of addresses.
/// </summary>
internal sealed class VipsByService(Func<IReadOnlyCollection<VirtualAddress>> vips, LaneNames names)
{
    private readonly Lazy<ILookup<ServiceKey, VirtualAddress>> _byService = new(() => vips()
        .SelectMany(vip => names.Claimants(vip).Select(service => (service, vip))).ToLookup(pair => pair.service, pair => pair.vip));

    /// <summary>Contains every address with a lane that the query wants, and others.</summary>
    public IEnumerable<VirtualAddress> For(TimelineQuery query) => query switch
    {
        { Namespace: null, Service: null } => vips(),
        { Namespace: { } space, Service: { } name } when !name.Contains('/', StringComparison.Ordinal) => _byService.Value[new ServiceKey(space, name)],
        _ => _byService.Value.Where(service => TimelineQueryExecutor.Matches(query, service.Key)).SelectMany(service => service).Distinct(),
    };
}
