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

    /// <summary>status.reason, or the reason of the DisruptionTarget condition: what terminated it, if the object contains it (Evicted, PreemptionByScheduler, …).</summary>
    public string? EndReason { get; init; }

    /// <summary>signal of the container that finished last, if a signal killed it.</summary>
    public int? ExitSignal { get; init; }

    /// <summary>reason of the container that finished last: Completed, Error, OOMKilled, ContainerStatusUnknown.</summary>
    public string? ExitReason { get; init; }
}

/// <summary>The owner of an object.</summary>
public sealed record OwnerRef(string Kind, string Name, string Uid);
