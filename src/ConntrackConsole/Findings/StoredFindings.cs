using System.Globalization;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Findings;

/// <summary>
/// Explains a window from its stored frames: the same records as in memory, built again. What is no longer stored is insufficient
/// evidence, never calm.
/// </summary>
internal sealed class StoredFindings(
    IDbContextFactory<ConsoleDb> databases, FrameArchive frames, OwnershipArchive owners, TerminationArchive terminations, StoredFacts facts,
    TimelineStore live, ClusterState cluster, TimeProvider time) : IDisposable
{
    /// <summary>Maximum number of frames that one answer reads; of a longer window only the end is explained.</summary>
    public const int MaxFrames = 1_000_000;

    // A key frame comes at least every minute, so that the table is known at the start of the window.
    private const long KeyFrameMs = 61_000;
    private const long TerminationLookbackMs = 2 * 3_600_000;
    private const int MaxTerminations = 10_000;
    private const int MaxCached = 8;
    private const long CacheTtlMs = 5_000;

    // One at a time: each has the frames of its window in memory.
    private readonly SemaphoreSlim _one = new(1);
    private readonly List<(long FromMs, long ToMs, long AtMs, FindingReport Report)> _cache = [];

    /// <summary>The findings of a window.</summary>
    public async Task<FindingReport> ReadAsync(long fromMs, long toMs, CancellationToken ct)
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        toMs = Math.Min(toMs, nowMs);
        fromMs = Math.Min(fromMs, toMs);
        await _one.WaitAsync(ct);
        try
        {
            _cache.RemoveAll(cached => nowMs - cached.AtMs is < 0 or > CacheTtlMs);
            if (_cache.Find(cached => cached.FromMs == fromMs && cached.ToMs == toMs).Report is { } known)
                return known;
            var report = await Task.Run(() => ReadOneAsync(fromMs, toMs, ct), ct);
            if (_cache.Count >= MaxCached)
                _cache.RemoveAt(0);
            _cache.Add((fromMs, toMs, nowMs, report));
            return report;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<FindingReport> ReadOneAsync(long fromMs, long toMs, CancellationToken ct)
    {
        using var reader = new StoredFrameReader(databases, frames);
        var nodes = reader.Nodes(fromMs, toMs);
        long explainedMs = Math.Max(fromMs, toMs - Math.Max(KeyFrameMs, MaxFrames / Math.Max(1, nodes.Count) * 1_000L));
        var store = new TimelineStore(new ClusterState(time), new MomentClock(toMs), horizonMs: toMs - explainedMs + (2 * KeyFrameMs));
        long firstMs = long.MaxValue;
        foreach (string node in nodes)
        {
            ct.ThrowIfCancellationRequested();
            store.Rebuild(node, Noted(reader.Read(node, explainedMs - KeyFrameMs, toMs)));
        }

        var insufficient = new List<InsufficientEvidence>();
        long knownMs = Math.Max(explainedMs, Math.Min(firstMs, toMs));
        // The first frame has what happened in the second or two before it.
        if (knownMs > fromMs + KeyFrameMs || firstMs == long.MaxValue)
            insufficient.Add(new InsufficientEvidence(null, "", Unread(fromMs, firstMs == long.MaxValue ? toMs : knownMs, knownMs == explainedMs && explainedMs > fromMs)));
        if (firstMs == long.MaxValue)
            return new FindingReport(fromMs, toMs, [], insufficient, []);

        var window = await WindowAsync(store, explainedMs, toMs, ct);
        var findings = new List<ObservedFinding>();
        foreach (var ip in Candidates(store, window))
        {
            ct.ThrowIfCancellationRequested();
            var report = SubjectDiagnosis.Run(window, store.RecordOf(ip));
            findings.AddRange(report.Findings);
            insufficient.AddRange(report.Insufficient);
        }

        return new FindingReport(
            fromMs, toMs, [.. findings.OrderByDescending(finding => finding.SinceMs ?? long.MaxValue).ThenBy(finding => finding.Id, StringComparer.Ordinal)],
            [.. insufficient.Distinct()], NodeWarnings.Of(window, store.NodesUnderPressure(explainedMs))) { Observation = WindowObservation.Of(store, window, nodes) };

        IEnumerable<(long Run, NodeFrame Frame)> Noted(IEnumerable<(long Run, NodeFrame Frame)> read)
        {
            foreach (var stored in read)
            {
                firstMs = Math.Min(firstMs, stored.Frame.AtMs);
                yield return stored;
            }
        }
    }

    private async Task<FindingWindow> WindowAsync(TimelineStore store, long fromMs, long toMs, CancellationToken ct)
    {
        var history = await owners.LoadAsync(fromMs, toMs, ct);
        var ended = await terminations.ReadAsync(new TerminationFilter(fromMs - TerminationLookbackMs, toMs), null, MaxTerminations, ct);
        var changes = await facts.SettingsAsync(new TimelineQuery(fromMs, long.MaxValue / 2, 1), ct);
        var map = cluster.Current;
        Dictionary<ServiceKey, int>? ready = null;
        return new FindingWindow(fromMs, toMs, history)
        {
            Terminations = ended.GroupBy(termination => termination.Uid).ToDictionary(same => same.Key, same => same.First()),
            ReadyEndpoints = service => history.ServiceAt(service, toMs) is null || !history.KnowsSlices ? null : (ready ??= history.ReadyEndpoints(toMs)).GetValueOrDefault(service),
            WorkloadOf = uid => WorkloadName.Of(map, uid),
            SettingsOf = live.SettingsOf,
            HelloOf = live.HelloOf,
            SettingChanges = [.. changes.Concat(live.Capture().Settings).Distinct()],
            Gaps = store.Capture().Gaps,
        };
    }

    // As in memory: what arrived, and entries that lead astray.
    private static IEnumerable<Ip> Candidates(TimelineStore store, FindingWindow window)
    {
        var candidates = store.DrainTouched().ToHashSet();
        foreach (var group in store.AllGroups())
        {
            if (!group.Key.Vip.IsNone && group.Members.Any(member => member.Now.Live > 0) && EntryStateClassifier.At(window.History, group.Key, window.ToMs).NeedsExplanation())
                candidates.Add(group.Key.Backend);
        }

        return candidates.Order();
    }

    private static string Unread(long fromMs, long toMs, bool isTooLong) => string.Create(
        CultureInfo.InvariantCulture,
        $"single connections from {Text(fromMs)} to {Text(toMs)}: {(isTooLong ? "the window has more frames than one answer reads" : "their frames are no longer stored, or no collector reported")}");

    private static string Text(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public void Dispose() => _one.Dispose();

    // The store of a window: its present is the end of the window.
    private sealed class MomentClock(long atMs) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(atMs);
    }
}
