using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using ConntrackConsole.Workers;

namespace ConntrackConsole.Timeline.Query;

/// <summary>
/// Reads the timeline at any time: from memory as far as it reaches, otherwise from storage. Memory reaches back an hour at most,
/// and not beyond the console's own start, because stale entries before it were classified by an earlier run.
/// </summary>
internal sealed class TimelineQueryService(
    TimelineStore live, StoredBlockReader blocks, StoredFacts facts, OwnershipArchive owners, HistoryRetention keep, RollupQueue rollups, ClusterState cluster, AnswerTurns turns, TimeProvider time)
{
    private const int MaxCachedSyncs = 64;
    private const int MinAlignedColumns = 20;

    private readonly StoredParts _stored = new();
    private readonly ConditionalWeakTable<TimelineQueryExecutor, ConcurrentDictionary<(TimelineQuery Query, bool Follows), Lazy<Task<Followed>>>> _shared = new();
    private readonly SharedWork<(TimelineQuery Query, bool Follows), Followed> _past = new();
    private readonly ConcurrentDictionary<TimelineQuery, Lazy<Task<Followed>>> _waiting = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<NodeSync>> _syncs = new();
    private readonly long _startedMs = time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The snapshot that readers share: until there is another one, equal questions have equal answers.</summary>
    public object Recent => Shared();

    /// <summary>Size of what is cached of stored windows.</summary>
    internal long CachedBytes => _stored.Bytes;

    /// <summary>Forgets what was cached for pages that do not ask any more.</summary>
    public void Expire() => _stored.Expire(time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>An answer of this moment, for a reader of its own.</summary>
    public async Task<TimelineView> QueryAsync(TimelineQuery query, CancellationToken ct)
    {
        var window = await StoredAsync(query, false, ct);
        return await AnswerAsync(window, live.Read(reading => reading), false, ct);
    }

    /// <summary>From the snapshot that all readers share, pages and API.</summary>
    public async Task<TimelineView> RecentAsync(TimelineQuery query, CancellationToken ct) => (await SharedAsync(query, Shared(), false, ct)).View;

    /// <summary>From here on memory has everything; what was before is read from storage.</summary>
    public long LiveFromMs => Math.Max(live.FromMs + 1_000, Math.Min(_startedMs, rollups.FirstOpenMs));

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    private TimelineQueryExecutor Shared() => live.Read(reading => reading, TimelineStore.SharedMs);

    /// <summary>
    /// Everything that a page shows, requested repeatedly: the stored part of its window may be three seconds old, the part from
    /// memory comes from one snapshot, which all open pages share.
    /// </summary>
    public async Task<PageSnapshot> FollowAsync(PageQuery page, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(page);
        var followed = page.Window is not { } query ? null
            : page.AsOfMs is null && query.ToMs >= NowMs ? await FollowedAsync(query, ct) : await SharedAsync(query, Shared(), true, ct);
        // All of a page is of one snapshot.
        var reading = followed?.Reading ?? Shared();
        var pods = Pods(reading, page, followed?.Window);
        await CompleteSyncsAsync(pods, ct);
        return new PageSnapshot(
            followed?.View, page.Headline is { } now ? reading.View(now) : null, page.Since is { } paused ? reading.View(paused) : null, pods)
        {
            Resets = page.Resets is { } counted ? reading.ResetsByAddress(counted.FromMs, counted.ToMs) : null,
        };
    }

    // Who asks the same of one snapshot gets one answer, which is not cancelled with the one who asked first. Reading a window that is over
    // may take long: those who wait for it at the same time share it, and it ends with their interest.
    private Task<Followed> SharedAsync(TimelineQuery query, TimelineQueryExecutor reading, bool follows, CancellationToken ct)
    {
        return query.ToMs < reading.NowMs
            ? _past.RunAsync((query, follows), end => ComputeAsync(query, end), ct)
            : _shared.GetOrCreateValue(reading).GetOrAdd((query, follows), _ => new Lazy<Task<Followed>>(() => Task.Run(() => ComputeAsync(query, CancellationToken.None)))).Value.WaitAsync(ct);

        async Task<Followed> ComputeAsync(TimelineQuery wanted, CancellationToken end)
        {
            var window = await StoredAsync(wanted, follows, end);
            return new Followed(window, await AnswerAsync(window, reading, follows, end), reading);
        }
    }

    // Live pages that ask the same while they wait for their turn get one answer, of the moment at which it is their turn.
    private async Task<Followed> FollowedAsync(TimelineQuery query, CancellationToken ct)
    {
        var question = query with { FromMs = 0, ToMs = query.ToMs - query.FromMs };
        return await _waiting.GetOrAdd(question, _ => new Lazy<Task<Followed>>(() => Task.Run(ReadAsync))).Value.WaitAsync(ct);

        // The stored part is read before the turn, and kept: what reads it from the disk must not hold up others.
        async Task<Followed> ReadAsync()
        {
            try
            {
                await StoredAsync(query, true, CancellationToken.None);
            }
            catch
            {
                _waiting.TryRemove(question, out _);
                throw;
            }

            return await turns.RunAsync(TakeAsync, CancellationToken.None);
        }

        Task<Followed> TakeAsync()
        {
            _waiting.TryRemove(question, out _);
            // By whole columns, so that they stay where they are. One of few columns would be in the future.
            long stepMs = query.Columns < MinAlignedColumns ? 1 : Math.Max(1, (question.ToMs + query.Columns - 1) / query.Columns);
            long lateMs = Math.Max(0, (NowMs - query.ToMs + stepMs - 1) / stepMs * stepMs);
            return SharedAsync(query with { FromMs = query.FromMs + lateMs, ToMs = query.ToMs + lateMs }, Shared(), true, CancellationToken.None);
        }
    }

    // The sums decide which lanes are shown with their backends; both come from the same snapshot.
    private async Task<TimelineView> AnswerAsync(StoredWindow window, TimelineQueryExecutor reading, bool follows, CancellationToken ct)
    {
        var view = Join(window, Read(reading, window));
        if (window is not { Stored: not null, Requested: { Lanes: > 0 and var max, Chosen: null } query } || view.Services.Count == 0)
            return view;
        string chosen = string.Join('\n', LaneOrder.First(
            view.Services, max, series => LaneOrder.Last(series, view.FromMs, view.StepMs, view.Columns, view.NowMs)).Select(lane => lane.Place));
        var detail = await StoredAsync(query with { Chosen = chosen, HasCounters = false }, follows, ct);
        if (detail.Stored is null || detail.Requested.FromMs != query.FromMs)
            return view;
        var shown = Join(detail, Read(reading, detail)).Services.ToLookup(lane => lane.Place);
        // A lane that now has a part that memory has forgotten meanwhile keeps its sum.
        return view with { Services = [.. view.Services.Select(lane => shown[lane.Place].FirstOrDefault() is { OmitsBackends: false } full ? full with { Sum = lane.Sum } : lane)] };
    }

    // Memory does not reach as far back as the terminations that it keeps; what was stored before that does not change any more.
    private async Task CompleteSyncsAsync(Dictionary<string, PodDetail> pods, CancellationToken ct)
    {
        long memoryMs = NowMs - TimelineStore.HorizonMs;
        foreach (var (wanted, pod) in pods.ToList())
        {
            if (pod.Termination is not { Reported: { EndpointChangedMs: { } changedMs } reported } span || changedMs >= memoryMs)
                continue;
            if (!_syncs.TryGetValue(reported.Uid, out var synced))
            {
                if (_syncs.Count >= MaxCachedSyncs)
                    _syncs.Clear();
                _syncs[reported.Uid] = synced = (await facts.CompleteAsync([span], ct))[0].Synced;
            }

            pods[wanted] = pod with { Termination = span with { Synced = synced } };
        }
    }

    private static Dictionary<string, PodDetail> Pods(TimelineQueryExecutor reading, PageQuery page, StoredWindow? window)
    {
        var pods = new Dictionary<string, PodDetail>();
        foreach (string wanted in page.Pods ?? [])
        {
            Add(wanted);
            // Memory forgets a terminated pod after a while; its address is then known from storage, or from its termination.
            string? ip = window?.Stored?.Terminations.Find(t => t.Uid == wanted)?.PodIp ?? pods[wanted].Termination?.PodIp;
            if (ip is { Length: > 0 })
                Add(ip);
        }

        return pods;

        void Add(string uidOrIp)
        {
            if (!pods.ContainsKey(uidOrIp))
                pods[uidOrIp] = reading.Detail(uidOrIp, page.AsOfMs);
        }
    }

    private async Task<StoredWindow> StoredAsync(TimelineQuery query, bool follows, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        ct.ThrowIfCancellationRequested();
        long nowMs = NowMs;
        int columns = Math.Clamp(query.Columns, 1, TimelineQuery.MaxColumns);
        long fromMs = Math.Clamp(query.FromMs, 0, nowMs + TimelineStore.HorizonMs);
        long widthMs = Math.Clamp(query.ToMs - fromMs, 1, MaxWidthMs);
        long stepMs = (widthMs + columns - 1) / columns;
        var requested = query with { FromMs = fromMs, Columns = columns, ToMs = fromMs + (stepMs * columns) };

        // What ended before the start is in blocks, or will be soon; memory is used from the start on, within its own horizon.
        long memoryMs = live.FromMs + 1_000;
        long liveMs = LiveFromMs;
        if (fromMs >= liveMs)
            return new StoredWindow(requested, stepMs, liveMs, 0, nowMs, null);

        int split = (int)Math.Clamp((liveMs - fromMs) / stepMs, 0, columns);
        // A column that lies in both is read from the source that has all of it.
        if (split < columns && fromMs + (split * stepMs) < memoryMs)
            split++;
        // After a restart some minutes are in both while their blocks are recomputed: their stale entries are read from the
        // blocks.
        int both = _startedMs > liveMs ? (int)Math.Clamp((Math.Min(_startedMs, rollups.RolledUpEndMs) - fromMs) / stepMs, split, columns) : split;
        var stored = follows
            ? await _stored.GetAsync(requested, stepMs, liveMs, nowMs, () => ReadAsync(requested, stepMs, split, both, ct))
            : await ReadAsync(requested, stepMs, split, both, ct);
        return new StoredWindow(requested, stepMs, liveMs, split, nowMs, stored);
    }

    private TimelineView Join(StoredWindow window, NowPart now)
    {
        if (window is not { Requested: var requested, Stored: { } stored, Split: var split })
            return now.View;
        var lanes = stored.Lanes;
        // Historical names, also for what memory has forgotten.
        var names = new StoredNames(cluster.Current, stored.Owned, requested, window.StepMs, window.NowMs);
        List<GapSpan> corrupt = [.. stored.Corrupt];
        AddUnknownGap(requested, lanes, split, window.NowMs, corrupt);
        AddLateGap(requested, window, corrupt);
        var services = StoredView.Lanes(lanes, now, split, names);
        bool isExact = true;
        var sum = requested.OmitsSums ? null : StoredView.Sum(lanes, now, split, services, requested.Namespace is not null || requested.Service is not null, out isExact);
        var view = new TimelineView(
            requested.FromMs, requested.ToMs, window.StepMs, requested.Columns, services, [], StoredView.Resets(lanes, now, split), [], now.View.Nodes, window.NowMs)
        {
            Sum = sum, SumsAreUpperBounds = !isExact || lanes.SumsAreUpperBounds,
            // The blocks do not have them.
            Counters = now.View.Counters?.Within(split, now.Columns, requested.Columns),
        };
        return WithFacts(view, now, stored with { Corrupt = corrupt }, window.LiveMs);
    }

    private async Task<StoredPart> ReadAsync(TimelineQuery requested, long stepMs, int split, int both, CancellationToken ct)
    {
        var (lanes, corrupt) = await blocks.ReadAsync(requested, stepMs, both, ct);
        if (requested is { Namespace: null, Service: null, Node: null })
            await facts.ResetsAsync(requested, stepMs, split, Emptied(lanes.Resets), ct);
        return new StoredPart(
            lanes, corrupt, await facts.TerminationsAsync(requested, ct), await facts.RolloutsAsync(requested, ct), await facts.GapsAsync(requested, NowMs, ct),
            await facts.SettingsAsync(requested, ct), await owners.LoadAsync(requested.FromMs, requested.ToMs, ct))
        {
            Restarts = await facts.RestartsAsync(requested, ct),
        };
    }

    // For times before the retention of a single node, the whole cluster may still be available.
    private void AddUnknownGap(TimelineQuery requested, StoredLanes lanes, int split, long nowMs, List<GapSpan> into)
    {
        int firstKnown = Array.IndexOf(lanes.Known, true, 0, split);
        int unknown = firstKnown < 0 ? split : firstKnown;
        long toMs = requested.FromMs + (unknown * (requested.ToMs - requested.FromMs) / requested.Columns);
        if (unknown == 0)
            return;
        long keptMs = nowMs - (long)keep.Nodes.Minutes.TotalMilliseconds;
        into.Add(requested.Node is { } node && requested.FromMs < keptMs
            ? new GapSpan(
                node, GapKind.FramesDropped, requested.FromMs, toMs,
                $"Node {node}: its lanes are kept for {keep.Nodes.Minutes.TotalDays:0.#} days; select all nodes for earlier times.")
            : new GapSpan(
                null, GapKind.FramesDropped, requested.FromMs, toMs, "Nothing is stored for this interval: the records begin after it, so its state is unknown."));
    }

    // Memory has the last hour; what it has forgotten is in blocks, unless the rollup is behind by more than that.
    private void AddLateGap(TimelineQuery requested, StoredWindow window, List<GapSpan> into)
    {
        long behindMs = window.NowMs - rollups.RolledUpEndMs, fromMs = Math.Max(requested.FromMs, rollups.RolledUpEndMs), toMs = Math.Min(requested.ToMs, window.LiveMs);
        if (rollups.RolledUpEndMs == 0 || behindMs <= RollupWorker.LateMs || rollups.FirstOpenMs >= window.NowMs - RollupWorker.LateMs || fromMs >= toMs)
            return;
        into.Add(new GapSpan(
            null, GapKind.FramesDropped, fromMs, toMs,
            $"The rollup of stored frames is {behindMs / 60_000} min behind: this interval is unknown until it has caught up. The frames are kept."));
    }

    private const long MaxWidthMs = 10L * 366 * 24 * 3_600_000;

    // From one snapshot.
    private static NowPart Read(TimelineQueryExecutor reading, StoredWindow window)
    {
        var (requested, stepMs, liveMs, split, nowMs, stored) = window;
        if (stored is null)
            return new NowPart(reading.View(requested), [], requested.Columns, [], []);
        long beginMs = requested.FromMs + (split * stepMs);
        // The future is unknown: only as many columns as can contain data.
        long left = Math.Min(requested.Columns - split, Math.Max(0, ((nowMs + TimelineStore.MaxAheadMs - beginMs) / stepMs) + 1));
        left = Math.Min(left, Math.Max(1, TimelineStore.HorizonMs / stepMs));
        var query = requested with
        {
            FromMs = beginMs, ToMs = beginMs + (Math.Max(1, left) * stepMs), Columns = (int)Math.Max(1, left), Lanes = requested.Lanes is null ? null : 0,
        };
        return new NowPart(
            reading.View(query), left > 0 ? reading.KnownColumns(query, stepMs) : [], (int)left,
            reading.Gaps(requested with { FromMs = Math.Max(requested.FromMs, liveMs) }), reading.Settings(requested)) { Restarts = reading.Restarts(requested) };
    }

    private static TimelineView WithFacts(TimelineView view, NowPart part, StoredPart stored, long liveMs)
    {
        var now = part.View;
        var inMemory = now.Terminations.Select(t => t.Uid).ToHashSet();
        var open = now.Rollouts.Select(r => r.Id).ToHashSet();
        // Memory is newer for the same interval: late frames may have filled it since.
        var recent = now.Gaps.Concat(part.Gaps).ToHashSet();
        var newer = recent.Select(g => (g.Node, g.Kind, g.ToMs)).ToHashSet();
        var gaps = stored.Gaps.Where(r => r.ToMs < liveMs || (r.FromMs < liveMs && !newer.Contains((r.Node, r.Kind, r.ToMs))));
        return view with
        {
            Terminations = [.. stored.Terminations.Where(t => !inMemory.Contains(t.Uid)), .. now.Terminations],
            Rollouts = [.. stored.Rollouts.Where(r => !open.Contains(r.Id)), .. now.Rollouts],
            Gaps = [.. gaps.Concat(recent).Concat(stored.Corrupt).Distinct().OrderBy(g => g.FromMs)],
            Restarts = [.. stored.Restarts.Concat(part.Restarts).DistinctBy(r => r.Id).OrderBy(r => r.AtMs)],
            Settings = [.. stored.Settings.Concat(part.Settings).Distinct().OrderBy(s => s.AtMs)],
        };
    }

    // The cluster's resets are rows, deduplicated over all nodes.
    private static int[,] Emptied(int[,] resets)
    {
        Array.Clear(resets);
        return resets;
    }
}

/// <summary>What the pages that ask the same share.</summary>
internal sealed record Followed(StoredWindow Window, TimelineView View, TimelineQueryExecutor Reading);

/// <summary>A window with its stored part.</summary>
/// <param name="LiveMs">Memory is used from here on.</param>
/// <param name="Split">The first column that is read from memory.</param>
/// <param name="Stored">Null if memory has all of the window.</param>
internal sealed record StoredWindow(TimelineQuery Requested, long StepMs, long LiveMs, int Split, long NowMs, StoredPart? Stored);

/// <summary>The end of a window, from memory.</summary>
/// <param name="Columns">How many; 0 if the window ends before memory begins.</param>
/// <param name="Gaps">Of the whole interval that memory has, also of Services that the view omits.</param>
/// <param name="Settings">Of the whole window, as far as memory reaches back.</param>
internal sealed record NowPart(TimelineView View, bool[] Known, int Columns, IReadOnlyList<GapSpan> Gaps, IReadOnlyList<ReportedSetting> Settings)
{
    /// <summary>Of the whole window, as far as memory reaches back.</summary>
    public IReadOnlyList<PodRestart> Restarts { get; init; } = [];
}
