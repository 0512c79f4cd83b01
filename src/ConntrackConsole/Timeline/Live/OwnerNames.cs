using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>The names that an address had.</summary>
internal static class OwnerNames
{
    /// <summary>The owner of an address at the end of a window, and the pods that had it before within the window.</summary>
    public static (AddressOwnership Owner, IReadOnlyList<string> Former) At(ClusterMap map, OwnershipHistory history, Ip ip, long fromMs, long toMs, long nowMs)
    {
        var owner = toMs >= nowMs ? map.OwnerOf(ip) : history.OwnershipAt(ip, toMs);
        // A window before the first list, or an address that one of the two has forgotten.
        if (owner.State == OwnerState.Unknown)
            owner = toMs >= nowMs ? history.OwnershipAt(ip, nowMs) : FirstKnown(map, history, ip, toMs);
        var former = new List<string>();
        foreach (var span in history.OwnersWithin(ip, fromMs, Math.Min(toMs, nowMs)))
        {
            if (span.FullName != owner.Name && !former.Contains(span.FullName))
                former.Add(span.FullName);
        }

        return (owner, former);
    }

    // Only if no earlier owner was observed: otherwise the current owner's name would be shown for another pod.
    private static AddressOwnership FirstKnown(ClusterMap map, OwnershipHistory history, Ip ip, long atMs) =>
        history.OwnersWithin(ip, long.MinValue, atMs).Count == 0 && map.OwnerOf(ip) is { Pod: null } other ? other : AddressOwnership.Unknown;
}
