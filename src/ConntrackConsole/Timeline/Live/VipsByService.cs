using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;

namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// The virtual addresses that are, or ever were, a Service's: found once for all queries of a snapshot, because each open page asks for
/// a Service and there may be thousands of addresses.
/// </summary>
internal sealed class VipsByService(Func<IReadOnlyCollection<VirtualAddress>> vips, ClusterMap map, OwnershipHistory history)
{
    private readonly Lazy<ILookup<ServiceKey, VirtualAddress>> _byService = new(() => vips()
        .SelectMany(vip => Claimants(vip, map, history).Select(service => (service, vip))).ToLookup(pair => pair.service, pair => pair.vip));

    /// <summary>Contains every address with a lane that the query wants, and others.</summary>
    public IEnumerable<VirtualAddress> For(TimelineQuery query) => query switch
    {
        { Namespace: null, Service: null } => vips(),
        { Namespace: { } space, Service: { } name } when !name.Contains('/', StringComparison.Ordinal) => _byService.Value[new ServiceKey(space, name)],
        _ => _byService.Value.Where(service => TimelineQueryExecutor.Matches(query, service.Key)).SelectMany(service => service).Distinct(),
    };

    private static IEnumerable<ServiceKey> Claimants(VirtualAddress vip, ClusterMap map, OwnershipHistory history)
    {
        var claimants = history.Claimants(vip.Proto, vip.Vip, vip.Vport);
        return (map.ServiceAt(vip.Proto, vip.Vip, vip.Vport) is { } now ? claimants.Append(now) : claimants).Distinct();
    }
}
