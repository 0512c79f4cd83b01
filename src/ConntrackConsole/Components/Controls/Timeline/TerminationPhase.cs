using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>Phases of a pod's termination. Their order in time is not fixed: events of two watches are not ordered.</summary>
public enum TerminationPhase
{
    DeletionRequested,
    EndpointNotReady,
    EndpointTerminating,
    EndpointRemoved,
    /// <summary>The first node on which the kube-proxy rules no longer contain the endpoint.</summary>
    RulesFirst,
    /// <summary>The last such node; known only when every node has reported.</summary>
    RulesLast,
    StopSignal,
    ContainerFinished,
    Deleted,
    IpReused,
}

internal static class TerminationPhases
{
    public static readonly IReadOnlyList<TerminationPhase> All = Enum.GetValues<TerminationPhase>();

    public static string Name(this TerminationPhase phase) => phase switch
    {
        TerminationPhase.DeletionRequested => "deletion requested",
        TerminationPhase.EndpointNotReady => "endpoint not ready",
        TerminationPhase.EndpointTerminating => "endpoint terminating",
        TerminationPhase.EndpointRemoved => "endpoint removed",
        TerminationPhase.RulesFirst => "rules synced, first node",
        TerminationPhase.RulesLast => "rules synced, last node",
        TerminationPhase.StopSignal => "SIGTERM sent",
        TerminationPhase.ContainerFinished => "container finished",
        TerminationPhase.Deleted => "deleted",
        TerminationPhase.IpReused => "address reused",
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, "This phase has no name."),
    };

    public static long? At(this TerminationSpan span, TerminationPhase phase) => phase switch
    {
        // Its record begins with the end of its containers.
        TerminationPhase.DeletionRequested => span.Reported is { HasEndedByItself: true } ? null : span.DeletionRequestedMs,
        TerminationPhase.EndpointNotReady => span.Reported?.EndpointNotReadyMs,
        TerminationPhase.EndpointTerminating => span.EndpointTerminatingMs,
        TerminationPhase.EndpointRemoved => span.EndpointRemovedMs,
        TerminationPhase.RulesFirst => span.Synced.Min(sync => sync.AtMs),
        // Unknown while one node has not synced yet or does not report.
        TerminationPhase.RulesLast => span.Synced.Count > 0 && span.Synced.All(sync => sync.AtMs is not null) ? span.Synced.Max(sync => sync.AtMs) : null,
        TerminationPhase.StopSignal => span.Reported?.SigtermSentMs,
        TerminationPhase.ContainerFinished => span.ContainerFinishedMs,
        TerminationPhase.Deleted => span.DeletedMs,
        _ => span.Reported?.IpReusedMs,
    };
}
