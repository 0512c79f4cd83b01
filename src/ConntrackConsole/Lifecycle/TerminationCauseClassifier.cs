using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle.Evidence;

namespace ConntrackConsole.Lifecycle;

/// <summary>Everything that is known about why a pod ended, regardless of which watch reported it first.</summary>
/// <param name="SeenMs">When its end was first seen, by the console's clock, like the workload changes.</param>
/// <param name="Owner">Its ReplicaSet, StatefulSet or DaemonSet, even if already deleted.</param>
/// <param name="Top">The ReplicaSet's Deployment.</param>
internal sealed record TerminationFacts(PodInfo Pod, long SeenMs, WorkloadInfo? Owner, WorkloadInfo? Top)
{
    /// <summary>False if the termination started while the console was not watching.</summary>
    public bool IsWatched { get; init; } = true;

    /// <summary>The first observed deletion had grace period 0 while the containers were still running.</summary>
    public bool IsForced { get; init; }

    /// <summary>The containers ended before any deletion was requested.</summary>
    public bool HasEndedFirst { get; init; }

    /// <summary>The object was deleted: its watch reports nothing further.</summary>
    public bool IsDeleted { get; init; }

    /// <summary>The event that names what removes the pod.</summary>
    public (string Reason, string Message, long AtMs)? RemovalEvent { get; init; }

    /// <summary>The pod's node; null if it is unknown or was deleted.</summary>
    public NodeInfo? Node { get; init; }

    /// <summary>Its node was deleted, or its kubelet did not report at some time in which the deletion may have been requested.</summary>
    public bool IsNodeLost { get; init; }

    /// <summary>When the deletion was requested, on the cluster's clock.</summary>
    public long RequestedMs { get; init; }

    /// <summary>Every object of its namespace was deleted after its pods, without a successor of the pod.</summary>
    public bool IsNamespaceDeleted { get; init; }

    /// <summary>The controller that reported deleting the pod.</summary>
    public string? DeletedBy { get; init; }

    /// <summary>The rollout in progress at that time, to a template other than the pod's.</summary>
    public Rollout? Rollout { get; init; }

    /// <summary>The first rollout that started afterwards: with strategy Recreate the old pods are removed first.</summary>
    public Rollout? NextRollout { get; init; }

    public ScaleDown? OwnerScaleDown { get; init; }

    public ScaleDown? TopScaleDown { get; init; }

    /// <summary>The workload that was deleted before or together with the pod.</summary>
    public WorkloadInfo? DeletedWorkload { get; init; }
}

/// <summary>Classifies the cause of a termination. A pure function: the same facts give the same cause in any order of arrival.</summary>
internal static class TerminationCauseClassifier
{
    public static (TerminationCause Cause, string Evidence, string? RolloutId) Of(TerminationFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        if (OfDisruption(facts) is { } disrupted)
            return (disrupted.Cause, disrupted.Evidence, null);
        if (facts.HasEndedFirst)
            return OfContainers(facts.Pod);
        if (facts.Pod.IsMirror)
            return (TerminationCause.Unknown, "The mirror object of a static pod was deleted; its kubelet creates it again, and its containers were not stopped.", null);
        if (facts.IsForced)
            return (TerminationCause.Forced, "Deleted with grace period 0 while its containers were running: the object was removed before they ended.", null);
        if (facts.IsNamespaceDeleted)
            return (TerminationCause.NamespaceDeleted, NamespaceEvidence(facts.Pod.Namespace), null);
        if (facts.DeletedWorkload is { } gone)
            return (TerminationCause.WorkloadDeleted, $"{gone.Kind} {gone.Name} was deleted.", null);
        if (facts.Pod is { Controller: null, DeletionMs: null } && !facts.IsWatched)
            return (TerminationCause.Unknown, "Deleted while the console was not watching; cause unknown.", null);
        return facts.Pod.Controller is { } controller
            ? OfController(facts, controller)
            : (TerminationCause.ByHand, "The pod itself was deleted; it has no controller.", null);
    }

