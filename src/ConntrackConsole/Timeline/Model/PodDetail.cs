using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Model;

/// <summary>Everything about one pod, or one address without a pod, for the side panel.</summary>
/// <param name="Ip">Empty where the pod has none.</param>
/// <param name="Name">namespace/name of the pod that owns or last owned the address.</param>
public sealed record PodDetail(
    string Ip, string? Name, string? Node, string? Phase, AddressOwnership Owner, TerminationSpan? Termination,
    IReadOnlyList<NodeEntries> Entries, IReadOnlyList<ResetCount> Resets, IReadOnlyList<NodeLookups> Lookups);

/// <summary>The current results of a node's look-ups of the address's established entries.</summary>
public sealed record NodeLookups(string Node, int Entries, int Unacknowledged, int Idle, int Alive);

/// <param name="Service">namespace/name, the bare VIP if it has no name, null for entries directly to the pod.</param>
public sealed record NodeEntries(string Node, string? Service, EntryState State, string FlowState, int Count);

/// <summary>Resets of the last hour of flows that have the pod as their backend, or of packets that contain its address.</summary>
public sealed record ResetCount(ResetKind Kind, int Count, long LastMs);
