
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Query;

/// <summary>
/// What the entries of a group are, by who owns the backend's address and what the Service's slices say of it: now, from
/// the map, or at any moment, from the history. Only the reply's source is judged: an entry with the pod as its client has
/// another backend, and entries that close (a probe's TIME_WAIT) prove nothing.
/// </summary>
internal static class EntryStateClassifier
{
    /// <summary>What one state of a group's flows means now.</summary>
    public static EntryState Of(ClusterMap map, OwnershipHistory? history, in GroupKey key, FlowState flow) =>
        flow.IsLive() ? Of(map, key, history) : EntryState.Leftover;

    /// <summary>What a group's entries in live states are now; without the history a pod outside the Service counts as one that left it.</summary>
    public static EntryState Of(ClusterMap map, in GroupKey key, OwnershipHistory? history = null)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (key.IsOther)
            return EntryState.Unknown;
        var owner = map.OwnerOf(key.Backend);
        var service = key.Vip.IsNone ? null : map.ServiceAt(key.Proto, key.Vip, key.Vport);
        var condition = service is { } name && map.EndpointOf(name, key.Backend) is { } endpoint
            ? new EndpointCondition(endpoint.PodUid, endpoint.Serving, endpoint.Terminating)
            : (EndpointCondition?)null;
        string? uid = owner.Pod?.Uid;
        var before = Before.Own;
        if (condition is null && service is { } left)
        {
            if (history is not null)
                before = BeforeThat(history.LastEndpointUntil(left, key.Backend, long.MaxValue), uid);
            else if (uid is null)
                before = Before.Never;
            else if (map.GoneAt(key.Backend) is { } former && former.Uid != uid)
                before = Before.Other;
        }

        return Judge(key, owner.State, uid, service is not null && (!map.Slices.IsEmpty || history is { KnowsSlices: true }), condition, before);
    }

    /// <summary>What a group's entries in live states were at a moment of the console's clock.</summary>
    public static EntryState At(OwnershipHistory history, in GroupKey key, long atMs)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (key.IsOther || history.IsUnwatched(atMs))
            return EntryState.Unknown;
        var (state, owner) = history.HolderAt(key.Backend, atMs);
        string? uid = state is OwnerState.Live or OwnerState.Terminating or OwnerState.Lost ? owner!.PodUid : null;
        var service = key.Vip.IsNone ? null : history.ServiceAt(key.Proto, key.Vip, key.Vport, atMs);
        var last = service is null ? null : history.LastEndpointUntil(service.Key, key.Backend, atMs);
        var condition = last is not null && (last.ToMs is null || last.ToMs > atMs)
            ? new EndpointCondition(last.PodUid, last.Serving, last.Terminating)
            : (EndpointCondition?)null;
        return Judge(key, state, uid, service is not null && history.KnowsSlices, condition, BeforeThat(last, uid));
    }

    /// <param name="sliced">The Service is known, and so are its slices: whoever is not in them has left, or never was there.</param>
    private static EntryState Judge(in GroupKey key, OwnerState owner, string? uid, bool sliced, EndpointCondition? condition, Before before)
    {
        switch (owner)
        {
            case OwnerState.Live or OwnerState.Terminating:
                // One that terminates and fails its readiness is in the slices still and its containers run: it drains.
                var steady = owner == OwnerState.Live ? EntryState.Active : EntryState.Draining;
                if (!sliced)
                    return steady;
                // After a pod's end its endpoint may stand for some ms while the address is another's already.
                if (condition is { } known)
                    return known.PodUid is null || known.PodUid == uid ? steady : EntryState.Reassigned;
                // The same pod was a backend and is none any more: left. Any other was never meant by this Service (M5, M5b).
                return before == Before.Own ? EntryState.Stale : EntryState.Reassigned;
            case OwnerState.Lost:
                return EntryState.Stale;
            case OwnerState.Gone:
                // A hand-made slice may name what once was a pod's address.
                return condition is { PodUid: null, Serving: true } ? EntryState.Active : EntryState.Stale;
            case OwnerState.Service when key.IsDirect && key.Proto == Protocols.Udp:
                // Made while the rules were absent; its sender refreshes it for ever (M8).
                return EntryState.Stale;
            default:
                // No pod's address of its own (a node's, a hand-made slice's): the slices alone tell.
                if (condition is { } listed)
                    return listed.Terminating ? EntryState.Draining : EntryState.Active;
                return sliced && before != Before.Never ? EntryState.Stale : EntryState.Unknown;
        }
    }

    private static Before BeforeThat(EndpointSpan? last, string? uid) =>
        last is null ? Before.Never : uid is null || last.PodUid == uid ? Before.Own : Before.Other;

    /// <summary>What the Service's slices say of the backend.</summary>
    private readonly record struct EndpointCondition(string? PodUid, bool Serving, bool Terminating);

    /// <summary>Whom the Service's slices named at the address when they last did.</summary>
    private enum Before
    {
        Never,
        Own,
        Other,
    }
}
