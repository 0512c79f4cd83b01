

using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.Model;

/// <summary>What the console keeps of a Pod.</summary>
/// <param name="DeletionMs">deletionTimestamp as the object has it now; a final delete rewrites it.</param>
/// <param name="AskedMs">deletionTimestamp − grace: when somebody asked for the deletion.</param>
/// <param name="ContainersEnded">Phase Succeeded or Failed and no container that still runs: nobody answers at the address.</param>
/// <param name="FinishedMs">The last finishedAt of its containers.</param>
public sealed record PodInfo(
    string Uid, string Namespace, string Name, string Node, string Phase, IReadOnlyList<Ip> Ips, bool HostNetwork,
    long CreatedMs, long? DeletionMs, long? AskedMs, bool ContainersEnded, long? FinishedMs, int? ExitCode)
{
    public string FullName => $"{Namespace}/{Name}";

    public Ip Ip => Ips.Count > 0 ? Ips[0] : default;

    public bool IsTerminating => DeletionMs is not null;

    /// <summary>The ownerReference with controller=true: a ReplicaSet, StatefulSet, DaemonSet, Job; null for a pod made by hand.</summary>
    public OwnerRef? Controller { get; init; }

    /// <summary>pod-template-hash or controller-revision-hash: which revision of its workload it belongs to.</summary>
    public string? TemplateHash { get; init; }

    /// <summary>deletionGracePeriodSeconds as the object has it now; 0 after a force delete and in the final delete.</summary>
    public int? DeletionGraceSeconds { get; init; }

    /// <summary>spec.terminationGracePeriodSeconds.</summary>
    public int? GraceSeconds { get; init; }

    public bool HasPreStop { get; init; }

    public bool HasReadinessProbe { get; init; }

    /// <summary>The Ready condition.</summary>
    public bool Ready { get; init; }

    /// <summary>status.reason, or the reason of the DisruptionTarget condition: who ended it, where the object says so (Evicted, PreemptionByScheduler, …).</summary>
    public string? EndReason { get; init; }

    /// <summary>signal of the container that finished last, where it was killed by one.</summary>
    public int? ExitSignal { get; init; }

    /// <summary>reason of the container that finished last: Completed, Error, OOMKilled, ContainerStatusUnknown.</summary>
    public string? ExitReason { get; init; }
}

/// <summary>Whose object it is.</summary>
public sealed record OwnerRef(string Kind, string Name, string Uid);
