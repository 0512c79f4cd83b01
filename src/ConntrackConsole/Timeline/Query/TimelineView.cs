
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Query;

/// <summary>A window of the timeline. Column i covers FromMs + i·StepMs to FromMs + (i+1)·StepMs; -1 in a column is "unknown".</summary>
public sealed record TimelineView(
    long FromMs, long ToMs, long StepMs, int Columns,
    IReadOnlyList<ServiceLane> Services, IReadOnlyList<TerminationSpan> Terminations,
    ResetLane Resets, IReadOnlyList<GapSpan> Gaps, IReadOnlyList<NodeHealth> Nodes, long NowMs)
{
    /// <summary>Rollouts that were under way within the window, oldest first.</summary>
    public IReadOnlyList<Rollout> Rollouts { get; init; } = [];

    /// <summary>Sysctls that got another value within the window.</summary>
    public IReadOnlyList<ReportedSetting> Settings { get; init; } = [];
}

/// <param name="Before">Empty where it was absent.</param>
/// <param name="After">Empty where it is absent.</param>
public sealed record ReportedSetting(string Node, long AtMs, string Name, string Before, string After);

/// <summary>
/// A virtual address and the Service that had it within the window. Where several had it one after the other each has a lane,
/// and entries only while it had the address.
/// </summary>
/// <param name="Namespace">Empty where the address has no name (no cluster, or a Service that nobody saw).</param>
public sealed record ServiceLane(
    string Namespace, string Name, string Vip, int Port, string Proto, IReadOnlyList<BackendSeries> Backends);

/// <param name="Pod">The pod that owned, or had last owned, the address at the end of the window (or of the time in which the lane's Service had its VIP): namespace/name.</param>
/// <param name="Owner">The state of that ownership at that moment.</param>
/// <param name="Entries">Entries in a live state, summed over the nodes, the most within the column; -1 = unknown.</param>
/// <param name="LeftoverNamespaces">Entries in closing states, likewise.</param>
/// <param name="Stale">The part of <paramref name="Entries"/> that was stale as of that moment.</param>
public sealed record BackendSeries(
    string BackendIp, int Port, string? Pod, OwnerState Owner, EntryState StateNow, int[] Entries, int[] LeftoverNamespaces, int[] Stale)
{
    /// <summary>namespace/name of the pods that had the address within the window before <see cref="Pod"/>, oldest first.</summary>
    public IReadOnlyList<string> FormerPods { get; init; } = [];
}

/// <summary>What the entries of a Service to a backend are, judged by who owns the backend's address.</summary>
public enum EntryState
{
    /// <summary>A pod of the Service that runs.</summary>
    Active,
    /// <summary>The pod terminates and still serves.</summary>
    Draining,
    /// <summary>No live pod owns the address, or its endpoint left the slices.</summary>
    Stale,
    /// <summary>Another pod owns the address now.</summary>
    Reassigned,
    /// <summary>Only closing entries are left: they prove nothing.</summary>
    Leftover,
    /// <summary>No cluster, or an address that was never seen as a pod's.</summary>
    Unknown,
}

/// <param name="StaleEntries">Entries in a live state whose backend is this pod's address, over all nodes, while they are stale; else 0.</param>
public sealed record TerminationSpan(
    string Uid, string Namespace, string Pod, string PodIp, string Node, string? Service,
    long DeletionRequestedMs, long? EndpointTerminatingMs, long? EndpointRemovedMs, long? ContainerFinishedMs, int? ExitCode,
    long? DeletedMs, OwnerState Owner, int StaleEntries)
{
    /// <summary>All its instants and its cause.</summary>
    public Termination? Told { get; init; }

    /// <summary>
    /// When each node's rules were without its endpoint, as far as the node's kube-proxy tells. Left out where a view has so
    /// many terminations and nodes that nobody could read them.
    /// </summary>
    public IReadOnlyList<NodeSync> Synced { get; init; } = [];
}

/// <param name="AtMs">The first sync that began after the endpoint's change; null where there was none yet.</param>
public sealed record NodeSync(string Node, long? AtMs)
{
    /// <summary>The sentence why it cannot be known; null where it is known, or where there was none yet.</summary>
    public string? Unknown { get; init; }
}

/// <summary>Resets made in each column, each counted once although several nodes may have seen it.</summary>
/// <param name="Other">Client aborts, direct and all others.</param>
public sealed record ResetLane(int[] UnNated, int[] FromBackend, int[] Other);

/// <param name="Node">None where the gap is the console's own.</param>
/// <param name="ToMs">Grows while the gap is open.</param>
public sealed record GapSpan(string? Node, GapKind Kind, long FromMs, long ToMs, string Text);

/// <param name="ClockOffsetMs">Our clock minus the node's, as its collector measured it; null = not told.</param>
public sealed record NodeHealth(
    string Node, bool Connected, long LastFrameMs, string Version, IReadOnlyList<Capability> Capabilities, uint Count, uint Max,
    int? ClockOffsetMs = null);
