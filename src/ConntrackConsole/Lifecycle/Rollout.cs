using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle;

/// <summary>The rollout of a workload from one revision to the next.</summary>
/// <param name="Id">uid/revision of the workload.</param>
/// <param name="SurgedMs">When the first pod of the new revision was ready.</param>
/// <param name="FinishedMs">When all replicas had the new revision and were available, and no old one was left.</param>
/// <param name="RolledBackMs">When another revision superseded it before it finished.</param>
public sealed record Rollout(
    string Id, WorkloadKind Kind, string WorkloadUid, string Namespace, string Name, string Revision, string? FromRevision,
    long StartedMs, long? SurgedMs, long? FinishedMs, long? RolledBackMs)
{
    public string Workload => $"{Namespace}/{Name}";

    /// <summary>It returns to the template of an earlier revision.</summary>
    public bool IsRollback { get; init; }

    /// <summary>When the controller reported ProgressDeadlineExceeded.</summary>
    public long? StuckMs { get; init; }

    /// <summary>pod-template-hash or controller-revision-hash of its pods, if known.</summary>
    public string? TemplateHash { get; init; }

    /// <summary>When the workload was deleted before the rollout finished.</summary>
    public long? AbandonedMs { get; init; }

    /// <summary>The range in which the console was not watching: a time within it is an upper bound, the start is the lower bound.</summary>
    public TimeRange? Unwatched { get; init; }

    public long? ClosedMs => FinishedMs ?? RolledBackMs ?? AbandonedMs;

    public bool IsOpen => ClosedMs is null;
}
