using System.ComponentModel;

namespace ConntrackConsole.Wire;

/// <summary>Stable codes of <see cref="GapKind"/> for programs.</summary>
[ReasonCodes("Gaps in recorded data")]
internal static class GapCodes
{
    /// <summary><see cref="GapKind.EventsLost"/>.</summary>
    [Description("The kernel dropped conntrack events because the receive queue was full; the table was read again.")]
    public const string EventsLost = "gap.events_lost";

    /// <summary><see cref="GapKind.ResetsLost"/>.</summary>
    [Description("Records of TCP resets were overwritten before they were read.")]
    public const string ResetsLost = "gap.resets_lost";

    /// <summary><see cref="GapKind.FramesDropped"/>.</summary>
    [Description("Frames were dropped before the console stored them, or cannot be read from storage.")]
    public const string FramesDropped = "gap.frames_dropped";

    /// <summary><see cref="GapKind.SequenceJump"/>.</summary>
    [Description("Frames of a collector are missing between two frames that arrived.")]
    public const string SequenceJump = "gap.sequence_jump";

    /// <summary><see cref="GapKind.Silent"/>.</summary>
    [Description("The console received nothing from the collector.")]
    public const string Silent = "gap.silent";

    /// <summary><see cref="GapKind.ResetsTruncated"/>.</summary>
    [Description("More resets in one second than a frame lists individually; the counts are complete.")]
    public const string ResetsTruncated = "gap.resets_truncated";

    /// <summary><see cref="GapKind.Started"/>.</summary>
    [Description("The collector started here; earlier data is unknown.")]
    public const string Started = "gap.started";

    /// <summary><see cref="GapKind.DumpOnly"/>.</summary>
    [Description("The table was polled every few seconds instead of followed by events; shorter-lived entries were not seen.")]
    public const string DumpOnly = "gap.dump_only";

    /// <summary>Anything else: a kind that a newer collector sent.</summary>
    [Description("A gap of a kind that this version does not know.")]
    public const string Unknown = "gap.unknown";

    /// <summary>The code of a kind.</summary>
    public static string Code(this GapKind kind) => kind switch
    {
        GapKind.EventsLost => EventsLost,
        GapKind.ResetsLost => ResetsLost,
        GapKind.FramesDropped => FramesDropped,
        GapKind.SequenceJump => SequenceJump,
        GapKind.Silent => Silent,
        GapKind.ResetsTruncated => ResetsTruncated,
        GapKind.Started => Started,
        GapKind.DumpOnly => DumpOnly,
        _ => Unknown,
    };
}
