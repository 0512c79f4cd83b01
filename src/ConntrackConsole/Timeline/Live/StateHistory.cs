using ConntrackConsole.Cluster.State;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// What a group's entries were and since when, so that an old column is judged as of its own moment. Nothing is kept for
/// it: the history of ownership has the few moments at which it can have changed, so a change of the cluster costs nothing
/// here, however many groups there are.
/// </summary>
internal sealed class StateHistory(ClusterState cluster)
{
    /// <summary>What entries in live states are now.</summary>
    public EntryState Now(in GroupKey key)
    {
        var state = EntryStateClassifier.Of(cluster.Current, key, cluster.History);
        // While the first list comes in, page by page, who is not in it may come yet; only a pod that an earlier run saw go is known.
        return cluster.IsReady || (state == EntryState.Stale && cluster.Current.OwnerOf(key.Backend).State == OwnerState.Gone) ? state : EntryState.Unknown;
    }

    /// <summary>Since when they are what they are now, as far as a moment back.</summary>
    public long NowSinceMs(in GroupKey key, long fromMs, long nowMs) => Within(cluster.History, key, fromMs, nowMs)[^1].AtMs;

    /// <summary>What they were within a window, by the console's clock: the first holds from its begin.</summary>
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
