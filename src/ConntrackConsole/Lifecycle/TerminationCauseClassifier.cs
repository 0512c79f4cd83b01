using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Lifecycle;

/// <summary>Everything that is known of why a pod ended, whichever watch told it first.</summary>
/// <param name="SeenMs">When its end was first seen, by our clock, as the workloads' changes are.</param>
/// <param name="Owner">Its ReplicaSet, StatefulSet or DaemonSet, also where that is gone.</param>
/// <param name="Top">The ReplicaSet's Deployment.</param>
internal sealed record TerminationFacts(PodInfo Pod, long SeenMs, WorkloadInfo? Owner, WorkloadInfo? Top)
{
    /// <summary>False where it was found to have begun while nobody watched.</summary>
    public bool Watched { get; init; } = true;

    /// <summary>The first deletion that was seen had grace 0, and the containers still ran.</summary>
    public bool Forced { get; init; }

    /// <summary>The containers ended before anybody asked.</summary>
    public bool EndedFirst { get; init; }

    /// <summary>The object is gone: no more will be told of it.</summary>
    public bool Deleted { get; init; }

    /// <summary>The event that says who takes the pod away.</summary>
    public (string Reason, string Message)? Taken { get; init; }

    /// <summary>The controller that said that it deleted the pod.</summary>
    public string? DeletedBy { get; init; }

    /// <summary>The rollout under way then, to another template than the pod's.</summary>
    public Rollout? Rollout { get; init; }

    /// <summary>The first rollout that began afterwards: with strategy Recreate the old pods go before.</summary>
    public Rollout? NextRollout { get; init; }

    public ScaleDown? OwnerFall { get; init; }

    public ScaleDown? TopFall { get; init; }

    /// <summary>The workload that was deleted before or with the pod.</summary>
    public WorkloadInfo? DeletedWorkload { get; init; }
}

/// <summary>Reads the cause of an end from what is known: a pure function, so the same facts in any order give the same cause.</summary>
internal static class TerminationCauseClassifier
{
    public static (TerminationCause Cause, string Evidence, string? RolloutId) Of(TerminationFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        if (OfReason(facts.Pod.EndReason) is { } told)
            return (told, $"The pod says {facts.Pod.EndReason}: {Words(told)}.", null);
        if (facts.Taken is { } taken && OfReason(taken.Reason) is { } event_)
            return (event_, $"Event {taken.Reason}: {taken.Message.TrimEnd('.')}.", null);
        if (facts.EndedFirst)
            return OfItself(facts.Pod);
        if (facts.Forced)
            return (TerminationCause.Forced, "Deleted with grace 0 while its containers ran: the object went before them.", null);
        if (facts.DeletedWorkload is { } gone)
            return (TerminationCause.WorkloadDeleted, $"{gone.Kind} {gone.Name} was deleted.", null);
        if (facts.Pod is { Controller: null, DeletionMs: null } && !facts.Watched)
            return (TerminationCause.Unknown, "It went while the console did not watch, and nothing tells why.", null);
        return facts.Pod.Controller is { } controller
            ? OfController(facts, controller)
            : (TerminationCause.ByHand, "The pod itself was deleted; no controller owns it.", null);
    }

    /// <summary>How its last container finished, in words; null where that is not known.</summary>
    public static string? ExitWords(Termination t)
    {
        ArgumentNullException.ThrowIfNull(t);
        return t switch
        {
            { ExitReason: "OOMKilled" } => "The kernel killed it for memory (OOMKilled).",
            { ExitReason: "ContainerStatusUnknown" } => "The kubelet does not know how it finished (ContainerStatusUnknown).",
            { ExitCode: null } => null,
            { ExitCode: 0 } => "It finished in order (exit 0).",
            { ExitCode: 137, GraceSeconds: { } grace, ContainerFinishedMs: { } at } when grace > 0 && at >= t.AskedMs + (grace * 1000L) =>
                $"It was killed at the end of its grace of {grace} s (SIGKILL, exit 137).",
            { ExitCode: 137 } => "It was killed before the end of its grace (SIGKILL, exit 137).",
            { ExitCode: 143 } => "It ended on SIGTERM without handling it (exit 143).",
            _ => $"It finished with exit {t.ExitCode}.",
        };
    }

    private static (TerminationCause, string, string?) OfItself(PodInfo pod) => pod switch
    {
        { ExitReason: "OOMKilled" } => (TerminationCause.OutOfMemory, "Container reason OOMKilled, and its restartPolicy starts none again.", null),
        { Phase: "Succeeded" } => (TerminationCause.Completion, "Phase Succeeded before anybody asked: its work was done.", null),
        _ => (TerminationCause.Failed, $"Phase {pod.Phase} before anybody asked (exit {pod.ExitCode?.ToString() ?? "unknown"}), and its restartPolicy starts none again.", null),
    };

