using System.Text.Json.Serialization;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Model;

/// <summary>A window of the timeline. Column i covers FromMs + i·StepMs to FromMs + (i+1)·StepMs; -1 in a column is "unknown".</summary>
public sealed record TimelineView(
    long FromMs, long ToMs, long StepMs, int Columns,
    IReadOnlyList<ServiceLane> Services, IReadOnlyList<TerminationSpan> Terminations,
    ResetLane Resets, IReadOnlyList<GapSpan> Gaps, IReadOnlyList<NodeHealth> Nodes, long NowMs)
{
    /// <summary>The sum of all lanes; null if it was not read.</summary>
    public LaneSums? Sum { get; init; }

    /// <summary>Some sums are of blocks that an earlier version wrote: sums of the backends' maxima, which may be too high.</summary>
    public bool SumsAreUpperBounds { get; init; }

    /// <summary>Rollouts that were in progress within the window, oldest first.</summary>
    public IReadOnlyList<Rollout> Rollouts { get; init; } = [];

    /// <summary>Restarts within the window of containers and sandboxes in pods that live on.</summary>
    public IReadOnlyList<PodRestart> Restarts { get; init; } = [];

    /// <summary>Sysctl changes within the window.</summary>
    public IReadOnlyList<ReportedSetting> Settings { get; init; } = [];

    /// <summary>What the nodes counted; null if it was not asked for.</summary>
    internal CounterLanes? Counters { get; init; }
}

/// <param name="Before">Empty where it was absent.</param>
/// <param name="After">Empty where it is absent.</param>
public sealed record ReportedSetting(string Node, long AtMs, string Name, string Before, string After);

/// <summary>
/// A virtual address and the Service that had it within the window. If several Services had it one after the other, each has a
/// lane, with entries only while it had the address.
/// </summary>
/// <param name="Namespace">Empty if the address has no name (no cluster, or an unobserved Service).</param>
public sealed record ServiceLane(
    string Namespace, string Name, string Vip, int Port, string Proto, IReadOnlyList<BackendSeries> Backends)
{
    /// <summary>The sum over the backends; null if it was not read.</summary>
    public LaneSums? Sum { get; init; }

    /// <summary>It had entries within the window; also where neither its sum nor its backends were read.</summary>
    public bool HadEntries { get; init; }

    /// <summary><see cref="Backends"/> has only those with entries that lead astray now: the others were not asked for.</summary>
    public bool OmitsBackends { get; init; }

    /// <summary>Entries now to omitted backends with an unknown owner.</summary>
    public long Ownerless { get; init; }

    /// <summary>Identifies the lane.</summary>
    internal string Place => $"{Namespace}/{Name}|{AddressPlace(Proto, Vip, Port)}";

    /// <summary>The part of <see cref="Place"/> that depends on the address.</summary>
    internal static string AddressPlace(string proto, string vip, int port) => $"{proto}/{vip}/{port}";

    /// <summary>
    /// The Services that claim the address and port now, if several do: which of them an entry belongs to is not known, and this
    /// lane, of the newest claim, has them all. Empty for one.
    /// </summary>
    public IReadOnlyList<string> Claims { get; init; } = [];

    /// <summary>
    /// Connections that IPVS keeps now to servers that were removed, over the reporting nodes: it drops their packets or ends them; 0 in
    /// a window that ended before.
    /// </summary>
    public long IpvsRemoved { get; init; }

    /// <summary>The same to servers of weight 0: it still forwards their packets.</summary>
    public long IpvsDraining { get; init; }
}

/// <summary>Sums over backends and nodes, second by second, then the maximum within the column; -1 where a part is unknown.</summary>
public sealed record LaneSums(int[] Entries, int[] Closing, int[] Stale);

/// <param name="Pod">
/// The pod that owned, or had last owned, the address at the end of the window (or of the time in which the lane's Service had
/// its VIP): namespace/name.
/// </param>
/// <param name="Owner">The state of that ownership at that moment.</param>
/// <param name="Entries">Entries in a live state, summed over the nodes, the maximum within the column; -1 = unknown.</param>
/// <param name="Closing">Entries in closing states (TIME_WAIT, CLOSE …), likewise.</param>
/// <param name="Stale">The part of <paramref name="Entries"/> that was stale as of that moment.</param>
public sealed record BackendSeries(
    string BackendIp, int Port, string? Pod, OwnerState Owner, EntryState StateNow, int[] Entries, int[] Closing, int[] Stale)
{
    /// <summary>namespace/name of the pods that had the address within the window before <see cref="Pod"/>, oldest first.</summary>
    public IReadOnlyList<string> FormerPods { get; init; } = [];

    /// <summary>The node of <see cref="Pod"/> while it has the address; null in windows before that.</summary>
    public string? Node { get; init; }
}

