using ConntrackConsole.Cluster;
using ConntrackConsole.Timeline.History;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline;

/// <summary>
/// The timeline at any time: from memory where memory reaches, else from what is stored. Memory reaches back an hour at most,
/// and not behind the console's own start, because what was stale then was judged then.
/// </summary>
public sealed class TimelineHistory(
    TimelineStore live, PastReader past, PastFacts facts, OwnershipArchive owners, HistoryRetention keep, FoldQueue folding, ClusterState cluster, TimeProvider time)
{
    private readonly StoredParts _stored = new();
    private readonly long _startedMs = time.GetUtcNow().ToUnixTimeMilliseconds();

    public Task<TimelineView> QueryAsync(TimelineQuery query, CancellationToken ct) => QueryAsync(query, false, ct);

    /// <summary>The same for a window that is looked at again and again: what is stored of it may be three seconds old.</summary>
    public Task<TimelineView> FollowAsync(TimelineQuery query, CancellationToken ct) => QueryAsync(query, true, ct);

    private async Task<TimelineView> QueryAsync(TimelineQuery query, bool follows, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        ct.ThrowIfCancellationRequested();
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        int columns = Math.Clamp(query.Columns, 1, TimelineQuery.MaxColumns);
        long fromMs = Math.Clamp(query.FromMs, 0, nowMs + TimelineStore.HorizonMs);
        long widthMs = Math.Clamp(query.ToMs - fromMs, 1, MaxWidthMs);
        long stepMs = (widthMs + columns - 1) / columns;
        var asked = query with { FromMs = fromMs, Columns = columns, ToMs = fromMs + (stepMs * columns) };

        // What ended before the start is in blocks, or soon is; from here on, and not before its own horizon, memory tells.
        long memoryMs = nowMs - TimelineStore.HorizonMs + 1_000;
        long liveMs = Math.Max(memoryMs, Math.Min(_startedMs, folding.FirstOpenMs));
        if (fromMs >= liveMs)
            return live.Query(asked) with { Settings = live.Settings(asked.FromMs, asked.ToMs, asked.Node) };

        int split = (int)Math.Clamp((liveMs - fromMs) / stepMs, 0, columns);
        // A column that lies in both is told by whichever has all of it.
        if (split < columns && fromMs + (split * stepMs) < memoryMs)
            split++;
        // After a restart some minutes are in both, their blocks being made again: what was judged then stands in the blocks.
        int both = _startedMs > liveMs ? (int)Math.Clamp((Math.Min(_startedMs, folding.FoldedEndMs) - fromMs) / stepMs, split, columns) : split;
        var stored = follows
            ? await _stored.GetAsync(asked, stepMs, liveMs, nowMs, () => ReadAsync(asked, stepMs, split, both, ct))
            : await ReadAsync(asked, stepMs, split, both, ct);
        var lanes = stored.Lanes;
        var now = Now(asked, stepMs, split, nowMs);
        // Names as they were, also of what memory has forgotten.
        var names = new PastNames(cluster.Current, stored.Owned, asked, stepMs, nowMs);
        List<GapSpan> corrupt = [.. stored.Corrupt];
        Untold(asked, lanes, split, nowMs, corrupt);
        var view = new TimelineView(
            fromMs, asked.ToMs, stepMs, columns, PastView.Lanes(lanes, now, split, names), [], PastView.Resets(lanes, now, split), [], now.View.Nodes, nowMs);
        return WithFacts(view, asked, now.View, stored with { Corrupt = corrupt }, liveMs);
    }

    private async Task<StoredPart> ReadAsync(TimelineQuery asked, long stepMs, int split, int both, CancellationToken ct)
    {
        var (lanes, corrupt) = await past.ReadAsync(asked, stepMs, both, ct);
        if (asked is { Namespace: null, Service: null, Node: null })
            await facts.ResetsAsync(asked, stepMs, split, Emptied(lanes.Resets), ct);
        return new StoredPart(
            lanes, corrupt, await facts.TerminationsAsync(asked, ct), await facts.RolloutsAsync(asked, ct), await facts.GapsAsync(asked, ct),
            await facts.SettingsAsync(asked, ct), await owners.LoadAsync(asked.FromMs, asked.ToMs, ct));
    }

    // Of what is older than a single node is kept, the whole cluster may still be told.
    private void Untold(TimelineQuery asked, PastLanes lanes, int split, long nowMs, List<GapSpan> into)
    {
        int told = Array.IndexOf(lanes.Known, true, 0, split);
        int untold = told < 0 ? split : told;
        long toMs = asked.FromMs + (untold * (asked.ToMs - asked.FromMs) / asked.Columns);
        if (untold == 0)
            return;
        long keptMs = nowMs - (long)keep.Nodes.Minutes.TotalMilliseconds;
        into.Add(asked.Node is { } node && asked.FromMs < keptMs
            ? new GapSpan(
                node, GapKind.FramesDropped, asked.FromMs, toMs,
                $"Node {node}: its own lanes are kept for {keep.Nodes.Minutes.TotalDays:0.#} days; look at all nodes together for what was before.")
            : new GapSpan(
                null, GapKind.FramesDropped, asked.FromMs, toMs, "Nothing is stored of this stretch: the records begin after it, so what was then is unknown."));
    }

    private const long MaxWidthMs = 10L * 366 * 24 * 3_600_000;

    private NowPart Now(TimelineQuery asked, long stepMs, int split, long nowMs)
    {
        long beginMs = asked.FromMs + (split * stepMs);
        // Nothing is known of what is to come: only so many columns as can hold something.
        long left = Math.Min(asked.Columns - split, Math.Max(0, ((nowMs + TimelineStore.MaxAheadMs - beginMs) / stepMs) + 1));
        left = Math.Min(left, Math.Max(1, TimelineStore.HorizonMs / stepMs));
        var query = asked with { FromMs = beginMs, ToMs = beginMs + (Math.Max(1, left) * stepMs), Columns = (int)Math.Max(1, left) };
        return new NowPart(live.Query(query), left > 0 ? live.KnownColumns(query, stepMs) : [], (int)left);
    }

    private TimelineView WithFacts(TimelineView view, TimelineQuery asked, TimelineView now, StoredPart stored, long liveMs)
    {
        var told = now.Terminations.Select(t => t.Uid).ToHashSet();
        var open = now.Rollouts.Select(r => r.Id).ToHashSet();
        // What memory tells of the same stretch is newer: late frames may have filled it since.
        var recent = now.Gaps.Concat(live.Query(asked with { FromMs = Math.Max(asked.FromMs, liveMs), Columns = 1, Service = "\0" }).Gaps).ToHashSet();
        var gaps = stored.Gaps.Where(r => r.ToMs < liveMs || (r.FromMs < liveMs && !recent.Any(g => g.Node == r.Node && g.Kind == r.Kind && g.ToMs == r.ToMs)));
        return view with
        {
            Terminations = [.. stored.Terminations.Where(t => !told.Contains(t.Uid)), .. now.Terminations],
            Rollouts = [.. stored.Rollouts.Where(r => !open.Contains(r.Id)), .. now.Rollouts],
            Gaps = [.. gaps.Concat(recent).Concat(stored.Corrupt).Distinct().OrderBy(g => g.FromMs)],
            Settings = [.. stored.Settings.Concat(live.Settings(asked.FromMs, asked.ToMs, asked.Node)).Distinct().OrderBy(s => s.AtMs)],
        };
    }

    // The cluster's resets are rows, each counted once over all nodes.
    private static int[,] Emptied(int[,] resets)
    {
        Array.Clear(resets);
        return resets;
    }
}

/// <summary>The end of a window that memory tells.</summary>
/// <param name="Columns">How many; 0 where the window ends before memory begins.</param>
internal sealed record NowPart(TimelineView View, bool[] Known, int Columns);
