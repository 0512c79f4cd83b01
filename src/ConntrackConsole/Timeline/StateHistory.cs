using ConntrackConsole.Cluster;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline;

/// <summary>What each group's entries were, and since when: so that an old column is judged as of its own moment.</summary>
public sealed class StateHistory
{
    private readonly Dictionary<GroupKey, List<(long AtMs, EntryState State)>> _byKey = [];
    private ClusterMap? _seen;

    public bool HasSeen(ClusterMap map) => ReferenceEquals(map, _seen);

    /// <summary>The cluster changed: every group is looked at again.</summary>
    public void JudgeAll(ClusterMap map, IEnumerable<GroupKey> keys, long nowMs)
    {
        _seen = map;
        foreach (var key in keys)
            Judge(map, key, nowMs);
    }

    public void JudgeNew(ClusterMap map, IEnumerable<GroupKey> keys, long nowMs)
    {
        foreach (var key in keys)
        {
            if (!_byKey.ContainsKey(key))
                Judge(map, key, nowMs);
        }
    }

    public EntryState Now(in GroupKey key) =>
        _byKey.TryGetValue(key, out var states) ? states[^1].State : EntryState.Unknown;

    public IReadOnlyList<(long AtMs, EntryState State)> Of(in GroupKey key) => _byKey.GetValueOrDefault(key) ?? [];

    private void Judge(ClusterMap map, in GroupKey key, long nowMs)
    {
        var state = EntryJudge.Of(map, key);
        if (!_byKey.TryGetValue(key, out var states))
            _byKey[key] = states = [];
        if (states.Count == 0 || states[^1].State != state)
            states.Add((nowMs, state));
    }

    public void Trim(long beforeMs, HashSet<GroupKey> kept)
    {
        foreach (var (key, states) in _byKey)
        {
            if (!kept.Contains(key))
                _byKey.Remove(key);
            else
                states.RemoveRange(0, Math.Max(0, states.FindLastIndex(s => s.AtMs <= beforeMs)));
        }
    }
}
