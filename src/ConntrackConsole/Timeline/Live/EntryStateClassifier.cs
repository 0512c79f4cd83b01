using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;


namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// Classifies a group's entries by the owner of the backend's address and by the Service's slices: now, from the map, or at any
/// moment, from the history. Only the reply's source is classified: an entry with the pod as its client has another backend, and
/// closing entries (a probe's TIME_WAIT) prove nothing.
/// </summary>
internal static class EntryStateClassifier
{
    /// <summary>The current state of a group's flows in one conntrack state.</summary>
    public static EntryState Of(ClusterMap map, OwnershipHistory? history, in GroupKey key, FlowState flow) =>
        flow.IsLive() ? Of(map, key, history) : EntryState.Closing;

    /// <summary>
    /// The current state of a group's entries in live states; without the history a pod outside the Service counts as one that
    /// left it.
    /// </summary>
    public static EntryState Of(ClusterMap map, in GroupKey key, OwnershipHistory? history = null)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (key.IsOther)
            return EntryState.Unknown;
        var owner = map.OwnerOf(key.Backend);
        if (owner.IsUnproven)
            return EntryState.Unknown;
        var claims = key.Vip.IsNone ? default : map.ClaimsOf(key.Proto, key.Vip, key.Vport);
        var service = claims.Newest?.Key;
        string? uid = owner.Pod?.Uid;
        EndpointCondition? condition = null;
        // Which of several claims made an entry is not known: it leads to a backend if it leads to one of any of them.
        for (int i = claims.Count - 1; i >= 0 && !(condition is { } found && found.PodUid == uid); i--)
        {
            if (map.EndpointOf(claims[i].Key, key.Backend) is { } endpoint && (condition is null || endpoint.PodUid == uid))
                condition = new EndpointCondition(endpoint.PodUid, endpoint.Serving, endpoint.Terminating);
        }

        var before = Before.Own;
        if (condition is null && service is { } left)
        {
            if (history is not null)
                before = BeforeThat(history, key, left, uid, long.MaxValue);
            else if (uid is null)
                before = Before.Never;
            else if (map.GoneAt(key.Backend) is { } former && former.Uid != uid)
                before = Before.Other;
        }

        return Classify(key, owner.State, uid, service is not null && (!map.Slices.IsEmpty || history is { KnowsSlices: true }), condition, before);
    }

    /// <summary>The state of a group's entries in live states at a moment of the console's clock.</summary>
    public static EntryState At(OwnershipHistory history, in GroupKey key, long atMs)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (key.IsOther || history.IsUnwatched(atMs))
            return EntryState.Unknown;
        var (state, owner) = history.HolderAt(key.Backend, atMs);
        if (state == OwnerState.Lost && owner!.Unseen.HasFlag(Unseen.Life))
            return EntryState.Unknown;
        string? uid = state is OwnerState.Live or OwnerState.Terminating or OwnerState.Lost ? owner!.PodUid : null;
        var service = key.Vip.IsNone ? null : history.ServiceAt(key.Proto, key.Vip, key.Vport, atMs);
        if (service is null)
            return Classify(key, state, uid, false, null, Before.Never);
        var condition = ConditionAt(history.EndpointAt(service.Key, key.Backend, atMs));
        if (condition is null || condition.Value.PodUid != uid)
        {
            foreach (var claim in history.ClaimsUntil(key.Proto, key.Vip, key.Vport, atMs))
            {
                if ((claim.ToMs is null || claim.ToMs > atMs) && history.EndpointAt(claim.Key, key.Backend, atMs) is { } endpoint
                    && (condition is null || endpoint.PodUid == uid))
                    condition = ConditionAt(endpoint);
            }
        }

        var before = condition is null ? BeforeThat(history, key, service.Key, uid, atMs) : Before.Own;
        return Classify(key, state, uid, history.KnowsSlices, condition, before);
    }

    /// <param name="sliced">The Service and its slices are known: an address that is not in them has left, or never was in them.</param>
    private static EntryState Classify(GroupKey key, OwnerState owner, string? uid, bool sliced, EndpointCondition? condition, Before before)
    {
        // Replies come from the Service's own address and port. A backend with that address is a process of the node at an external
        // address: there a translation changes nothing.
        if (!key.Vip.IsNone && key.Backend == key.Vip && key.Bport == key.Vport && condition is null)
            return EntryState.Untranslated;
        switch (owner)
        {
            case OwnerState.Live or OwnerState.Terminating:
                // A terminating pod that fails its readiness probe is still in the slices and its containers run: it drains.
                var steady = owner == OwnerState.Live ? EntryState.Active : EntryState.Draining;
                if (!sliced)
                    return steady;
                // After a pod's end its endpoint may remain for some ms although another pod has the address already.
                if (condition is { } known)
                {
                    if (known.PodUid is not null && known.PodUid != uid)
                        return EntryState.Reassigned;
                    return owner == OwnerState.Live && !known.Serving ? WithoutRules(EntryState.Unready) : steady;
                }

                // Any other pod than the one that was a backend before never was one of this Service (M5, M5b).
                if (before != Before.Own)
                    return EntryState.Reassigned;
                return owner == OwnerState.Live ? WithoutRules(EntryState.Left) : EntryState.Stale;
            case OwnerState.Lost:
                return EntryState.Stale;
            case OwnerState.Gone:
                // A manually created slice may contain an address that was a pod's once.
                return condition is { PodUid: null, Serving: true } ? EntryState.Active : EntryState.Stale;
            case OwnerState.Service when key.IsDirect && key.Proto == Protocols.Udp:
                // Created while the rules were absent; its sender refreshes it indefinitely (M8).
                return EntryState.Stale;
            default:
                // Not a pod address (a node's, or from a manually created slice): only the slices are conclusive.
                // Such an entry can be stale, but the guards refuse its address: no words may advise a flush there.
                if (condition is { } listed)
                    return listed.Terminating ? EntryState.Draining : EntryState.Active;
                return sliced && before != Before.Never ? EntryState.Stale : EntryState.Unknown;
        }

        // kube-proxy deletes the UDP entries of an endpoint that is no longer in its rules, and no others.
        EntryState WithoutRules(EntryState state) => key.Proto == Protocols.Udp ? EntryState.Stale : state;
    }

    private static EndpointCondition? ConditionAt(EndpointSpan? endpoint) =>
        endpoint is null ? null : new EndpointCondition(endpoint.PodUid, endpoint.Serving, endpoint.Terminating);

    // The address may have belonged to another Service when the entry was made: a backend of that one still answers it.
    private static Before BeforeThat(OwnershipHistory history, in GroupKey key, ServiceKey service, string? uid, long atMs)
    {
        var last = history.LastEndpointUntil(service, key.Backend, atMs);
        if (last is not null && (uid is null || last.PodUid == uid))
            return Before.Own;
        if (uid is not null && history.WasBackend(key.Proto, key.Vip, key.Vport, key.Backend, uid, atMs))
            return Before.Own;
        return last is null ? Before.Never : Before.Other;
    }

    /// <summary>The backend's endpoint in the Service's slices.</summary>
    private readonly record struct EndpointCondition(string? PodUid, bool Serving, bool Terminating);

    /// <summary>Which pod the Service's slices last contained at the address.</summary>
    private enum Before
    {
        Never,
        Own,
        Other,
    }
}
