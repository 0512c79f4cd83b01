using ConntrackConsole.Lifecycle;
using ConntrackConsole.Storage;

namespace ConntrackConsole.Cluster.State;

/// <summary>Restores what an earlier run saved of the lifecycle into the current state, with the former owners that it names, and saves changes every second.</summary>
internal sealed partial class ClusterArchive(LifecycleArchive lifecycle, ClusterState cluster, TimeProvider time, ILogger<ClusterArchive> log)
    : PeriodicArchive(TimeSpan.FromSeconds(1), time)
{
    public override async Task LoadAsync(CancellationToken ct)
    {
        var saved = await lifecycle.LoadAsync(ct);
        cluster.Restore(saved.Terminations, saved.Rollouts);
        cluster.Restarts.Restore(saved.Restarts);
    }

    public override Task SaveAsync(CancellationToken ct) => lifecycle.SaveAsync(ct);

    [LoggerMessage(Level = LogLevel.Error, Message = "Terminations and rollouts could not be saved; will retry: {Reason}")]
    protected override partial void LogNotSaved(string reason);
}