    /// <summary>How its last container exited, as a sentence; null if unknown.</summary>
    public static string? DescribeExit(Termination t)
    {
        ArgumentNullException.ThrowIfNull(t);
        return t switch
        {
            { ExitReason: "OOMKilled" } => "The kernel killed it because it exceeded its memory limit (OOMKilled).",
            { ExitReason: "ContainerStatusUnknown" } => "The kubelet does not know how it exited (ContainerStatusUnknown).",
            { ExitCode: null } => null,
            { ExitCode: 0 } => "Exited normally (code 0).",
            { ExitCode: 137, GraceSeconds: { } grace, ContainerFinishedMs: { } at } when grace > 0 && at >= t.DeletionRequestedMs + (grace * 1000L) =>
                $"Killed at the end of its grace period of {grace} s (SIGKILL, exit code 137).",
            { ExitCode: 137 } => "Killed before the end of its grace period (SIGKILL, exit code 137).",
            { ExitCode: 143 } => "Terminated by SIGTERM without handling it (exit code 143).",
            _ => $"Exited with code {t.ExitCode}.",
        };
    }

    /// <summary>Whether a reason is one with which a kubelet ends its pods without a deletion.</summary>
    public static bool IsOfKubelet(string? reason) =>
        reason is "Evicted" or "Terminated" or "NodeShutdown" or "Shutdown" or "Preempting" or "DeadlineExceeded" or PodEndStatus.ByKubelet;

    private static (TerminationCause Cause, string Evidence)? OfDisruption(TerminationFacts facts)
    {
        var pod = facts.Pod;
        if (pod.End is { } end)
        {
            if (OfReason(end.Reason, end.Message, facts) is { } byStatus && !IsAfterEnd(facts, end.Reason, end.DisruptedMs))
                return (byStatus, $"Pod status reason {end.Reason}: {Describe(byStatus, facts.Node)}.{Sentence(end.Message)}");
            // No container ever ran: the kubelet did not admit the pod (OutOfcpu, UnexpectedAdmissionError, NodeAffinity …).
            if (facts.HasEndedFirst && pod is { Phase: "Failed", FinishedMs: null, ExitCode: null } && end.Disruption is null && OfReason(end.Reason, end.Message, facts) is null)
                return (TerminationCause.Rejected, $"Pod status reason {end.Reason}: its kubelet rejected the pod.{Sentence(end.Message)}");
        }

        return facts.RemovalEvent is { } removal && OfReason(removal.Reason, removal.Message, facts) is { } byEvent && !IsAfterEnd(facts, removal.Reason, removal.AtMs)
            ? (byEvent, $"Event {removal.Reason}: {removal.Message.TrimEnd('.')}.")
            : null;
    }

    // The pod of a finished Job is drained, or loses its node, like any other; that did not end it. A kubelet disrupts only pods that run.
    private static bool IsAfterEnd(TerminationFacts facts, string reason, long? atMs)
    {
        if (!facts.HasEndedFirst || IsOfKubelet(reason))
            return false;
        return atMs is { } disruptedMs && facts.Pod.FinishedMs is { } finishedMs ? disruptedMs > finishedMs + 1_000 : facts.Pod.Phase == "Succeeded";
    }

    private static (TerminationCause, string, string?) OfContainers(PodInfo pod)
    {
        bool isWork = pod.Controller is not { Kind: not "Job" };
        string policy = pod.RestartPolicy is "Never" or "OnFailure" ? $"; restartPolicy {pod.RestartPolicy} does not restart it" : "";
        return pod switch
        {
            { ExitReason: "OOMKilled" } => (TerminationCause.OutOfMemory, $"Container reason OOMKilled{policy}.", null),
            { Phase: "Succeeded" } when isWork => (TerminationCause.Completion, "Phase Succeeded before any deletion was requested: the pod completed its work.", null),
            { Phase: "Succeeded" } => (TerminationCause.Completion,
                $"All containers exited with code 0 before any deletion was requested; the console does not watch {pod.Controller!.Kind} objects.", null),
            _ => (TerminationCause.Failed,
                $"Phase {pod.Phase}{(pod.End is { } end ? $", reason {end.Reason}" : "")} before any deletion was requested (exit code {pod.ExitCode?.ToString() ?? "unknown"}){policy}.{Sentence(pod.End?.Message)}", null),
        };
    }

