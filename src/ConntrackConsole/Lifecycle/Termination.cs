

using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lifecycle;

/// <summary>
/// The end of a pod, phase by phase. Two watches have no order between them, so each phase is kept by itself: what the
/// object says (asked, finished) by the cluster's clock, what only its arrival tells (the endpoint's, deleted) by ours.
/// </summary>
public sealed record Termination(
    string Uid, string Namespace, string Pod, Ip PodIp, string Node, ServiceKey? Service,
    long AskedMs, long? EndpointTerminatingMs, long? EndpointRemovedMs, long? ContainerFinishedMs, int? ExitCode, long? DeletedMs)
{
    public TerminationCause Cause { get; init; }

    /// <summary>What the cause was read from, in words, such as "status.reason Evicted".</summary>
    public string? Evidence { get; init; }

    /// <summary>The rollout it belongs to (<see cref="Rollout.Id"/>).</summary>
    public string? RolloutId { get; init; }

    /// <summary>Deployment, StatefulSet, DaemonSet, Job or ReplicaSet that the pod belonged to.</summary>
    public OwnerRef? Workload { get; init; }

    /// <summary>The grace that was asked for first, seconds.</summary>
    public int? GraceSeconds { get; init; }

    /// <summary>The endpoint was no longer ready (first seen).</summary>
    public long? EndpointNotReadyMs { get; init; }

    /// <summary>The kubelet said that it stops the containers (event Killing): SIGTERM, after the preStop hook where there is one.</summary>
    public long? StopSignalMs { get; init; }

    /// <summary>The pod has a preStop hook: between <see cref="StopSignalMs"/> and SIGTERM it runs.</summary>
    public bool HasPreStop { get; init; }

    /// <summary>What the event FailedPreStopHook said.</summary>
    public string? PreStopFailure { get; init; }

    public int? ExitSignal { get; init; }

    public string? ExitReason { get; init; }

    /// <summary>Another pod got the address.</summary>
    public long? IpReusedMs { get; init; }

    /// <summary>namespace/name of that pod.</summary>
    public string? IpReusedBy { get; init; }

    /// <summary>From when on kube-proxy had a reason to take its endpoint out of the rules.</summary>
    public long? EndpointChangedMs
    {
        get
        {
            long first = Math.Min(EndpointNotReadyMs ?? long.MaxValue, Math.Min(EndpointTerminatingMs ?? long.MaxValue, EndpointRemovedMs ?? long.MaxValue));
            return first == long.MaxValue ? null : first;
        }
    }

    /// <summary>
    /// While nobody watched. An instant within it that only its arrival tells (the endpoint's, deleted, the address, and
    /// asked where the object did not say it) is no later than it stands and no earlier than the begin.
    /// </summary>
    public TimeRange? Unwatched { get; init; }
}

/// <summary>A stretch of time.</summary>
public readonly record struct TimeRange(long FromMs, long ToMs)
{
    /// <summary>From without to: what is known of the begin is exact.</summary>
    public bool Contains(long atMs) => atMs > FromMs && atMs <= ToMs;
}

/// <summary>Why a pod ended, as far as the objects tell.</summary>
public enum TerminationCause : byte
{
    /// <summary>Nothing tells.</summary>
    Unknown = 0,
    /// <summary>A rollout replaced it.</summary>
    Rollout = 1,
    /// <summary>Its workload was scaled down.</summary>
    ScaleDown = 2,
    /// <summary>Evicted through the API (a drain).</summary>
    Drain = 3,
    /// <summary>Evicted by the kubelet: the node ran out of something.</summary>
    Eviction = 4,
    /// <summary>A pod of higher priority took its place.</summary>
    Preemption = 5,
    /// <summary>Its node was not heard for too long (taint manager, pod garbage collection).</summary>
    NodeLost = 6,
    /// <summary>A Job's or a bare pod's work was done.</summary>
    Completion = 7,
    /// <summary>Somebody deleted the pod itself.</summary>
    ByHand = 8,
    /// <summary>Its workload was deleted.</summary>
    WorkloadDeleted = 9,
    /// <summary>Deleted with grace 0: the object went before its containers.</summary>
    Forced = 10,
    /// <summary>The kernel killed it for memory, and nothing starts it again. A container that is started again is no ending.</summary>
    OutOfMemory = 11,
    /// <summary>Its containers ended with an error, and nothing starts them again.</summary>
    Failed = 12,
}
