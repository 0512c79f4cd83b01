using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster;

/// <summary>
/// The end of a pod, phase by phase. Two watches have no order between them, so each phase is kept by itself: what the
/// object says (asked, finished) by the cluster's clock, what only its arrival tells (the endpoint's, deleted) by ours.
/// </summary>
public sealed record Termination(
    string Uid, string Namespace, string Pod, Ip PodIp, string Node, ServiceKey? Service,
    long AskedMs, long? EndpointTerminatingMs, long? EndpointRemovedMs, long? ContainerFinishedMs, int? ExitCode, long? DeletedMs);
