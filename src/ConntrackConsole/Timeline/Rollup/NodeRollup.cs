using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>A minute of one node, computed from its stored frames by the same rules as the live timeline. Not thread-safe.</summary>
internal sealed class NodeRollup(ClusterState cluster)
{
    /// <summary>
    /// A key frame comes at least once a minute: reading begins that long before the minute, so that the table is known at its
    /// start.
    /// </summary>
    public const long LeadMs = 61_000;

    /// <summary>The frame after the minute proves its last second.</summary>
    public const long TailMs = 3_000;

    private const int MaxDescribed = 200_000;

    private readonly NodeFrame _frame = new();
    private readonly MinuteAggregator _minute = new();

    // Nearly every group is the same for many nodes, minute after minute.
    private readonly Dictionary<GroupKey, Description> _described = [];

    /// <param name="former">The minute's stored block, if it was rolled up before.</param>
    /// <returns>The block is valid until the next call.</returns>
    public RollupMinute RollUp(string node, long minuteMs, FrameBuffer frames, Block? former, List<NodeFrame>? formerResets = null)
    {
        ArgumentNullException.ThrowIfNull(frames);
        long endMs = minuteMs + Level.MinuteMs;
        List<SettingChange>? settings = null;
        List<NodeFrame>? resets = null;
        _minute.Begin(node, minuteMs);
        for (int i = 0; i < frames.Frames.Count; i++)
        {
            var stored = frames.Frames[i];
            if (stored.AtMs > stored.ReceivedMs + TimelineStore.MaxAheadMs || !NodeFrameCodec.TryRead(frames.Bytes(stored), _frame, out _))
                continue;
            _minute.Apply(stored.Run, _frame);
            if (_frame.Settings.Count > 0)
                (settings ??= []).AddRange(_frame.Settings.Where(s => s.AtMs > minuteMs && s.AtMs <= endMs));
            if (ReportedResets.Of(_frame, minuteMs) is { } part)
                (resets ??= []).Add(part);
        }

        _minute.End();
        var block = _minute.Block;
        Describe(block, minuteMs, former);
        if (former is not null)
            KeepFormer(block, former);
        if (formerResets is not null)
        {
            var there = frames.Frames.Select(f => f.AtMs).ToHashSet();
            resets = [.. (resets ?? []).Concat(formerResets.Where(part => !there.Contains(part.AtMs))).OrderBy(part => part.AtMs)];
        }

        // As the node reported them; the rollup of all nodes removes the ones that another node has reported too. Minutes of
        // versions that did not store the reports keep the stored resets.
        if (resets is null && formerResets is null && former is { Resets.Count: > 0 })
            block.Resets.AddRange(former.Resets);
        else if (resets is not null)
            block.Resets.AddRange(ReportedResets.Sum(minuteMs, resets.SelectMany(part => part.Resets), resets));
        return new RollupMinute(block, _minute.Gaps, settings ?? [], resets ?? []);
    }

    private void Describe(Block block, long minuteMs, Block? former)
    {
        block.RemoveEmpty();
        var map = cluster.Current;
        long fromMs = minuteMs + _minute.ClockOffsetMs;
        foreach (var series in block.Series)
        {
            if (fromMs >= cluster.History.CompleteSinceMs && Described(series.Key, fromMs) is { } known)
            {
                (series.State, series.Pod, series.Owner) = (known.State, known.Pod, known.Owner);
                if (known.State.LeadsAstray())
                    series.Entries.CopyTo(series.Stale, 0);
                continue;
            }

            Classify(series, minuteMs, _minute.ClockOffsetMs, former?.Series.Find(s => s.Key == series.Key));
            Name(series, map, minuteMs);
        }
    }

