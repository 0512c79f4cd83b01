using System.ComponentModel;

namespace ConntrackConsole.Wire;

/// <summary>Codes of frames that the console rejects.</summary>
[ReasonCodes("Frames")]
internal static class FrameReasons
{
    /// <summary>The frame cannot be read.</summary>
    [Description("The frame cannot be read.")]
    public const string Unreadable = "frame.unreadable";

    /// <summary>The clock of the node is ahead of the console's.</summary>
    [Description("The clock of the node is ahead of the console's: its frames are rejected until it is right.")]
    public const string ClockAhead = "frame.clock_ahead";
}
