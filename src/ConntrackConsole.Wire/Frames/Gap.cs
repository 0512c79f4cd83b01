namespace ConntrackConsole.Wire;

/// <summary>Why a stretch of time is not fully known.</summary>
public enum GapKind : byte
{
    /// <summary>The kernel's event queue overran (ENOBUFS); a new dump followed.</summary>
    EventsLost = 1,
    /// <summary>Trace records of resets were overwritten before they were read.</summary>
    ResetsLost = 2,
    /// <summary>Frames were dropped because the console could not be reached for too long.</summary>
    FramesDropped = 3,
    /// <summary>The console saw a jump in a collector's frame numbers.</summary>
    SequenceJump = 4,
    /// <summary>The console heard nothing from the collector.</summary>
    Silent = 5,
    /// <summary>More resets in one second than a frame carries; the rest is counted by kind only.</summary>
    ResetsTruncated = 6,
    /// <summary>The collector started here: what was before is unknown.</summary>
    Started = 7,
    /// <summary>The table was followed by dumps alone: what came and went between two of them was not seen.</summary>
    DumpOnly = 8,
}

/// <summary>A stretch of time in which we were deaf or only half awake.</summary>
/// <param name="Kind">Why.</param>
/// <param name="FromMs">Start, milliseconds of Unix time.</param>
/// <param name="ToMs">End, milliseconds of Unix time.</param>
/// <param name="Lost">How many items are known to be lost; 0 = unknown.</param>
public readonly record struct Gap(GapKind Kind, long FromMs, long ToMs, uint Lost);
