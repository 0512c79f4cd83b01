using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Incidents.Files;

/// <summary>The objects of the cluster at the end of a window, as far as the history of addresses, Services and endpoints has them. Pure.</summary>
internal static class RecordedCluster
{
    /// <param name="former">The last pod of each address that has no owner, newest first.</param>
    public static ClusterMap At(OwnershipWindow ownership, IReadOnlyList<Termination> terminations, IEnumerable<FormerOwner> former, long atMs)
    {
        ArgumentNullException.ThrowIfNull(ownership);
        var owners = ownership.Owners.Where(span => Holds(span, atMs)).ToList();
        var ended = terminations.GroupBy(one => one.Uid).ToDictionary(same => same.Key, same => same.First());
        IEnumerable<ClusterChange> changes =
        [
            .. Nodes(owners), .. ownership.Services.Where(span => Holds(span, atMs)).Select(Service),
            .. ownership.Endpoints.Where(span => Holds(span, atMs)).GroupBy(span => span.Service).Select(service => Slice(service.Key, service)),
            .. owners.Where(IsPod).GroupBy(span => span.PodUid).Select(pod => Pod([.. pod], ended.GetValueOrDefault(pod.Key))),
        ];
        // A pod that is added takes its address from its former owner.
        var map = former.Where(owner => owner.GoneMs <= atMs).Take(ClusterMap.MaxGone).Reverse().Aggregate(ClusterMap.Empty, (known, owner) => known.WithFormerOwner(owner));
        return changes.Aggregate(map, (known, change) => change.ApplyTo(known, atMs));
    }

    private static bool Holds<T>(T span, long atMs)
        where T : ISpan<T> => span.FromMs <= atMs && (span.ToMs is null || span.ToMs > atMs);

    private static bool IsPod(OwnerSpan span) => span.State is OwnerState.Live or OwnerState.Terminating or OwnerState.Lost;

    // Which node is lost is known by its pods.
    private static IEnumerable<NodeChange> Nodes(List<OwnerSpan> owners)
    {
        var lost = owners.Where(span => span.State == OwnerState.Lost).Select(span => span.Node).ToHashSet(StringComparer.Ordinal);
        var own = owners.Where(span => span.State == OwnerState.Node).ToLookup(span => span.FullName, span => span.Ip);
        return owners.Select(span => IsPod(span) ? span.Node : span.FullName).Distinct(StringComparer.Ordinal).Where(name => name.Length > 0)
            .Select(name => new NodeChange(new NodeInfo(name, name, !lost.Contains(name), [.. own[name]]), false));
    }

    private static ServiceChange Service(ServiceSpan span) => new(new ServiceInfo(span.Uid, span.Key, span.Vips, span.Ports) { Headless = span.Vips.Count == 0 }, false);

    private static SliceChange Slice(ServiceKey service, IEnumerable<EndpointSpan> endpoints) => new(
        new SliceInfo($"{service}", service.Namespace, service.Name, service, [.. endpoints.Select(span => new SliceEndpoint([span.Ip], span.Ready, span.Serving, span.Terminating, span.PodUid, null))]), false);

    private static PodChange Pod(List<OwnerSpan> spans, Termination? ended)
    {
        var span = spans[0];
        string[] name = span.FullName.Split('/', 2);
        long? requestedMs = spans.Exists(one => one.State == OwnerState.Terminating) || ended?.DeletionRequestedMs <= span.FromMs ? ended?.DeletionRequestedMs ?? span.FromMs : null;
        long graceMs = (ended?.GraceSeconds ?? 0) * 1_000L;
        return new PodChange(
            new PodInfo(
                span.PodUid, name.Length == 2 ? name[0] : "", name[^1], span.Node, "Running", [.. spans.Select(one => one.Ip).Distinct()], false, spans.Min(one => one.FromMs), requestedMs + graceMs,
                requestedMs, false, null, null),
            false);
    }
}
