using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Text;

/// <summary>Display names of states, causes and effects, and formatted durations and counts.</summary>
internal static class DisplayText
{
    public static string Duration(long ms) => Math.Abs(ms) switch
    {
        < 1_000 => $"{ms} ms",
        < 10_000 => $"{ms / 1000.0:0.0} s",
        < 120_000 => $"{ms / 1000} s",
        3_600_000 => "1 h",
        < 7_200_000 => ms / 1000 % 60 == 0 ? $"{ms / 60_000} min" : $"{ms / 60_000} min {ms / 1000 % 60} s",
        < 172_800_000 => ms / 60_000 % 60 == 0 ? $"{ms / 3_600_000} h" : $"{ms / 3_600_000} h {ms / 60_000 % 60} min",
        _ => ms / 3_600_000 % 24 == 0 ? $"{ms / 86_400_000} d" : $"{ms / 86_400_000} d {ms / 3_600_000 % 24} h",
    };

    public static string Ago(long ms) => ms < 0 ? $"in {Duration(-ms)}" : $"{Duration(ms)} ago";

    public static string Count(long count, string one, string? many = null) => count == 1 ? $"1 {one}" : $"{count:N0} {many ?? one + "s"}";

    public static string Name(OwnerState owner) => owner switch
    {
        OwnerState.Live => "live",
        OwnerState.Terminating => "terminating",
        OwnerState.Lost => "lost (node unreachable)",
        OwnerState.Gone => "gone",
        OwnerState.Node => "node address",
        OwnerState.Service => "Service address",
        _ => "unknown",
    };

    /// <summary>Why a pod was terminated.</summary>
    public static string Name(TerminationCause cause) => cause switch
    {
        TerminationCause.Rollout => "rollout",
        TerminationCause.ScaleDown => "scale-down",
        TerminationCause.Drain => "drain",
        TerminationCause.Eviction => "eviction by the kubelet",
        TerminationCause.Preemption => "preemption",
        TerminationCause.NodeLost => "node lost",
        TerminationCause.Completion => "completion",
        TerminationCause.ByHand => "deleted manually",
        TerminationCause.WorkloadDeleted => "workload deleted",
        TerminationCause.Forced => "forced (grace 0)",
        TerminationCause.OutOfMemory => "out of memory (OOMKilled)",
        TerminationCause.Failed => "failed (exit code)",
        TerminationCause.NodeShutdown => "node shutdown",
        TerminationCause.Taint => "taint (NoExecute)",
        TerminationCause.Rejected => "rejected by the kubelet",
        TerminationCause.NamespaceDeleted => "namespace deleted",
        _ => "unknown cause",
    };

    /// <summary>A restart in a pod that lives on.</summary>
    public static string Describe(PodRestart restart)
    {
        ArgumentNullException.ThrowIfNull(restart);
        string exit = restart.ExitCode is { } code ? $", exit code {code}" : "";
        return restart.Kind switch
        {
            PodRestartKind.Sandbox => $"{restart.Pod}: sandbox created again, {restart.FormerIp} became {restart.Ip}",
            PodRestartKind.OutOfMemory => $"{restart.Pod}: container {restart.Container} exceeded its memory limit and restarted (OOMKilled{exit})",
            _ => $"{restart.Pod}: container {restart.Container} restarted ({restart.Reason ?? "reason unknown"}{exit})",
        };
    }

    /// <summary>The cause as one letter, on the canvas and next to its name.</summary>
    public static string Letter(TerminationCause cause) => cause switch
    {
        TerminationCause.Rollout => "R",
        TerminationCause.ScaleDown => "S",
        TerminationCause.Drain => "D",
        TerminationCause.Eviction => "E",
        TerminationCause.Preemption => "P",
        TerminationCause.NodeLost => "N",
        TerminationCause.Completion => "C",
        TerminationCause.ByHand => "H",
        TerminationCause.WorkloadDeleted => "W",
        TerminationCause.Forced => "F",
        TerminationCause.OutOfMemory => "O",
        TerminationCause.Failed => "X",
        TerminationCause.NodeShutdown => "U",
        TerminationCause.Taint => "T",
        TerminationCause.Rejected => "J",
        TerminationCause.NamespaceDeleted => "M",
        _ => "?",
    };

    public static string Name(EntryState state) => state switch
    {
        EntryState.Active => "active",
        EntryState.Draining => "draining",
        EntryState.Stale => "stale",
        EntryState.Reassigned => "reassigned",
        EntryState.Closing => "closing",
        EntryState.Untranslated => "untranslated",
        EntryState.Left => "left the Service",
        EntryState.Unready => "not ready",
        _ => "unknown",
    };

    public static string Name(ResetKind kind) => kind switch
    {
        ResetKind.UnNated => "un-NATed",
        ResetKind.FromBackend => "from the backend",
        ResetKind.ClientAbort => "client abort",
        ResetKind.Direct => "direct",
        ResetKind.RefusedSyn => "refused connection",
        ResetKind.NewBackend => "from a new backend",
        _ => "other",
    };

    /// <summary>The effect of deleting an entry, for a list.</summary>
    public static string Name(FlushEffect effect) => effect switch
    {
        FlushEffect.FailsFast => "fails fast",
        FlushEffect.Moves => "moves to a live pod",
        FlushEffect.MayBreak => "may break",
        FlushEffect.Hangs => "hangs",
        FlushEffect.NoEffect => "no effect",
        _ => "unknown",
    };

    public static string Count(int count, FlushEffect effect) => effect switch
    {
        FlushEffect.FailsFast => count == 1 ? "1 fails fast" : $"{count:N0} fail fast",
        FlushEffect.Moves => count == 1 ? "1 moves" : $"{count:N0} move",
        FlushEffect.MayBreak => $"{count:N0} may break",
        FlushEffect.Hangs => count == 1 ? "1 hangs" : $"{count:N0} hang",
        _ => $"{count:N0} without effect",
    };

    public static string Explain(FlushEffect effect) => effect switch
    {
        FlushEffect.FailsFast => "the client's next retransmission reaches a live pod, which resets it; the client reconnects",
        FlushEffect.Moves => "the next datagram goes to a current endpoint",
        FlushEffect.MayBreak => "its backend may be alive, or IPVS may keep the connection: the flush can break it",
        FlushEffect.Hangs => "the client hangs until its own timeout",
        FlushEffect.NoEffect => "the connection is already closing, or IPVS creates the entry again",
        _ => "not predicted",
    };
}
