namespace ConntrackConsole.Cluster;

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

    public bool IsOpen => FinishedMs is null && RolledBackMs is null;
}
