using ConntrackConsole.Timeline;

namespace ConntrackConsole.Components.Timeline;

/// <summary>The steps of a pod's end. Their order is not fixed: two watches have no order between them.</summary>
public enum TerminationPhase
{
    Asked,
    EndpointTerminating,
    ContainerFinished,
    EndpointRemoved,
    Deleted,
}

public static class TerminationPhases
{
    public static string Name(this TerminationPhase phase) => phase switch
    {
        TerminationPhase.Asked => "asked to terminate",
        TerminationPhase.EndpointTerminating => "endpoint terminating",
        TerminationPhase.ContainerFinished => "container finished",
        TerminationPhase.EndpointRemoved => "endpoint removed",
        _ => "deleted",
    };

    public static IReadOnlyList<(TerminationPhase Phase, long? AtMs)> Of(TerminationSpan span) =>
    [
        .. new (TerminationPhase, long? AtMs)[]
        {
            (TerminationPhase.Asked, span.AskedMs),
            (TerminationPhase.EndpointTerminating, span.EndpointTerminatingMs),
            (TerminationPhase.ContainerFinished, span.ContainerFinishedMs),
            (TerminationPhase.EndpointRemoved, span.EndpointRemovedMs),
            (TerminationPhase.Deleted, span.DeletedMs),
        }.OrderBy(step => step.AtMs ?? long.MaxValue),
    ];
}
