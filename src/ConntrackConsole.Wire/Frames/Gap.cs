namespace ConntrackConsole.Wire;

/// <summary>Why the data of an interval is incomplete.</summary>
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
    /// <summary>The console received nothing from the collector.</summary>
    Silent = 5,
    /// <summary>More resets in one second than fit into a frame; the rest is only counted by kind.</summary>
    ResetsTruncated = 6,
    /// <summary>The collector started here: earlier data is unknown.</summary>
    Started = 7,
    /// <summary>
    /// The table was followed by dumps alone: entries that were created and destroyed between two dumps were not seen.
    /// </summary>
    DumpOnly = 8,
}

/// <summary>An interval for which data is missing or incomplete.</summary>
/// <param name="Kind">Why.</param>
/// <param name="FromMs">Start, milliseconds of Unix time.</param>
/// <param name="ToMs">End, milliseconds of Unix time.</param>
/// <param name="Lost">How many items are known to be lost; 0 = unknown.</param>
public readonly record struct Gap(GapKind Kind, long FromMs, long ToMs, uint Lost);