    private static string Sentence(string? message) => string.IsNullOrWhiteSpace(message) ? "" : $" {message.Trim().TrimEnd('.')}.";

    private static (TerminationCause, string, string?) OfController(TerminationFacts facts, OwnerRef controller)
    {
        string name = $"{controller.Kind} {controller.Name}";
        if (controller.Kind is not (nameof(WorkloadKind.ReplicaSet) or nameof(WorkloadKind.StatefulSet) or nameof(WorkloadKind.DaemonSet)))
        {
            return (TerminationCause.Unknown, OfUnwatched(facts, controller), null);
        }

        bool isControllerDeletion = facts.OwnerScaleDown is not null || facts.DeletedBy is not null;
        if (facts.Rollout is { } rollout)
        {
            // While the pod is still terminating, the controller's own event may not have arrived yet.
            if (isControllerDeletion || controller.Kind != nameof(WorkloadKind.ReplicaSet) || facts.Owner is null || !facts.IsWatched || !facts.IsDeleted)
            {
                return (TerminationCause.Rollout,
                    $"{rollout.Kind} {rollout.Name} rolls out revision {rollout.Revision}; the pod belongs to another revision{ControllerEvidence(facts)}.", rollout.Id);
            }
        }
        else if (isControllerDeletion && facts is { Top: null, Owner.Controller: { Kind: nameof(WorkloadKind.Deployment) } above })
        {
            string what = facts.OwnerScaleDown is { } scaled ? $"{name} was scaled from {scaled.Before} to {scaled.After}" : $"{facts.DeletedBy} reported deleting the pod";
            return (TerminationCause.Unknown,
                $"{what}, by a rollout or a scale-down: Deployment {above.Name} is unknown. Check that the console may read deployments.", null);
        }
        else if (facts.OwnerScaleDown is { } scaleDown)
        {
            bool isTopScaledDown = facts.TopScaleDown is not null || facts.Top is null || facts.Top.Desired <= scaleDown.After || facts.NextRollout is null;
            return isTopScaledDown
                ? (TerminationCause.ScaleDown, $"{name} was scaled from {scaleDown.Before} to {scaleDown.After}.", null)
                : (TerminationCause.Rollout,
                    $"{name} was scaled to 0 before revision {facts.NextRollout!.Revision} started (strategy Recreate).", facts.NextRollout.Id);
        }
        else if (facts is { DeletedBy: { } lost, IsWatched: false, IsNodeLost: true })
        {
            // A StatefulSet or DaemonSet also deletes a pod that failed with its node, to replace it.
            return (TerminationCause.Unknown, $"{lost} reported deleting the pod while the console was not watching{LostNode(facts)}.", null);
        }
        else if (facts is { DeletedBy: { } reporter, IsWatched: false, Top: { } top, Owner: { } former } && former.Revision != top.Revision)
        {
            return (TerminationCause.Unknown,
                $"{reporter} reported deleting the pod while the console was not watching; {top.Kind} {top.Name} is at another revision now.", null);
        }
        else if (facts.DeletedBy is { } deletedBy)
        {
            return (TerminationCause.ScaleDown, $"{deletedBy} reported deleting the pod, and no rollout was in progress.", null);
        }

        if (facts.Owner is not { } owner)
            return (TerminationCause.Unknown, $"{name} is unknown. Check that the console may read {controller.Kind.ToLowerInvariant()}s.", null);
        if (!facts.IsWatched)
        {
            return owner.Desired == 0 && owner.Kind != WorkloadKind.DaemonSet
                ? (TerminationCause.ScaleDown, $"{name} is scaled to 0.", null)
                : (TerminationCause.Unknown, $"Deletion was requested while the console was not watching, and no event names the requester{LostNode(facts)}.", null);
        }

        return (TerminationCause.ByHand, $"{name} still wants {owner.Desired} and reported no deletion: the pod itself was deleted.", null);
    }

