using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle;

/// <summary>A workload on its way from one revision to the next.</summary>
/// <param name="Id">The workload's uid, a slash, the revision.</param>
/// <param name="SurgedMs">The first pod of the new revision was ready.</param>
/// <param name="FinishedMs">All replicas are of the new revision and available, and no old one is left.</param>
/// <param name="RolledBackMs">Another revision took over before it was finished.</param>
public sealed record Rollout(
    string Id, WorkloadKind Kind, string WorkloadUid, string Namespace, string Name, string Revision, string? FromRevision,
    long StartedMs, long? SurgedMs, long? FinishedMs, long? RolledBackMs)
{
    public string Workload => $"{Namespace}/{Name}";

    /// <summary>It goes back to a template that an earlier revision had.</summary>
    public bool IsRollback { get; init; }

    /// <summary>The controller gave up waiting (ProgressDeadlineExceeded).</summary>
    public long? StuckMs { get; init; }

    /// <summary>pod-template-hash or controller-revision-hash of its pods, where that is known.</summary>
    public string? TemplateHash { get; init; }

    /// <summary>The workload was deleted before it was finished.</summary>
    public long? AbandonedMs { get; init; }

    /// <summary>While nobody watched: an instant within it is no later than it stands and no earlier than the begin.</summary>
    public TimeRange? Unwatched { get; init; }

    public long? ClosedMs => FinishedMs ?? RolledBackMs ?? AbandonedMs;

    public bool IsOpen => ClosedMs is null;
}
