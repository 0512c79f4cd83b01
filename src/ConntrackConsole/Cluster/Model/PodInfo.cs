using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.Model;

/// <summary>The fields of a Pod that the console uses.</summary>
/// <param name="DeletionMs">The object's current deletionTimestamp; the final delete overwrites it.</param>
/// <param name="DeletionRequestedMs">deletionTimestamp − grace period: when the deletion was requested.</param>
/// <param name="ContainersEnded">Phase Succeeded or Failed and no running container: nothing responds at the address.</param>
/// <param name="FinishedMs">The latest finishedAt of its containers.</param>
public sealed record PodInfo(
    string Uid, string Namespace, string Name, string Node, string Phase, IReadOnlyList<Ip> Ips, bool HostNetwork,
    long CreatedMs, long? DeletionMs, long? DeletionRequestedMs, bool ContainersEnded, long? FinishedMs, int? ExitCode)
{
    public string FullName => $"{Namespace}/{Name}";

    public Ip Ip => Ips.Count > 0 ? Ips[0] : default;

    public bool IsTerminating => DeletionMs is not null;

    /// <summary>The ownerReference with controller=true: a ReplicaSet, StatefulSet, DaemonSet, Job; null for a bare pod.</summary>
    public OwnerRef? Controller { get; init; }

    /// <summary>pod-template-hash or controller-revision-hash: which revision of its workload it belongs to.</summary>
    public string? TemplateHash { get; init; }

    /// <summary>The object's current deletionGracePeriodSeconds; 0 after a force delete and in the final delete.</summary>
    public int? DeletionGraceSeconds { get; init; }

    /// <summary>spec.terminationGracePeriodSeconds.</summary>
    public int? GraceSeconds { get; init; }

    public bool HasPreStop { get; init; }

    public bool HasReadinessProbe { get; init; }

    /// <summary>The Ready condition.</summary>
    public bool Ready { get; init; }

    /// <summary>What terminates or terminated it, if the object contains it; null for most pods.</summary>
    public PodEndStatus? End { get; init; }

    /// <summary>spec.restartPolicy: Always, OnFailure, Never; null if absent.</summary>
    public string? RestartPolicy { get; init; }

    /// <summary>Containers that were restarted in place; empty for most pods.</summary>
    public IReadOnlyList<RestartedContainer> Restarted { get; init; } = [];

    /// <summary>Its kubelet stops it without a deletion: an eviction or a node shutdown.</summary>
    public bool IsStoppedByKubelet => End?.Disruption == PodEndStatus.ByKubelet;

    /// <summary>The API object of a static pod. Deleting it stops no container: the kubelet creates it again.</summary>
    public bool IsMirror => Controller?.Kind == "Node";

    /// <summary>signal of the container that finished last, if a signal killed it.</summary>
    public int? ExitSignal { get; init; }

    /// <summary>reason of the container that finished last: Completed, Error, OOMKilled, ContainerStatusUnknown.</summary>
    public string? ExitReason { get; init; }
}

/// <summary>What a pod's status contains about its end.</summary>
/// <param name="Reason">status.reason (Evicted, Terminated, OutOfcpu, …), else the reason of the DisruptionTarget condition.</param>
/// <param name="Message">The message beside that reason.</param>
/// <param name="Disruption">Reason of the DisruptionTarget condition; null if the pod has none.</param>
/// <param name="DisruptedMs">When that condition was set.</param>
public sealed record PodEndStatus(string Reason, string? Message, string? Disruption, long? DisruptedMs)
{
    public const string ByKubelet = "TerminationByKubelet";
}

/// <summary>A container that was restarted in its pod.</summary>
/// <param name="Count">restartCount.</param>
/// <param name="EndedMs">finishedAt of its last run; null if the kubelet does not know it.</param>
/// <param name="ExitCode">Exit code of its last run.</param>
/// <param name="Reason">Reason of the end of its last run (OOMKilled, Error, Completed).</param>
public sealed record RestartedContainer(string Name, int Count, long? EndedMs, int? ExitCode, string? Reason);

/// <summary>The owner of an object.</summary>
public sealed record OwnerRef(string Kind, string Name, string Uid);