    private static (TerminationCause, string, string?) OfController(TerminationFacts facts, OwnerRef controller)
    {
        string name = $"{controller.Kind} {controller.Name}";
        if (controller.Kind is not (nameof(WorkloadKind.ReplicaSet) or nameof(WorkloadKind.StatefulSet) or nameof(WorkloadKind.DaemonSet)))
        {
            // A Job deletes unfinished pods when it is suspended, has failed, or wants fewer at once: its object would say which.
            return (TerminationCause.Unknown, facts.DeletedBy is { } word
                ? $"{word} says that it deleted the pod before its work was done, and not why; a {controller.Kind} is not watched."
                : $"It was deleted before its work was done; a {controller.Kind} is not watched.", null);
        }

        bool took = facts.OwnerFall is not null || facts.DeletedBy is not null;
        if (facts.Rollout is { } rollout)
        {
            // While the pod still goes, the controller's own word may be under way.
            if (took || controller.Kind != nameof(WorkloadKind.ReplicaSet) || facts.Owner is null || !facts.Watched || !facts.Deleted)
            {
                return (TerminationCause.Rollout,
                    $"{rollout.Kind} {rollout.Name} goes to revision {rollout.Revision}; the pod is of another one{Told(facts)}.", rollout.Id);
            }
        }
        else if (took && facts is { Top: null, Owner.Controller: { Kind: nameof(WorkloadKind.Deployment) } above })
        {
            string what = facts.OwnerFall is { } set ? $"{name} went from {set.Before} to {set.After}" : $"{facts.DeletedBy} says that it deleted the pod";
            return (TerminationCause.Unknown,
                $"{what}, by a rollout or a scale-down: its Deployment {above.Name} is not known. May the console read deployments?", null);
        }
        else if (facts.OwnerFall is { } fall)
        {
            bool topFell = facts.TopFall is not null || facts.Top is null || facts.Top.Desired <= fall.After || facts.NextRollout is null;
            return topFell
                ? (TerminationCause.ScaleDown, $"{name} went from {fall.Before} to {fall.After}.", null)
                : (TerminationCause.Rollout,
                    $"{name} was emptied before revision {facts.NextRollout!.Revision} began (strategy Recreate).", facts.NextRollout.Id);
        }
        else if (facts is { DeletedBy: { } unseen, Watched: false, Top: { } top, Owner: { } left } && left.Revision != top.Revision)
        {
            return (TerminationCause.Unknown,
                $"{unseen} says that it deleted the pod while the console did not watch; {top.Kind} {top.Name} is at another revision now.", null);
        }
        else if (facts.DeletedBy is { } by)
        {
            return (TerminationCause.ScaleDown, $"{by} says that it deleted the pod, and no rollout was under way.", null);
        }

        if (facts.Owner is not { } owner)
            return (TerminationCause.Unknown, $"{name} is not known: may the console read {controller.Kind.ToLowerInvariant()}s?", null);
        if (!facts.Watched)
        {
            return owner.Desired == 0 && owner.Kind != WorkloadKind.DaemonSet
                ? (TerminationCause.ScaleDown, $"{name} wants none.", null)
                : (TerminationCause.Unknown, "It was asked while the console did not watch, and no event tells who did.", null);
        }

        return (TerminationCause.ByHand, $"{name} wants {owner.Desired} as before and says nothing of a deletion: the pod itself was deleted.", null);
    }

    private static string Told(TerminationFacts facts) =>
        facts.OwnerFall is { } fall ? $" (its {facts.Pod.Controller?.Kind} went from {fall.Before} to {fall.After})"
        : facts.DeletedBy is { } by ? $" ({by} deleted it)" : "";

    // Reasons of status.reason, of the condition DisruptionTarget, and of events.
    private static TerminationCause? OfReason(string? reason) => reason switch
    {
        "EvictionByEvictionAPI" => TerminationCause.Drain,
        "Evicted" or "TerminationByKubelet" or "Terminated" or "NodeShutdown" => TerminationCause.Eviction,
        "PreemptionByScheduler" or "Preempted" or "Preempting" => TerminationCause.Preemption,
        "DeletionByTaintManager" or "DeletionByPodGC" or "NodeLost" or "TaintManagerEviction" => TerminationCause.NodeLost,
        "DeadlineExceeded" => TerminationCause.Failed,
        _ => null,
    };

    private static string Words(TerminationCause cause) => cause switch
    {
        TerminationCause.Drain => "evicted through the API, as a drain does",
        TerminationCause.Eviction => "evicted by its kubelet",
        TerminationCause.Preemption => "a pod of higher priority took its place",
        TerminationCause.NodeLost => "its node was not heard for too long, or is gone",
        _ => "its time was over",
    };
}
