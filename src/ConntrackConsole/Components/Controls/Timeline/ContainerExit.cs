using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>How the container exited; each has its own symbol.</summary>
public enum ContainerExit
{
    Unknown,
    /// <summary>Exit code 0.</summary>
    Clean,
    /// <summary>Exit code 143: terminated by SIGTERM, no handler.</summary>
    Terminated,
    /// <summary>Exit code 137: SIGKILL, usually at the end of the grace period.</summary>
    Killed,
    OutOfMemory,
    /// <summary>Any other exit code.</summary>
    Failed,
}

internal static class ContainerExits
{
    // finishedAt has a resolution of one second, and the kubelet takes about one second to kill.
    private const long GraceToleranceMs = 2_500;

    public static ContainerExit Of(TerminationSpan span) => (span.Reported?.ExitReason, span.ExitCode, span.Reported?.ExitSignal) switch
    {
        ("OOMKilled", _, _) => ContainerExit.OutOfMemory,
        (_, null, null) => ContainerExit.Unknown,
        (_, 0, _) => ContainerExit.Clean,
        (_, 143, _) or (_, _, 15) => ContainerExit.Terminated,
        (_, 137, _) or (_, _, 9) => ContainerExit.Killed,
        _ => ContainerExit.Failed,
    };

    /// <summary>Such as "exit 137: killed at the end of the grace period"; empty if unknown.</summary>
    public static string Describe(TerminationSpan span)
    {
        string code = span.ExitCode is { } exit ? $"exit {exit}" : span.Reported?.ExitSignal is { } signal ? $"signal {signal}" : "";
        string how = Of(span) switch
        {
            ContainerExit.OutOfMemory => "OOMKilled: out of memory",
            ContainerExit.Clean => "normal exit",
            ContainerExit.Terminated => "terminated by SIGTERM",
            ContainerExit.Killed when AtGrace(span) => "killed at the end of the grace period",
            ContainerExit.Killed => "killed (SIGKILL)",
            ContainerExit.Failed => span.Reported?.ExitReason is { Length: > 0 } reason and not "Error" ? reason : "with an error",
            _ => "",
        };
        return code.Length > 0 && how.Length > 0 ? $"{code}: {how}" : code + how;
    }

    private static bool AtGrace(TerminationSpan span) =>
        span is { Reported.GraceSeconds: { } grace, ContainerFinishedMs: { } finished } && finished - span.DeletionRequestedMs >= (grace * 1000L) - GraceToleranceMs;
}
