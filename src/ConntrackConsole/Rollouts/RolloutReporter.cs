using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Query;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Rollouts;

/// <summary>A rollout with what was measured of it.</summary>
internal sealed record RolloutReport(Rollout Rollout, RolloutMeasurement Measurement, RolloutBaseline Baseline);

/// <summary>Reports rollouts: from their stored measurements, or measured now from stored frames.</summary>
internal sealed class RolloutReporter(
    RolloutArchive rollouts, RolloutReportStore store, StoredFindings findings, RuleSyncReader syncs, TimelineStore timeline, ClusterState cluster, IOptions<RolloutsOptions> options, TimeProvider time)
{
    private const string ResetCapability = "resets.";

    private readonly long _settleMs = 1_000L * options.Value.SettleSeconds;

    /// <summary>Null if there is no such rollout.</summary>
    public async Task<RolloutReport?> ReadAsync(string id, CancellationToken ct)
    {
        if (await rollouts.FindAsync(id, ct) is not { } rollout)
            return null;
        return await CompareAsync(rollout, await store.FindAsync(id, ct) ?? await MeasureAsync(rollout, ct), rollouts, store, ct);
    }

    /// <summary>The report of a rollout that was measured.</summary>
    public static async Task<RolloutReport> CompareAsync(Rollout rollout, RolloutMeasurement measurement, RolloutArchive rollouts, RolloutReportStore store, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(rollouts);
        ArgumentNullException.ThrowIfNull(store);
        var earlier = await rollouts.EarlierAsync(rollout, RolloutBaseline.MaxRollouts, ct);
        var known = await store.FindAsync([.. earlier.Select(one => one.Id)], ct);
        return new RolloutReport(rollout, measurement, RolloutBaseline.Of([.. earlier.Select(one => known.GetValueOrDefault(one.Id))]));
    }

    /// <summary>Whether waiting can add nothing: then its measurement can be stored.</summary>
    public async Task<bool> IsOverAsync(Rollout rollout, CancellationToken ct) =>
        MeasurementBuilder.IsOver(rollout, await rollouts.TerminationsAsync(rollout, ct), _settleMs, time.GetUtcNow().ToUnixTimeMilliseconds());

    public async Task<RolloutMeasurement> MeasureAsync(Rollout rollout, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        var ended = await rollouts.TerminationsAsync(rollout, ct);
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var window = MeasurementBuilder.Window(rollout, ended, _settleMs, nowMs);
        var found = await findings.ReadAsync(window.FromMs, window.ToMs, ct);
        var synced = new Dictionary<string, IReadOnlyList<NodeSync>>();
        foreach (var termination in ended)
            synced[termination.Uid] = await syncs.SyncsAsync(termination, ct);
        string[] unseen =
        [
            .. from node in found.Observation.Nodes
               let sources = timeline.HelloOf(node)?.Capabilities.Where(capability => capability.Name.StartsWith(ResetCapability, StringComparison.Ordinal)).ToList()
               where sources?.Count > 0 && !sources.Exists(capability => capability.Available)
               select node,
        ];
        // A node that does not run now is no node of which a report is missing; one that left the cluster is not known any more.
        string[]? nodes = cluster.IsReady ? [.. cluster.Current.Nodes.Values.Where(node => node.Reachable).Select(node => node.Name)] : null;
        return MeasurementBuilder.Build(new RolloutFacts(rollout, ended, found, synced, nodes, unseen, _settleMs, nowMs));
    }
}
