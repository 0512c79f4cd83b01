using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Pods;

/// <summary>One phase of a pod's termination: its source, or why its time is unknown.</summary>
/// <param name="AtLatest">The console was not watching: the phase was reached no later than <paramref name="AtMs"/>.</param>
internal sealed record LifeCycleStep(TerminationPhase Phase, long? AtMs, bool AtLatest, string Detail)
{
    public static IReadOnlyList<LifeCycleStep> Of(TerminationSpan span) =>
        [.. TerminationPhases.All.Select(phase => Of(span, phase)).OrderBy(step => step.AtMs ?? long.MaxValue)];

    private static LifeCycleStep Of(TerminationSpan span, TerminationPhase phase)
    {
        long? at = span.At(phase);
        bool atLatest = at is { } ms && span.Reported is { } reported && phase switch
        {
            TerminationPhase.DeletionRequested => reported.IsDeletionRequestedBounded,
            TerminationPhase.ContainerFinished or TerminationPhase.StopSignal => false,
            // The first sync after a bound: an earlier one may have had the change already.
            TerminationPhase.RulesFirst or TerminationPhase.RulesLast => reported.EndpointChangedMs is { } changedMs && reported.IsBounded(changedMs),
            _ => reported.IsBounded(ms),
        };
        return new LifeCycleStep(phase, at, atLatest, at is null ? UnknownDetail(span, phase) : Source(span, phase));
    }

    private static string Source(TerminationSpan span, TerminationPhase phase) => phase switch
    {
        TerminationPhase.DeletionRequested when span.Reported?.Cause is TerminationCause.NodeShutdown or TerminationCause.Eviction => "the kubelet began to stop the pod; nothing was deleted",
        TerminationPhase.DeletionRequested when span.Reported?.Cause is TerminationCause.Completion or TerminationCause.Failed or TerminationCause.OutOfMemory or TerminationCause.Rejected =>
            "the pod ended; no deletion was requested before",
        TerminationPhase.DeletionRequested => span.Reported?.GraceSeconds is { } grace ? $"deletionTimestamp − {grace} s grace period" : "deletionTimestamp − grace period",
        TerminationPhase.EndpointNotReady or TerminationPhase.EndpointTerminating or TerminationPhase.EndpointRemoved => "EndpointSlice watch event",
        TerminationPhase.RulesFirst or TerminationPhase.RulesLast => "kube-proxy syncs, reported by the collectors",
        TerminationPhase.StopSignal => span.Reported is { PreStopFailure: { Length: > 0 } failure } ? $"Killing event; the preStop hook failed: {failure}"
            : span.Reported?.HasPreStop == true ? "Killing event: preStop hook, then SIGTERM" : "Killing event: SIGTERM",
        TerminationPhase.ContainerFinished => ContainerExits.Describe(span) is { Length: > 0 } exit ? exit : "containerStatuses",
        TerminationPhase.Deleted => "pod watch event",
        _ => span.Reported?.IpReusedBy is { } by ? $"by {by}" : "another pod's status",
    };

    private static string UnknownDetail(TerminationSpan span, TerminationPhase phase)
    {
        bool forced = span.Reported?.Cause == TerminationCause.Forced;
        return phase switch
        {
            TerminationPhase.EndpointNotReady or TerminationPhase.EndpointTerminating or TerminationPhase.EndpointRemoved when span.Service is null => "not in any EndpointSlice",
            TerminationPhase.EndpointTerminating when span.EndpointRemovedMs is not null => "removed without a terminating phase",
            TerminationPhase.EndpointNotReady when span.EndpointRemovedMs is not null => "removed while ready",
            TerminationPhase.RulesFirst or TerminationPhase.RulesLast when span.Synced.FirstOrDefault(sync => sync.Unknown is not null)?.Unknown is { } unknown => unknown,
            TerminationPhase.RulesFirst or TerminationPhase.RulesLast when span.SyncsOmitted => "not read: too many terminations in this range",
            TerminationPhase.RulesFirst or TerminationPhase.RulesLast when span.Reported is { EndpointChangedMs: null } =>
                span.Service is null ? "not in any EndpointSlice" : "its endpoint has not changed",
            TerminationPhase.RulesFirst or TerminationPhase.RulesLast when span.Synced.Count == 0 => "no collector reports kube-proxy syncs",
            TerminationPhase.DeletionRequested => "its deletion was not requested: it ended by itself",
            TerminationPhase.Deleted when span.Reported is { HasEndedByItself: true } => "kept after its end",
            TerminationPhase.RulesLast when span.Synced.Any(sync => sync.AtMs is not null) => $"not yet on {string.Join(", ", span.Synced.Where(sync => sync.AtMs is null).Select(sync => sync.Node).Take(3))}",
            TerminationPhase.StopSignal when forced => "deleted with grace period 0: the object was removed before its containers stopped",
            TerminationPhase.StopSignal => "no Killing event seen",
            TerminationPhase.ContainerFinished when forced => "deleted with grace period 0: it may still be running",
            TerminationPhase.ContainerFinished when span.DeletedMs is not null => "the object was removed before its status was updated",
            TerminationPhase.IpReused when span.PodIp.Length == 0 => "no address",
            TerminationPhase.IpReused => "no other pod has used the address yet",
            _ => "not yet",
        };
    }
}
