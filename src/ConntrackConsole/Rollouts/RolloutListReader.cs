using System.Collections.Concurrent;
using ConntrackConsole.Lifecycle;

namespace ConntrackConsole.Rollouts;

/// <summary>A rollout of a list.</summary>
/// <param name="Pods">Terminations that belong to it, so far.</param>
/// <param name="Report">Null until its measurement is stored, and where its frames were gone before it could be measured.</param>
internal sealed record RolloutEntry(Rollout Rollout, int Pods, RolloutReport? Report);

/// <summary>Reads a list of rollouts with their stored measurements, each compared with the earlier ones of its workload.</summary>
internal sealed class RolloutListReader(RolloutArchive rollouts, RolloutReportStore store)
{
    private const int MaxCompared = 2_000;

    // What a stored measurement was compared with does not change but for older ones that are measured late; pages that are opened later see those.
    private readonly ConcurrentDictionary<string, RolloutReport> _compared = new();

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<RolloutEntry>> ReadAsync(RolloutFilter filter, int max, CancellationToken ct)
    {
        var found = await rollouts.ReadAsync(filter, null, max, ct);
        var pods = await rollouts.PodsAsync(found, ct);
        var measured = await store.FindAsync([.. found.Select(rollout => rollout.Id)], ct);
        var entries = new List<RolloutEntry>(found.Count);
        foreach (var rollout in found)
        {
            var report = measured.TryGetValue(rollout.Id, out var measurement) ? await CompareAsync(rollout, measurement, ct) : null;
            entries.Add(new RolloutEntry(rollout, pods.GetValueOrDefault(rollout.Id), report));
        }

        return entries;
    }

    private async Task<RolloutReport> CompareAsync(Rollout rollout, RolloutMeasurement measurement, CancellationToken ct)
    {
        if (_compared.TryGetValue(rollout.Id, out var known))
            return known with { Rollout = rollout, Measurement = measurement };
        if (_compared.Count >= MaxCompared)
            _compared.Clear();
        return _compared[rollout.Id] = await RolloutReporter.CompareAsync(rollout, measurement, rollouts, store, ct);
    }
}
