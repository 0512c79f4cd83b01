using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline;

/// <summary>What the past is made of, besides the frames.</summary>
public sealed partial class TimelineStore
{
    private const int MaxSettings = 2_000;

    private readonly Queue<SettingTold> _settings = new();

    /// <summary>Our clock minus the node's, as it told last; 0 where it did not.</summary>
    public long ClockOffset(string node)
    {
        lock (_lock)
            return _nodes.TryGetValue(node, out var track) && track.Cost is { ClockOffsetMs: not int.MinValue } cost ? cost.ClockOffsetMs : 0;
    }

    /// <summary>A node's resets of a stretch, each counted once over all nodes; null where memory does not reach back to it.</summary>
    public List<Reset>? KeptResets(string node, long fromMs, long toMs)
    {
        lock (_lock)
        {
            if (fromMs < NowMs - HorizonMs)
                return null;
            var kept = _resets.Kept.Where(t => t.Node == node && t.Reset.AtMs >= fromMs && t.Reset.AtMs < toMs).Select(t => t.Reset).ToList();
            // The ledger forgets the oldest first: where it begins later, the frames know better.
            return kept.Count == 0 && _resets.Kept.FirstOrDefault() is { } first && first.Reset.AtMs >= toMs ? null : kept;
        }
    }

    /// <summary>For each column whether any node, or the one that is named, told its table.</summary>
    public bool[] KnownColumns(TimelineQuery query, long stepMs)
    {
        ArgumentNullException.ThrowIfNull(query);
        bool[] known = new bool[query.Columns];
        int perColumn = (int)Math.Max(1, stepMs / 1000);
        lock (_lock)
        {
            foreach (var node in _nodes.Values.Where(n => query.Node is null || n.Name == query.Node))
            {
                int stretch = 0;
                for (int sample = 0; sample < known.Length * perColumn; sample++)
                {
                    long atMs = query.FromMs + ((sample + 1) * stepMs / perColumn);
                    while (stretch < node.Known.Count && node.Known[stretch].ToMs < atMs)
                        stretch++;
                    if (stretch < node.Known.Count && node.Known[stretch].FromMs <= atMs)
                        known[sample / perColumn] = true;
                }
            }
        }

        return known;
    }

    /// <summary>No part of the cluster any more and not connected: after its last word there is nothing, not something unknown.</summary>
    public bool HasLeft(string node)
    {
        lock (_lock)
            return _cluster.IsReady && !_cluster.Current.Nodes.ContainsKey(node) && !(_nodes.TryGetValue(node, out var track) && track.Connected);
    }

    /// <summary>Gaps that no frame tells: the console's own.</summary>
    public List<GapSpan> OwnGaps()
    {
        lock (_lock)
            return [.. _gaps.OwnSpans];
    }

    public void Restore(IEnumerable<GapSpan> gaps, IEnumerable<SettingTold> settings)
    {
        ArgumentNullException.ThrowIfNull(gaps);
        ArgumentNullException.ThrowIfNull(settings);
        lock (_lock)
        {
            foreach (var gap in gaps)
                _gaps.Add(gap);
            foreach (var setting in settings)
                Note(setting);
        }
    }

    /// <summary>Changes of sysctls that are kept in memory, oldest first.</summary>
    public List<SettingTold> Settings(long fromMs, long toMs, string? node)
    {
        lock (_lock)
            return [.. _settings.Where(s => s.AtMs >= fromMs && s.AtMs <= toMs && (node is null || s.Node == node))];
    }

    private void NoteSettings(string node, NodeFrame frame)
    {
        foreach (var change in frame.Settings)
            Note(new SettingTold(node, change.AtMs, change.Name, change.Before, change.After));
    }

    private void Note(SettingTold setting)
    {
        _settings.Enqueue(setting);
        if (_settings.Count > MaxSettings)
            _settings.Dequeue();
    }
}
