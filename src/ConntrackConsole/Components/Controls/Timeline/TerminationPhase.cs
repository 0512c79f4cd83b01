
using ConntrackConsole.Timeline.Query;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>The instants of a pod's end. Their order in time is not fixed: two watches have no order between them.</summary>
public enum TerminationPhase
{
    Asked,
    EndpointNotReady,
    EndpointTerminating,
    EndpointRemoved,
    /// <summary>The first node whose rules were without the endpoint.</summary>
    RulesFirst,
    /// <summary>The last node, where every node told.</summary>
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
        TerminationPhase.Asked => "asked to terminate",
        TerminationPhase.EndpointNotReady => "endpoint not ready",
        TerminationPhase.EndpointTerminating => "endpoint terminating",
        TerminationPhase.EndpointRemoved => "endpoint removed",
        TerminationPhase.RulesFirst => "rules without it, first node",
        TerminationPhase.RulesLast => "rules without it, last node",
        TerminationPhase.StopSignal => "told to stop",
        TerminationPhase.ContainerFinished => "container finished",
        TerminationPhase.Deleted => "deleted",
        TerminationPhase.IpReused => "address owned again",
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, "This phase has no name."),
    };

    public static long? At(this TerminationSpan span, TerminationPhase phase) => phase switch
    {
        TerminationPhase.Asked => span.DeletionRequestedMs,
        TerminationPhase.EndpointNotReady => span.Told?.EndpointNotReadyMs,
        TerminationPhase.EndpointTerminating => span.EndpointTerminatingMs,
        TerminationPhase.EndpointRemoved => span.EndpointRemovedMs,
        TerminationPhase.RulesFirst => span.Synced.Min(sync => sync.AtMs),
        // While one node is behind, or cannot tell, nobody knows the last one.
        TerminationPhase.RulesLast => span.Synced.Count > 0 && span.Synced.All(sync => sync.AtMs is not null) ? span.Synced.Max(sync => sync.AtMs) : null,
        TerminationPhase.StopSignal => span.Told?.SigtermSentMs,
        TerminationPhase.ContainerFinished => span.ContainerFinishedMs,
        TerminationPhase.Deleted => span.DeletedMs,
        _ => span.Told?.IpReusedMs,
    };
}
