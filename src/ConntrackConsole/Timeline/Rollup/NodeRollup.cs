using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>A minute of one node, computed from its stored frames by the same code as the live timeline.</summary>
internal sealed class NodeRollup(ClusterState cluster)
{
    /// <summary>
    /// A key frame comes at least once a minute: reading begins that long before the minute, so that the table is known at its
    /// start.
    /// </summary>
    public const long LeadMs = 61_000;

    /// <summary>The frame after the minute proves its last second.</summary>
    public const long TailMs = 3_000;

    private readonly NodeFrame _frame = new();

    public RollupMinute RollUp(string node, long minuteMs, IReadOnlyList<StoredFrame> frames, Block? former, List<NodeFrame>? formerResets = null)
    {
        ArgumentNullException.ThrowIfNull(frames);
        long endMs = minuteMs + Level.MinuteMs;
        var timeline = new NodeTimeline(node);
        var gaps = new List<GapSpan>();
        var settings = new List<SettingChange>();
        var resets = new List<NodeFrame>();
        foreach (var stored in frames)
        {
            if (stored.AtMs > stored.ReceivedMs + TimelineStore.MaxAheadMs || !NodeFrameCodec.TryRead(stored.Bytes, _frame, out _))
                continue;
            timeline.Apply(stored.Run, _frame, 0, (kind, fromMs, toMs, lost) =>
            {
                if (toMs > minuteMs && toMs <= endMs)
                    gaps.Add(GapLog.Span(node, kind, fromMs, toMs, lost));
            });
            settings.AddRange(_frame.Settings.Where(s => s.AtMs > minuteMs && s.AtMs <= endMs));
            if (ReportedResets.Of(_frame, minuteMs) is { } part)
                resets.Add(part);
        }

        var block = new Block(Level.Finest.Columns);
        MarkKnown(block, timeline.Known, minuteMs);
        Series(block, timeline, minuteMs, former);
        if (former is not null)
            KeepFormer(block, former);
        if (formerResets is not null)
        {
            var there = frames.Select(f => f.AtMs).ToHashSet();
            resets = [.. resets.Concat(formerResets.Where(part => !there.Contains(part.AtMs))).OrderBy(part => part.AtMs)];
        }

        // As the node reported them; the rollup of all nodes removes the ones that another node has reported too. Minutes of
        // versions that did not store the reports keep the stored resets.
        if (resets.Count == 0 && formerResets is null && former is { Resets.Count: > 0 })
            block.Resets.AddRange(former.Resets);
        else
            block.Resets.AddRange(ReportedResets.Sum(minuteMs, resets.SelectMany(part => part.Resets), resets));
        return new RollupMinute(block, gaps, settings, resets);
    }

    private static void MarkKnown(Block block, CoverageIntervals known, long minuteMs)
    {
        for (int column = 0, stretch = 0; column < block.Columns; column++)
        {
            long atMs = minuteMs + ((column + 1) * 1000L);
            while (stretch < known.Count && known[stretch].ToMs < atMs)
                stretch++;
            block.Known[column] = stretch < known.Count && known[stretch].FromMs <= atMs;
        }
    }

    private void Series(Block block, NodeTimeline timeline, long minuteMs, Block? former)
    {
        var map = cluster.Current;
        long offsetMs = timeline.Cost is { ClockOffsetMs: not int.MinValue } cost ? cost.ClockOffsetMs : 0;
        foreach (var group in timeline.Groups.OrderBy(g => g.Key.Vip).ThenBy(g => g.Key.Vport).ThenBy(g => g.Key.Proto).ThenBy(g => g.Key.Backend))
        {
            var key = group.Key;
            var series = new BlockSeries(key, block.Columns);
            bool any = false;
            var steps = group.Steps.GetEnumerator();
            bool more = steps.MoveNext();
            var (value, next) = (default(Step), steps.Current);
            for (int column = 0; column < block.Columns; column++)
            {
                long atMs = minuteMs + ((column + 1) * 1000L);
                for (; more && next.AtMs <= atMs; next = steps.Current)
                    (value, more) = (next, steps.MoveNext());
                if (!block.Known[column])
                    continue;
                (series.Entries[column], series.Closing[column]) = (value.Live, value.Closing);
                any |= value.Live + value.Closing > 0;
            }

            if (!any)
                continue;
            Classify(series, minuteMs, offsetMs, former?.Series.Find(s => s.Key == key));
            Name(series, map, minuteMs);
            block.Series.Add(series);
        }
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
        var owner = map.OwnerOf(series.Key.Backend);
        // From then on a pod's address, whichever pod has it now.
        series.Pod = cluster.History.OwnerAt(series.Key.Backend, minuteMs + Level.MinuteMs)?.FullName ?? owner.Name;
        series.Owner = owner.State;
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
            {
                series = new BlockSeries(old.Key, block.Columns) { Pod = old.Pod, Owner = old.Owner, State = old.State };
                block.Series.Add(series);
            }

            for (int column = 0; column < block.Columns; column++)
            {
                if (kept[column])
                    (series.Entries[column], series.Closing[column], series.Stale[column]) = (old.Entries[column], old.Closing[column], old.Stale[column]);
            }
        }
    }
}

/// <param name="Resets">What <see cref="ReportedResets"/> keeps of the frames.</param>
internal sealed record RollupMinute(Block Block, IReadOnlyList<GapSpan> Gaps, IReadOnlyList<SettingChange> Settings, List<NodeFrame> Resets);