/// <summary>Classification of a Service's entries to a backend, by the owner of the backend's address.</summary>
public enum EntryState
{
    /// <summary>A running pod of the Service.</summary>
    Active,
    /// <summary>The pod terminates and still serves.</summary>
    Draining,
    /// <summary>No live pod owns the address, or its endpoint was removed from the slices.</summary>
    Stale,
    /// <summary>Another pod owns the address now.</summary>
    Reassigned,
    /// <summary>Only closing entries are left: they prove nothing.</summary>
    [JsonStringEnumMemberName("Leftover")]

    Closing,
    /// <summary>No cluster, or an address that was never observed as a pod's.</summary>
    Unknown,
    /// <summary>
    /// At the Service's own address, without translation: created while the rules were absent. Its packets reach no pod, and its sender
    /// keeps it alive (UDP for as long as it sends).
    /// </summary>
    Untranslated,
    /// <summary>The pod left the Service and still runs: its connections continue.</summary>
    Left,
    /// <summary>The pod runs and is not ready: it gets no new connections, and may answer those that it has.</summary>
    Unready,
}

/// <summary>What follows from an entry's state.</summary>
internal static class EntryStates
{
    /// <summary>True if the entries in a live state lead to no pod of the Service.</summary>
    public static bool LeadsAstray(this EntryState state) => state is EntryState.Stale or EntryState.Reassigned or EntryState.Untranslated;

    /// <summary>True if new entries in this state would be an incident, beside those that lead astray.</summary>
    public static bool NeedsExplanation(this EntryState state) => state.LeadsAstray() || state == EntryState.Left;
}

/// <param name="StaleEntries">Entries in a live state with this pod's address as their backend, over all nodes, while they are stale; else 0.</param>
public sealed record TerminationSpan(
    string Uid, string Namespace, string Pod, string PodIp, string Node, string? Service,
    long DeletionRequestedMs, long? EndpointTerminatingMs, long? EndpointRemovedMs, long? ContainerFinishedMs, int? ExitCode,
    long? DeletedMs, OwnerState Owner, int StaleEntries)
{
    /// <summary>The termination with all its timestamps and its cause.</summary>
    public Termination? Reported { get; init; }

    /// <summary>
    /// When each node's rules no longer contained its endpoint, as far as the node's kube-proxy reports it. Omitted if a view has
    /// too many terminations and nodes to be readable.
    /// </summary>
    public IReadOnlyList<NodeSync> Synced { get; init; } = [];

    /// <summary><see cref="Synced"/> is empty because the view has too many terminations.</summary>
    public bool SyncsOmitted { get; init; }

    /// <summary>Since when it does not serve; null before that, and if only an upper bound is known.</summary>
    public long? EndedMs => ContainerFinishedMs ?? Exact(EndpointRemovedMs) ?? Exact(DeletedMs);

    private long? Exact(long? atMs) => atMs is { } ms && Reported?.IsBounded(ms) == true ? null : atMs;

    /// <summary>When nothing was left to happen, see <see cref="Termination.OverMs"/>; null before that.</summary>
    public long? OverMs => Reported is { } reported ? reported.OverMs : DeletedMs;
}

/// <summary>Resets sent in each column, deduplicated although several nodes may have observed the same one.</summary>
/// <param name="Other">Client aborts, direct and all others.</param>
public sealed record ResetLane(int[] UnNated, int[] FromBackend, int[] Other);

/// <param name="Node">Null for the console's own gaps.</param>
/// <param name="ToMs">Increases while the gap is open.</param>
public sealed record GapSpan(string? Node, GapKind Kind, long FromMs, long ToMs, string Text)
{
    // Without the text: nearly all gaps differ in the others, and thousands of them are compared for each view.
    public override int GetHashCode() => HashCode.Combine(Node, Kind, FromMs, ToMs);
}

/// <param name="ClockOffsetMs">The console's clock minus the node's, as its collector measured it; null = not reported.</param>
public sealed record NodeHealth(
    string Node, bool Connected, long LastFrameMs, string Version, IReadOnlyList<Capability> Capabilities, uint Count, uint Max,
    int? ClockOffsetMs = null)
{
    private const long SilentMs = 5_000;

    /// <summary>A collector that is connected but sends no frames counts as silent.</summary>
    public bool Reports(long nowMs) => Connected && nowMs - LastFrameMs <= SilentMs;
}
