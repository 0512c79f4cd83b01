using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Timeline.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Findings.Stored;

/// <summary>
/// Explains a window from its stored frames: the same records as in memory, built again. What is no longer stored is insufficient
/// evidence, never calm.
/// </summary>
internal sealed class StoredFindings(
    IDbContextFactory<ConsoleDb> databases, FrameArchive frames, OwnershipArchive owners, TerminationArchive terminations, StoredFacts facts,
    TimelineStore live, ClusterState cluster, TimeProvider time, PresentFacts? present = null) : IDisposable
{
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
        var recorded = new RecordedWindow(fromMs, toMs, nodes, reader.Read);
        return recorded.Explain(await FactsAsync(recorded.ExplainedMs, toMs, ct), ct);
    }

    /// <summary>What the diagnosis of a window knows besides its frames.</summary>
    public async Task<FindingWindow> FactsAsync(long fromMs, long toMs, CancellationToken ct)
    {
        var history = await owners.LoadAsync(fromMs, toMs, ct);
        var ended = await terminations.ReadAsync(new TerminationFilter(fromMs - TerminationLookbackMs, toMs), null, MaxTerminations, ct);
        var changes = await facts.SettingsAsync(new TimelineQuery(fromMs, long.MaxValue / 2, 1), ct);
        var map = cluster.Current;
        return new FindingWindow(fromMs, toMs, history)
        {
            Terminations = ended.GroupBy(termination => termination.Uid).ToDictionary(same => same.Key, same => same.First()),
            ReadyEndpoints = FindingWindow.ReadyAt(history, toMs),
            WorkloadOf = present?.WorkloadOf ?? (uid => WorkloadName.Of(map, uid)),
            SettingsOf = present?.SettingsOf ?? live.SettingsOf,
            HelloOf = present?.HelloOf ?? live.HelloOf,
            SettingChanges = [.. changes.Concat(live.Capture().Settings).Distinct()],
        };
    }

    public void Dispose() => _one.Dispose();
}
