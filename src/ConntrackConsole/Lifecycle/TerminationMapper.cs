using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lifecycle;

/// <summary>Maps terminations and rollouts to entities and back.</summary>
internal static class TerminationMapper
{
    public static Termination Termination(TerminationRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new Termination(
            row.Uid, row.Namespace, row.Pod, Ip.TryParse(row.PodIp, out var ip) ? ip : default, row.Node,
            row is { ServiceNamespace: { } ns, ServiceName: { } name } ? new ServiceKey(ns, name) : null,
            row.DeletionRequestedMs, row.EndpointTerminatingMs, row.EndpointRemovedMs, row.ContainerFinishedMs, row.ExitCode, row.DeletedMs)
        {
            Cause = (TerminationCause)row.Cause, Evidence = row.Evidence, RolloutId = row.RolloutId,
            Workload = row is { WorkloadKind: { } kind, WorkloadName: { } workload, WorkloadUid: { } uid } ? new OwnerRef(kind, workload, uid) : null,
            GraceSeconds = row.GraceSeconds, EndpointNotReadyMs = row.EndpointNotReadyMs, SigtermSentMs = row.SigtermSentMs,
            HasPreStop = row.HasPreStop, PreStopFailure = row.PreStopFailure, ExitSignal = row.ExitSignal, ExitReason = row.ExitReason,
            IpReusedMs = row.IpReusedMs, IpReusedBy = row.IpReusedBy, Unwatched = TimeRange(row.UnwatchedFromMs, row.UnwatchedToMs),
        };
    }

    public static TerminationRow Row(Termination t)
    {
        ArgumentNullException.ThrowIfNull(t);
        return new TerminationRow
        {
            Uid = t.Uid, Namespace = t.Namespace, Pod = t.Pod, PodIp = t.PodIp.ToString(), Node = t.Node,
            ServiceNamespace = t.Service?.Namespace, ServiceName = t.Service?.Name, DeletionRequestedMs = t.DeletionRequestedMs,
            EndpointTerminatingMs = t.EndpointTerminatingMs, EndpointRemovedMs = t.EndpointRemovedMs,
            ContainerFinishedMs = t.ContainerFinishedMs, ExitCode = t.ExitCode, DeletedMs = t.DeletedMs,
            Cause = (byte)t.Cause, Evidence = t.Evidence, RolloutId = t.RolloutId,
            WorkloadKind = t.Workload?.Kind, WorkloadName = t.Workload?.Name, WorkloadUid = t.Workload?.Uid,
            GraceSeconds = t.GraceSeconds, EndpointNotReadyMs = t.EndpointNotReadyMs, SigtermSentMs = t.SigtermSentMs,
            HasPreStop = t.HasPreStop, PreStopFailure = t.PreStopFailure, ExitSignal = t.ExitSignal, ExitReason = t.ExitReason,
            IpReusedMs = t.IpReusedMs, IpReusedBy = t.IpReusedBy, UnwatchedFromMs = t.Unwatched?.FromMs, UnwatchedToMs = t.Unwatched?.ToMs,
        };
    }

    public static Rollout Rollout(RolloutRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new Rollout(
            row.Id, (WorkloadKind)row.Kind, row.WorkloadUid, row.Namespace, row.Name, row.Revision, row.FromRevision,
            row.StartedMs, row.SurgedMs, row.FinishedMs, row.RolledBackMs)
        {
            IsRollback = row.IsRollback, StuckMs = row.StuckMs, TemplateHash = row.TemplateHash, AbandonedMs = row.AbandonedMs,
            Unwatched = TimeRange(row.UnwatchedFromMs, row.UnwatchedToMs),
        };
    }

    public static RolloutRow Row(Rollout r)
    {
        ArgumentNullException.ThrowIfNull(r);
        return new RolloutRow
        {
            Id = r.Id, Kind = (byte)r.Kind, WorkloadUid = r.WorkloadUid, Namespace = r.Namespace, Name = r.Name, Revision = r.Revision,
            FromRevision = r.FromRevision, StartedMs = r.StartedMs, SurgedMs = r.SurgedMs, FinishedMs = r.FinishedMs,
            RolledBackMs = r.RolledBackMs, StuckMs = r.StuckMs, IsRollback = r.IsRollback, TemplateHash = r.TemplateHash,
            AbandonedMs = r.AbandonedMs, UnwatchedFromMs = r.Unwatched?.FromMs, UnwatchedToMs = r.Unwatched?.ToMs,
        };
    }

    public static PodRestart Restart(PodRestartRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new PodRestart(
            row.Uid, row.Namespace, row.Pod, row.Node, row is { ServiceNamespace: { } ns, ServiceName: { } name } ? new ServiceKey(ns, name) : null,
            row.Container, row.Count, row.AtMs, row.ExitCode, row.Reason)
        {
            FormerIp = Ip.TryParse(row.FormerIp, out var former) ? former : default, Ip = Ip.TryParse(row.Ip, out var ip) ? ip : default,
        };
    }

    public static PodRestartRow Row(PodRestart r)
    {
        ArgumentNullException.ThrowIfNull(r);
        return new PodRestartRow
        {
            Id = r.Id, Uid = r.Uid, Namespace = r.Namespace, Pod = r.Pod, Node = r.Node, ServiceNamespace = r.Service?.Namespace, ServiceName = r.Service?.Name,
            Container = r.Container, Count = r.Count, AtMs = r.AtMs, ExitCode = r.ExitCode, Reason = r.Reason,
            FormerIp = r.FormerIp.IsNone ? null : r.FormerIp.ToString(), Ip = r.Ip.IsNone ? null : r.Ip.ToString(),
        };
    }

    private static TimeRange? TimeRange(long? fromMs, long? toMs) => fromMs is { } from && toMs is { } to ? new TimeRange(from, to) : null;
}
