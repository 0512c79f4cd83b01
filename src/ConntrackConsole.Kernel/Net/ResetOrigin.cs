namespace ConntrackConsole.Kernel.Net;

/// <summary>The source that observed a reset.</summary>
public enum ResetOrigin : byte
{
    /// <summary>The kernel's tcp tracepoints.</summary>
    Trace = 0,
    /// <summary>A packet socket.</summary>
    Packet = 1,
}
