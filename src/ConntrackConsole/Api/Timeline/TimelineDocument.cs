using System.Text.Json.Serialization;
using ConntrackConsole.Api.Terminations;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Timeline;

/// <summary>
/// Schema of the output of <see cref="TimelineJson"/> for the OpenAPI document; a test compares both. Column i begins at from + i · stepMs;
/// -1 in a column is unknown.
/// </summary>
internal sealed record TimelineDocument(
    string From, string To, long StepMs, int Columns, string Now, IReadOnlyList<TimelineNote> Notes, TimelineSum Sum, IReadOnlyList<TimelineService> Services, TimelineResets Resets,
    IReadOnlyList<TimelineTermination> Terminations, IReadOnlyList<RolloutView> Rollouts, IReadOnlyList<TimelineRestart> Restarts, IReadOnlyList<TimelineGap> Gaps, IReadOnlyList<TimelineSetting> Settings);

/// <summary>What the answer does not have.</summary>
internal sealed record TimelineNote(string Code, string Text);

/// <summary>The sum over all backends and nodes, computed second by second; -1 where a part of it is unknown.</summary>
/// <param name="Entries">Entries in a live state, the maximum within each column.</param>
/// <param name="Closing">Entries in a closing state; null if 0 wherever they are known.</param>
/// <param name="Stale">Stale entries; null if 0 wherever they are known.</param>
internal sealed record TimelineSum(int[] Entries, [property: JsonPropertyName("leftovers")] int[]? Closing, int[]? Stale);

/// <param name="Claims">namespace/name of the Services that claim the address and port now, if several do; empty for one.</param>
/// <param name="IpvsRemoved">Connections that IPVS keeps now to servers that were removed; 0 in a window that ended before.</param>
/// <param name="IpvsDraining">The same to servers of weight 0.</param>
/// <param name="BackendsOmitted">Only backends with entries that lead astray now are listed.</param>
internal sealed record TimelineService(
    string Namespace, string Name, string Vip, int Port, string Proto, IReadOnlyList<string> Claims, long IpvsRemoved, long IpvsDraining, TimelineSum Sum, bool BackendsOmitted,
    IReadOnlyList<TimelineBackend> Backends);

/// <param name="Owner">Ownership of the address at the end of the window.</param>
/// <param name="Entries">Entries in a live state, the maximum within each column.</param>
/// <param name="Closing">Entries in a closing state.</param>
/// <param name="Stale">Stale entries, a part of the entries.</param>
internal sealed record TimelineBackend(string Ip, int Port, string? Pod, OwnerState Owner, EntryState State, int[] Entries, [property: JsonPropertyName("leftovers")] int[] Closing, int[] Stale);

internal sealed record TimelineResets(int[] UnNated, int[] FromBackend, int[] Other);

/// <param name="Node">Null for a gap of the console itself.</param>
internal sealed record TimelineGap(string? Node, GapKind Kind, string Code, string From, string To, string Text);

/// <summary>A container, or the sandbox of a pod, that started again while the pod lived.</summary>
/// <param name="Container">Null if the sandbox was created again.</param>
/// <param name="FormerIp">The address that the pod lost; null if it kept its address.</param>
internal sealed record TimelineRestart(
    string Uid, string Namespace, string Pod, string Node, string? Service, PodRestartKind Kind, string? Container, int Count, string At, int? ExitCode, string? Reason,
    string? FormerIp, string? Ip);

internal sealed record TimelineSetting(string Node, string At, string Name, string Before, string After);

/// <summary>A termination as GET terminations returns it, with the entries that still lead to it.</summary>
internal sealed record TimelineTermination([property: JsonIgnore] TerminationView Termination, [property: JsonPropertyOrder(1)] int StaleEntries) : TerminationView(Termination);
