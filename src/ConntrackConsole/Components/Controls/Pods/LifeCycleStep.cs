using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Pods;

/// <summary>One instant of a pod's end: where it comes from, or why nobody told it.</summary>
/// <param name="AtLatest">Nobody watched: it was no later than <paramref name="AtMs"/>.</param>
internal sealed record LifeCycleStep(TerminationPhase Phase, long? AtMs, bool AtLatest, string Detail)
{
    public static IReadOnlyList<LifeCycleStep> Of(TerminationSpan span) =>
        [.. TerminationPhases.All.Select(phase => Of(span, phase)).OrderBy(step => step.AtMs ?? long.MaxValue)];

    private static LifeCycleStep Of(TerminationSpan span, TerminationPhase phase)
    {
        long? at = span.At(phase);
        bool atLatest = at is { } ms && Seen(phase) && span.Reported?.Unwatched is { } unwatched && unwatched.Contains(ms);
        return new LifeCycleStep(phase, at, atLatest, at is null ? NotTold(span, phase) : Source(span, phase));
    }

    // What only its arrival tells.
    private static bool Seen(TerminationPhase phase) =>
        phase is not (TerminationPhase.ContainerFinished or TerminationPhase.StopSignal or TerminationPhase.RulesFirst or TerminationPhase.RulesLast);

    private static string Source(TerminationSpan span, TerminationPhase phase) => phase switch
    {
        TerminationPhase.Asked => span.Reported?.GraceSeconds is { } grace ? $"deletionTimestamp − {grace} s of grace" : "deletionTimestamp − grace",
        TerminationPhase.EndpointNotReady or TerminationPhase.EndpointTerminating or TerminationPhase.EndpointRemoved => "EndpointSlice, as it arrived",
        TerminationPhase.RulesFirst or TerminationPhase.RulesLast => "kube-proxy's syncs, told by the collectors",
        TerminationPhase.StopSignal => span.Reported is { PreStopFailure: { Length: > 0 } failure } ? $"event Killing; the preStop hook failed: {failure}"
            : span.Reported?.HasPreStop == true ? "event Killing: the preStop hook, then SIGTERM" : "event Killing: SIGTERM",
        TerminationPhase.ContainerFinished => ContainerEnds.Words(span) is { Length: > 0 } words ? words : "containerStatuses",
        TerminationPhase.Deleted => "the object's deletion, as it arrived",
        _ => span.Reported?.IpReusedBy is { } by ? $"by {by}" : "another pod's status",
    };

    private static string NotTold(TerminationSpan span, TerminationPhase phase)
    {
        bool forced = span.Reported?.Cause == TerminationCause.Forced;
        return phase switch
        {
            TerminationPhase.EndpointNotReady or TerminationPhase.EndpointTerminating or TerminationPhase.EndpointRemoved when span.Service is null => "no EndpointSlice named it",
            TerminationPhase.EndpointTerminating when span.EndpointRemovedMs is not null => "removed without a terminating phase",
            TerminationPhase.EndpointNotReady when span.EndpointRemovedMs is not null => "removed while it was ready",
            TerminationPhase.RulesFirst or TerminationPhase.RulesLast when span.Synced.FirstOrDefault(sync => sync.Unknown is not null)?.Unknown is { } unknown => unknown,
            TerminationPhase.RulesFirst or TerminationPhase.RulesLast when span.Synced.Count == 0 => "no collector tells of kube-proxy's syncs",
            TerminationPhase.RulesLast when span.Synced.Any(sync => sync.AtMs is not null) => $"not yet on {string.Join(", ", span.Synced.Where(sync => sync.AtMs is null).Select(sync => sync.Node).Take(3))}",
            TerminationPhase.StopSignal when forced => "deleted with grace 0: the object went before its containers",
            TerminationPhase.StopSignal => "no event Killing was seen",
            TerminationPhase.ContainerFinished when forced => "deleted with grace 0: nobody can tell whether it still runs",
            TerminationPhase.ContainerFinished when span.DeletedMs is not null => "the object went before its status told",
            TerminationPhase.IpReused when span.PodIp.Length == 0 => "it had no address",
            TerminationPhase.IpReused => "no other pod had the address so far",
            _ => "not yet",
        };
    }
}
