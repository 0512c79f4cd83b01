using ConntrackConsole.Cluster.State;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// What a group's entries were and since when, so that an old column is classified as of its own moment. No state is stored for
/// it: the ownership history contains the few moments at which it can have changed, so a change of the cluster costs nothing
/// here, however many groups there are.
/// </summary>
internal sealed class StateHistory(ClusterState cluster)
{
    /// <summary>The current state of entries in live states.</summary>
    public EntryState Now(in GroupKey key)
    {
        var state = EntryStateClassifier.Of(cluster.Current, key, cluster.History);
        // While the first list is loading, page by page, a missing pod may still appear; only a pod that an earlier run saw being
        // deleted is known.
        return cluster.IsReady || (state == EntryState.Stale && cluster.Current.OwnerOf(key.Backend).State == OwnerState.Gone) ? state : EntryState.Unknown;
    }

    /// <summary>The states of a group of the index: derived again only after a change of its backend's address.</summary>
    /// <returns>They hold from <see cref="GroupStates.SinceMs"/> on; of the time before, <see cref="Within"/> knows more.</returns>
    public GroupStates Of(ClusterGroup group, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(group);
        long stamp = cluster.Stamps.Of(group.Key.Backend);
        if (group.States is { } known && known.Stamp == stamp)
            return known;
        var (atMs, state) = Within(cluster.History, group.Key, nowMs - TimelineStore.HorizonMs, nowMs)[^1];
        var derived = new GroupStates(stamp, Now(group.Key), state, atMs);
        // Until the cluster is listed, states change without an event.
        if (cluster.IsReady)
            group.States = derived;
        return derived;
    }

    /// <summary>Since when they have their current state, limited by a lookback.</summary>
    public long NowSinceMs(in GroupKey key, long fromMs, long nowMs) => Within(cluster.History, key, fromMs, nowMs)[^1].AtMs;

    /// <summary>The states within a window, by the console's clock: the first one applies from its start.</summary>
    public static IReadOnlyList<(long AtMs, EntryState State)> Within(OwnershipHistory history, in GroupKey key, long fromMs, long toMs)
    {
        ArgumentNullException.ThrowIfNull(history);
        var states = new List<(long AtMs, EntryState State)> { (fromMs, EntryStateClassifier.At(history, key, fromMs)) };
        foreach (long atMs in history.ChangesWithin(key, fromMs, toMs))
        {
            var state = EntryStateClassifier.At(history, key, atMs);
            if (state != states[^1].State)
                states.Add((atMs, state));
        }

        return states;
    }
}
