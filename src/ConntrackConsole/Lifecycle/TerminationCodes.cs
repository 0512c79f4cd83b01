using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Lifecycle;

/// <summary>Stable codes of <see cref="TerminationCause"/> for programs.</summary>
[ReasonCodes("Why a pod ended")]
internal static class TerminationCodes
{
    [Description("The cause is unknown.")]
    public const string Unknown = "termination.unknown";

    [Description("A rollout replaced the pod.")]
    public const string Rollout = "termination.rollout";

    [Description("The workload was scaled down.")]
    public const string ScaleDown = "termination.scale_down";

    [Description("The pod was evicted through the API, as by kubectl drain.")]
    public const string Drain = "termination.drain";

    [Description("The kubelet evicted the pod because its node ran out of a resource.")]
    public const string KubeletEviction = "termination.kubelet_eviction";

    [Description("The pod was preempted by a pod with higher priority.")]
    public const string Preemption = "termination.preemption";

    [Description("The node did not report for too long.")]
    public const string NodeLost = "termination.node_lost";

    [Description("The pod finished its work.")]
    public const string Completed = "termination.completed";

    [Description("A user or a program deleted the pod itself.")]
    public const string PodDeleted = "termination.pod_deleted";

    [Description("The workload was deleted.")]
    public const string WorkloadDeleted = "termination.workload_deleted";

    [Description("The pod was deleted with grace period 0: the object was removed before its containers ended.")]
    public const string Forced = "termination.forced";

    [Description("The kernel killed a container for exceeding its memory limit (OOMKilled), and the restartPolicy does not restart it.")]
    public const string OomKilled = "termination.oom_killed";

    [Description("The containers ended with an error, and the restartPolicy does not restart them.")]
    public const string Failed = "termination.failed";

    [Description("The node shut down gracefully, and its kubelet stopped the pod.")]
    public const string NodeShutdown = "termination.node_shutdown";

    [Description("The pod was deleted for a NoExecute taint of a node that is ready.")]
    public const string Taint = "termination.taint";

    [Description("The kubelet did not admit the pod.")]
    public const string Rejected = "termination.rejected";

    [Description("The namespace was deleted.")]
    public const string NamespaceDeleted = "termination.namespace_deleted";

    /// <exception cref="ArgumentOutOfRangeException">The cause has no code.</exception>
    public static string Code(this TerminationCause cause) => cause switch
    {
        TerminationCause.Unknown => Unknown,
        TerminationCause.Rollout => Rollout,
        TerminationCause.ScaleDown => ScaleDown,
        TerminationCause.Drain => Drain,
        TerminationCause.Eviction => KubeletEviction,
        TerminationCause.Preemption => Preemption,
        TerminationCause.NodeLost => NodeLost,
        TerminationCause.Completion => Completed,
        TerminationCause.ByHand => PodDeleted,
        TerminationCause.WorkloadDeleted => WorkloadDeleted,
        TerminationCause.Forced => Forced,
        TerminationCause.OutOfMemory => OomKilled,
        TerminationCause.Failed => Failed,
        TerminationCause.NodeShutdown => NodeShutdown,
        TerminationCause.Taint => Taint,
        TerminationCause.Rejected => Rejected,
        TerminationCause.NamespaceDeleted => NamespaceDeleted,
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, "This cause has no code."),
    };
}