    private static string ControllerEvidence(TerminationFacts facts) =>
        facts.OwnerScaleDown is { } scaleDown ? $" (its {facts.Pod.Controller?.Kind} was scaled from {scaleDown.Before} to {scaleDown.After})"
        : facts.DeletedBy is { } deletedBy ? $" ({deletedBy} deleted it)" : "";

    private static string LostNode(TerminationFacts facts) =>
        facts.IsNodeLost ? $"; node {facts.Pod.Node} was {(facts.Node is null ? "deleted" : "unreachable")} in that time" : "";

    private static string OfUnwatched(TerminationFacts facts, OwnerRef controller)
    {
        string unwatched = $"the console does not watch {controller.Kind} objects.";
        // A Job deletes unfinished pods when it is suspended, failed, or its parallelism was reduced: only its object shows which.
        if (controller.Kind == "Job")
        {
            return facts.DeletedBy is { } job
                ? $"{job} reported deleting the pod before it completed, without a reason; {unwatched}"
                : $"Deleted before it completed; {unwatched}";
        }

        return facts.DeletedBy is { } reporter
            ? $"{reporter} reported deleting the pod, without a reason; {unwatched}"
            : $"The pod was deleted; its owner is {controller.Kind} {controller.Name}, and {unwatched}";
    }

    // Reasons from status.reason, the condition DisruptionTarget, and events.
    private static TerminationCause? OfReason(string reason, string? message, TerminationFacts facts) => reason switch
    {
        "EvictionByEvictionAPI" => TerminationCause.Drain,
        "Terminated" or "NodeShutdown" or "Shutdown" => TerminationCause.NodeShutdown,
        // The condition is the same for a shutdown and an eviction until the kubelet sets status.reason; only its message differs.
        PodEndStatus.ByKubelet => message?.Contains("node shutdown", StringComparison.OrdinalIgnoreCase) == true ? TerminationCause.NodeShutdown : TerminationCause.Eviction,
        "Evicted" => TerminationCause.Eviction,
        "PreemptionByScheduler" or "Preempted" or "Preempting" => TerminationCause.Preemption,
        // The taint manager deletes pods from lost nodes and from healthy ones that somebody tainted.
        "DeletionByTaintManager" or "TaintManagerEviction" => IsTainted(facts) ? TerminationCause.Taint : TerminationCause.NodeLost,
        "DeletionByPodGC" or "NodeLost" => TerminationCause.NodeLost,
        "DeadlineExceeded" => TerminationCause.Failed,
        _ => null,
    };

    private static bool IsTainted(TerminationFacts facts) => facts.Node is { } node && node.WasReachable(facts.RequestedMs);

    private static string Describe(TerminationCause cause, NodeInfo? node) => cause switch
    {
        TerminationCause.Drain => "evicted through the API, as by kubectl drain",
        TerminationCause.Eviction => "evicted by its kubelet",
        TerminationCause.NodeShutdown => "its node shut down",
        TerminationCause.Taint => node is { NoExecuteTaints: [_, ..] taints }
            ? $"node {node.Name} is ready and has a taint that the pod does not tolerate ({string.Join(", ", taints)})"
            : $"node {node?.Name} was ready and had a NoExecute taint that the pod does not tolerate",
        TerminationCause.Preemption => "preempted by a pod with higher priority",
        TerminationCause.NodeLost => "its node did not report for too long, or was deleted",
        _ => "its activeDeadlineSeconds expired",
    };

    public static string NamespaceEvidence(string ns) =>
        $"Every object of namespace {ns} was deleted, its pods before their owners, and no pod was replaced: the namespace was deleted.";
}
