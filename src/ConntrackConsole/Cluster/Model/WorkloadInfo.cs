namespace ConntrackConsole.Cluster.Model;

public enum WorkloadKind : byte
{
    Deployment = 1,
    ReplicaSet = 2,
    StatefulSet = 3,
    DaemonSet = 4,
    /// <summary>Argo Rollouts: known only as the owner of its ReplicaSets.</summary>
    Rollout = 5,
}

/// <summary>The fields of a Deployment, ReplicaSet, StatefulSet or DaemonSet that the console uses.</summary>
/// <param name="Controller">A ReplicaSet's Deployment.</param>
/// <param name="Revision">Deployment and ReplicaSet: the annotation deployment.kubernetes.io/revision; StatefulSet: status.updateRevision; DaemonSet: the template's generation.</param>
/// <param name="TemplateHash">A ReplicaSet's pod-template-hash.</param>
/// <param name="Desired">spec.replicas (status.desiredNumberScheduled of a DaemonSet).</param>
/// <param name="Progress">reason of a Deployment's Progressing condition (NewReplicaSetAvailable, ReplicaSetUpdated, ProgressDeadlineExceeded).</param>
public sealed record WorkloadInfo(
    WorkloadKind Kind, string Uid, string Namespace, string Name, OwnerRef? Controller, string? Revision, string? TemplateHash,
    long CreatedMs, long Generation, long ObservedGeneration, int Desired, int Replicas, int Updated, int Ready, int Available, string? Progress)
{
    public string FullName => $"{Namespace}/{Name}";

    /// <summary>StatefulSet: status.currentRevision, the revision of pods that are not updated yet.</summary>
    public string? CurrentRevision { get; init; }

    /// <summary>deletionTimestamp: a foreground deletion removes its dependents before the object itself.</summary>
    public long? DeletionMs { get; init; }

    /// <summary>A ReplicaSet that already had an earlier revision (annotation deployment.kubernetes.io/revision-history): it is older than its current revision.</summary>
    public bool HadOtherRevisions { get; init; }
}

/// <summary>An Event object about another object.</summary>
/// <param name="InvolvedUid">uid of the object that it is about.</param>
/// <param name="AtMs">eventTime, else lastTimestamp, else firstTimestamp.</param>
internal sealed record ObjectEvent(
    string Uid, string InvolvedKind, string Namespace, string InvolvedName, string? InvolvedUid, string Reason, string Message, long AtMs, string Component)
{
    /// <summary>firstTimestamp: a repeated event is one object, of which count and lastTimestamp change.</summary>
    public long FirstMs { get; init; } = AtMs;

    /// <summary>count, or series.count; 1 if absent.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Name of the pod in the field related; null if absent.</summary>
    public string? RelatedPod { get; init; }
}
