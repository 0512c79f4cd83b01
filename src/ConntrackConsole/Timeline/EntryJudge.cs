using ConntrackConsole.Cluster;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline;

/// <summary>What the entries of a group are, by who owns the backend's address at that moment.</summary>
public static class EntryJudge
{
    public static EntryState Of(ClusterMap map, in GroupKey key)
    {
        var backend = key.Backend;
        var owner = map.OwnerOf(backend);
        var service = key.Vip.IsNone ? null : map.ServiceAt(key.Proto, key.Vip, key.Vport);
        bool listed = service is { } name && map.EndpointsOf(name, backend).Any();
        return owner.State switch
        {
            OwnerState.Gone or OwnerState.Lost => EntryState.Stale,
            // Straight to a pod, or to an address of which no Service is known: no slice to have left.
            OwnerState.Live when service is null || listed => EntryState.Active,
            OwnerState.Live => map.GoneAt(backend) is { } former && former.Uid != owner.Pod!.Uid ? EntryState.Reassigned : EntryState.Stale,
            OwnerState.Terminating when service is null || listed => EntryState.Draining,
            OwnerState.Terminating => EntryState.Stale,
            // A backend that is no pod (a node's own process, a hand-made slice) is judged by its slice alone.
            _ => listed ? EntryState.Active : EntryState.Unknown,
        };
    }
}
