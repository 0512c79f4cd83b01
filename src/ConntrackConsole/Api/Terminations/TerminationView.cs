using System.Text.Json;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;

namespace ConntrackConsole.Api.Terminations;

/// <summary>A page of terminations, newest first.</summary>
/// <param name="Continue">Pass it as ?continue= for the next page; null on the last page.</param>
internal sealed record TerminationPage(IReadOnlyList<TerminationView> Items, string? Continue);

/// <summary>A termination with all its instants; null if an instant is unknown or has not been reached.</summary>
/// <param name="CauseCode">Stable code of the cause (<see cref="TerminationCodes"/>).</param>
/// <param name="WholeSeconds">Instants from timestamps of the API server in whole seconds: up to one second too early.</param>
/// <param name="Bounded">Instants while the console was not watching: upper bounds.</param>
/// <param name="RulesSynced">For each node: when its rules no longer had the endpoint, or why that is unknown.</param>
internal record TerminationView(
    string Uid, string Namespace, string Pod, string PodIp, string Node, string? Service, OwnerRef? Workload,
    string Cause, string CauseCode, string? Evidence, RolloutView? Rollout, int? GraceSeconds, bool HasPreStop, string? PreStopFailure,
    string AskedAt, string? StopSignalAt, string? EndpointNotReadyAt, string? EndpointTerminatingAt, string? EndpointRemovedAt,
    string? ContainerFinishedAt, int? ExitCode, int? ExitSignal, string? ExitReason, string? ExitMeaning,
    string? DeletedAt, string? IpReusedAt, string? IpReusedBy,
    IReadOnlyList<string> WholeSeconds, IReadOnlyList<InstantBounds> Bounded, IReadOnlyList<NodeSyncView> RulesSynced)
{
    public static TerminationView Of(Termination t, Rollout? rollout, IReadOnlyList<NodeSync> syncs)
    {
        ArgumentNullException.ThrowIfNull(t);
        return new TerminationView(
            t.Uid, t.Namespace, t.Pod, t.PodIp.IsNone ? "" : t.PodIp.ToString(), t.Node, t.Service?.ToString(), t.Workload,
            JsonNamingPolicy.CamelCase.ConvertName(t.Cause.ToString()), t.Cause.Code(), t.Evidence, RolloutView.Of(t.RolloutId, rollout),
            t.GraceSeconds, t.HasPreStop, t.PreStopFailure,
            ApiTime.Text(t.DeletionRequestedMs), ApiTime.Text(t.SigtermSentMs), ApiTime.Text(t.EndpointNotReadyMs), ApiTime.Text(t.EndpointTerminatingMs),
            ApiTime.Text(t.EndpointRemovedMs), ApiTime.Text(t.ContainerFinishedMs), t.ExitCode, t.ExitSignal, t.ExitReason, TerminationCauseClassifier.DescribeExit(t),
            ApiTime.Text(t.DeletedMs), ApiTime.Text(t.IpReusedMs), t.IpReusedBy,
            [.. Stamped(t)], [.. Bounds(t)],
            [.. syncs.Select(s => new NodeSyncView(s.Node, ApiTime.Text(s.AtMs), s.Unknown))]);
    }

    private static IEnumerable<string> Stamped(Termination t)
    {
        if (!ByArrival(t).Any(i => i.Name == "askedAt" && t.Unwatched is { } blind && blind.Contains(t.DeletionRequestedMs)))
            yield return "askedAt";
        if (t.SigtermSentMs is not null)
            yield return "stopSignalAt";
        if (t.ContainerFinishedMs is not null)
            yield return "containerFinishedAt";
    }

    private static IEnumerable<InstantBounds> Bounds(Termination t) =>
        from instant in ByArrival(t)
        where t.Unwatched is { } blind && instant.AtMs is { } at && blind.Contains(at)
        select new InstantBounds(
            instant.Name, t.Unwatched!.Value.FromMs > 0 ? ApiTime.Text(t.Unwatched.Value.FromMs) : null, ApiTime.Text(instant.AtMs!.Value));

    private static (string Name, long? AtMs)[] ByArrival(Termination t) =>
    [
        // A deletion time from the object is in whole seconds; one from the arrival of an event has milliseconds.
        ("askedAt", t.DeletionRequestedMs % 1_000 == 0 ? null : t.DeletionRequestedMs),
        ("endpointNotReadyAt", t.EndpointNotReadyMs), ("endpointTerminatingAt", t.EndpointTerminatingMs),
        ("endpointRemovedAt", t.EndpointRemovedMs), ("deletedAt", t.DeletedMs), ("ipReusedAt", t.IpReusedMs),
    ];
}

/// <param name="NotBefore">Null if nothing is known about the time before.</param>
internal sealed record InstantBounds(string Instant, string? NotBefore, string NotAfter);

/// <param name="At">The first sync with the change of the endpoint; null if there was none yet or it is unknown.</param>
/// <param name="Unknown">Why it is unknown.</param>
internal sealed record NodeSyncView(string Node, string? At, string? Unknown);

internal sealed record RolloutView(
    string Id, string? Kind, string? Namespace, string? Name, string? Revision, string? FromRevision, bool IsRollback,
    string? StartedAt, string? SurgedAt, string? FinishedAt, string? RolledBackAt, string? StuckAt, string? AbandonedAt)
{
    public static RolloutView? Of(string? id, Rollout? rollout) => id is null ? null : rollout is null
        ? new RolloutView(id, null, null, null, null, null, false, null, null, null, null, null, null)
        : new RolloutView(
            id, rollout.Kind.ToString(), rollout.Namespace, rollout.Name, rollout.Revision, rollout.FromRevision, rollout.IsRollback, ApiTime.Text(rollout.StartedMs),
            ApiTime.Text(rollout.SurgedMs), ApiTime.Text(rollout.FinishedMs), ApiTime.Text(rollout.RolledBackMs), ApiTime.Text(rollout.StuckMs),
            ApiTime.Text(rollout.AbandonedMs));
}