    // Null if it changed since the beginning of the minute.
    private Description? Described(in GroupKey key, long fromMs)
    {
        if (!cluster.IsReady)
            return null;
        long stamp = cluster.Stamps.Of(key.Backend);
        if (!_described.TryGetValue(key, out var known) || known.Stamp != stamp)
        {
            if (_described.Count >= MaxDescribed)
                _described.Clear();
            // Read after the stamp.
            var owner = cluster.Current.OwnerOf(key.Backend);
            var (sinceMs, state) = StateHistory.Within(cluster.History, key, fromMs, long.MaxValue)[^1];
            known = new Description(stamp, sinceMs, state, cluster.History.OwnerAt(key.Backend, long.MaxValue)?.FullName ?? owner.Name, owner.State);
            _described[key] = known;
        }

        return known.SinceMs <= fromMs ? known : null;
    }

    // Classified as of each second, by the ownership history, which survives a restart. The history uses the console's clock, the
    // columns use the node's. For a minute that the history has forgotten, the stored classification stays.
    private void Classify(BlockSeries series, long minuteMs, long offsetMs, BlockSeries? former)
    {
        long fromMs = minuteMs + offsetMs;
        if (former is not null && fromMs < cluster.History.CompleteSinceMs)
        {
            bool formerStale = former.Stale.Any(v => v > 0);
            for (int column = 0; column < series.Entries.Length; column++)
            {
                bool was = former.Entries[column] > 0 ? former.Stale[column] > 0 : formerStale;
                series.Stale[column] = was ? series.Entries[column] : 0;
            }

            series.State = former.State;
            return;
        }

        // Nearly always one state for the whole minute.
        if (cluster.History.ChangesWithin(series.Key, fromMs, fromMs + Level.MinuteMs).Count == 0)
        {
            series.State = EntryStateClassifier.At(cluster.History, series.Key, fromMs);
            if (series.State.LeadsAstray())
                series.Entries.CopyTo(series.Stale, 0);
            return;
        }

        var states = StateHistory.Within(cluster.History, series.Key, fromMs, fromMs + Level.MinuteMs);
        for (int column = 0, state = 0; column < series.Entries.Length; column++)
        {
            long atMs = fromMs + ((column + 1) * 1000L);
            while (state + 1 < states.Count && states[state + 1].AtMs <= atMs)
                state++;
            series.Stale[column] = states[state].State.LeadsAstray() ? series.Entries[column] : 0;
        }

        series.State = states[^1].State;
    }

    private void Name(BlockSeries series, ClusterMap map, long minuteMs)
    {
        // From then on a pod's address, whichever pod has it now.
        series.Pod = cluster.History.OwnerAt(series.Key.Backend, minuteMs + Level.MinuteMs)?.FullName;
        if (series.Pod is not null)
        {
            series.Owner = map.OwnerStateOf(series.Key.Backend);
            return;
        }

        var owner = map.OwnerOf(series.Key.Backend);
        (series.Pod, series.Owner) = (owner.Name, owner.State);
    }

    // The frames around late ones may be deleted already; the rollup of them stays.
    private static void KeepFormer(Block block, Block former)
    {
        var byKey = block.Series.ToDictionary(s => s.Key);
        bool[] kept = new bool[block.Columns];
        for (int column = 0; column < block.Columns; column++)
        {
            kept[column] = former.Known[column] && !block.Known[column];
            block.Known[column] |= kept[column];
        }

        if (!kept.Contains(true))
            return;
        foreach (var old in former.Series)
        {
            if (!byKey.TryGetValue(old.Key, out var series))
                series = block.Add(old.Label);
            for (int column = 0; column < block.Columns; column++)
            {
                if (kept[column])
                    (series.Entries[column], series.Closing[column], series.Stale[column]) = (old.Entries[column], old.Closing[column], old.Stale[column]);
            }
        }
    }
}

/// <summary>What a group's entries are, from a moment of the console's clock on.</summary>
/// <param name="Stamp">Of its backend's address: with another one it must be derived again.</param>
internal readonly record struct Description(long Stamp, long SinceMs, EntryState State, string? Pod, OwnerState Owner);

/// <param name="Resets">What <see cref="ReportedResets"/> keeps of the frames.</param>
internal sealed record RollupMinute(Block Block, IReadOnlyList<GapSpan> Gaps, IReadOnlyList<SettingChange> Settings, List<NodeFrame> Resets);
