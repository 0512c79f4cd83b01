using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lifecycle;

/// <summary>
/// The termination of a pod, phase by phase. Watches have no order between them, so each phase is stored separately: times
/// from the object (deletion requested, finished) on the cluster's clock, arrival times (endpoint, deleted) on the console's.
/// </summary>
public sealed record Termination(
    string Uid, string Namespace, string Pod, Ip PodIp, string Node, ServiceKey? Service,
    long DeletionRequestedMs, long? EndpointTerminatingMs, long? EndpointRemovedMs, long? ContainerFinishedMs, int? ExitCode, long? DeletedMs)
{
    public TerminationCause Cause { get; init; }

    /// <summary>What the cause was derived from, as a sentence.</summary>
    public string? Evidence { get; init; }

    /// <summary>The rollout it belongs to (<see cref="Rollout.Id"/>).</summary>
    public string? RolloutId { get; init; }

    /// <summary>Deployment, StatefulSet, DaemonSet, Job or ReplicaSet that the pod belonged to.</summary>
    public OwnerRef? Workload { get; init; }

    /// <summary>The grace period of the first deletion request, in seconds.</summary>
    public int? GraceSeconds { get; init; }

    /// <summary>When the endpoint was first seen not ready.</summary>
    public long? EndpointNotReadyMs { get; init; }

    /// <summary>When the kubelet started to stop the containers (event Killing). It sends SIGTERM then, or after the preStop hook if there is one.</summary>
    public long? SigtermSentMs { get; init; }

    /// <summary>The pod has a preStop hook, which runs between <see cref="SigtermSentMs"/> and SIGTERM.</summary>
    public bool HasPreStop { get; init; }

    /// <summary>Message of the event FailedPreStopHook.</summary>
    public string? PreStopFailure { get; init; }

    public int? ExitSignal { get; init; }

    public string? ExitReason { get; init; }

    /// <summary>When another pod was assigned the address.</summary>
    public long? IpReusedMs { get; init; }

    /// <summary>namespace/name of that pod.</summary>
    public string? IpReusedBy { get; init; }

    /// <summary>From when on kube-proxy had a reason to remove its endpoint from the rules.</summary>
    public long? EndpointChangedMs
    {
        get
        {
            long first = Math.Min(EndpointNotReadyMs ?? long.MaxValue, Math.Min(EndpointTerminatingMs ?? long.MaxValue, EndpointRemovedMs ?? long.MaxValue));
            return first == long.MaxValue ? null : first;
        }
    }

    /// <summary>
    /// The range in which the console was not watching. A time within it that is known only by its arrival (endpoint, deleted,
    /// address reused, and deletion requested if the object lacks it) is an upper bound; the start of the range is the lower bound.
    /// </summary>
    public TimeRange? Unwatched { get; init; }

    /// <summary>Whether a time known by its arrival is only an upper bound.</summary>
    public bool IsBounded(long arrivedMs) => Unwatched is { } unwatched && unwatched.Contains(arrivedMs);

    /// <summary>The start of the range in which the endpoint changed, if <see cref="EndpointChangedMs"/> is only its end; null if it is exact.</summary>
    public long? EndpointChangedNotBeforeMs => EndpointChangedMs is { } changedMs && IsBounded(changedMs) ? Unwatched!.Value.FromMs : null;

    /// <summary>The object did not contain the deletion request (then its grace period is unknown, too), and the console was not watching.</summary>
    public bool IsDeletionRequestedBounded => GraceSeconds is null && IsBounded(DeletionRequestedMs);

    /// <summary>Its containers ended without a deletion request; its object may be kept for long: a finished Job's pod, an evicted pod.</summary>
    public bool HasEndedByItself => GraceSeconds is null && ContainerFinishedMs is not null
        && Cause is (TerminationCause.Completion or TerminationCause.Failed or TerminationCause.OutOfMemory or TerminationCause.Eviction);

    /// <summary>When it was over: the object's deletion, or the end of the containers if they ended by themselves; null before that.</summary>
    public long? OverMs => HasEndedByItself ? Math.Max(ContainerFinishedMs!.Value, EndpointRemovedMs ?? 0) : DeletedMs;
}

/// <summary>Why a pod ended, as far as the objects show.</summary>
public enum TerminationCause : byte
{
    /// <summary>Nothing shows the cause.</summary>
    Unknown = 0,
    /// <summary>A rollout replaced it.</summary>
    Rollout = 1,
    /// <summary>Its workload was scaled down.</summary>
    ScaleDown = 2,
    /// <summary>Evicted through the API (a drain).</summary>
    Drain = 3,
    /// <summary>Evicted by the kubelet: the node ran out of a resource.</summary>
    Eviction = 4,
    /// <summary>Preempted by a pod with higher priority.</summary>
    Preemption = 5,
    /// <summary>Its node did not report for too long (taint manager, pod garbage collection).</summary>
    NodeLost = 6,
    /// <summary>A Job's pod or a bare pod completed its work.</summary>
    Completion = 7,
    /// <summary>A user or a program deleted the pod itself.</summary>
    ByHand = 8,
    /// <summary>Its workload was deleted.</summary>
    WorkloadDeleted = 9,
    /// <summary>Deleted with grace period 0: the object was removed before its containers ended.</summary>
    Forced = 10,
    /// <summary>The kernel killed it for exceeding its memory limit, and it is not restarted. A container restart is not a termination.</summary>
    OutOfMemory = 11,
    /// <summary>Its containers ended with an error and are not restarted.</summary>
    Failed = 12,
    /// <summary>Its node shut down gracefully: the kubelet stopped it without a deletion.</summary>
    NodeShutdown = 13,
    /// <summary>Deleted for a NoExecute taint of a node that is ready.</summary>
    Taint = 14,
    /// <summary>Its kubelet did not admit it (OutOfcpu, UnexpectedAdmissionError …).</summary>
    Rejected = 15,
    /// <summary>Its namespace was deleted.</summary>
    NamespaceDeleted = 16,
}
