using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

internal sealed partial class OwnershipHistory
{
    /// <summary>How many endpoints of each Service were ready at a time; Services without one are absent. Reads every endpoint.</summary>
    public Dictionary<ServiceKey, int> ReadyEndpoints(long atMs)
    {
        var ready = new Dictionary<ServiceKey, int>();
        foreach (var span in _endpoints.All)
        {
            if (span.Ready && span.FromMs <= atMs && (span.ToMs is null || span.ToMs > atMs))
                ready[span.Service] = ready.GetValueOrDefault(span.Service) + 1;
        }

        return ready;
    }

    /// <summary>When a Service without a ready endpoint had one last; null if it is not known to have had any. Reads every endpoint.</summary>
    public long? LastReadyUntil(ServiceKey service, long atMs)
    {
        long? untilMs = null;
        foreach (var span in _endpoints.All)
        {
            if (span.Ready && span.Service == service && span.ToMs <= atMs && !(span.ToMs <= untilMs))
                untilMs = span.ToMs;
        }

        return untilMs;
    }

    /// <summary>When a Service ended that does not exist any more; null if it does.</summary>
    public long? LastServiceEnd(ServiceKey service, long atMs) => _services.LastUntil(service, atMs) is { ToMs: { } endMs } && endMs <= atMs ? endMs : null;

    /// <summary>The nodes of the cluster at a time; null if none is known. Reads every owner.</summary>
    public HashSet<string>? NodesAt(long atMs)
    {
        var nodes = _owners.All.Where(span => span.State == OwnerState.Node && span.FromMs <= atMs && (span.ToMs is null || span.ToMs > atMs)).Select(span => span.FullName).ToHashSet(StringComparer.Ordinal);
        return nodes.Count == 0 ? null : nodes;
    }
}
