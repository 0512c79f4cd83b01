
using ConntrackConsole.Timeline.Query;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>How the container finished, as one sign each.</summary>
public enum ContainerEnd
{
    Unknown,
    /// <summary>Exit 0.</summary>
    Clean,
    /// <summary>Exit 143: SIGTERM ended it, it has no handler.</summary>
    Terminated,
    /// <summary>Exit 137: SIGKILL, usually at the end of the grace.</summary>
    Killed,
    OutOfMemory,
    /// <summary>Any other exit code.</summary>
    Failed,
}

internal static class ContainerEnds
{
    // finishedAt has whole seconds, and the kubelet needs one to kill.
    private const long NearMs = 2_500;

    public static ContainerEnd Of(TerminationSpan span) => (span.Told?.ExitReason, span.ExitCode, span.Told?.ExitSignal) switch
    {
        ("OOMKilled", _, _) => ContainerEnd.OutOfMemory,
        (_, null, null) => ContainerEnd.Unknown,
        (_, 0, _) => ContainerEnd.Clean,
        (_, 143, _) or (_, _, 15) => ContainerEnd.Terminated,
        (_, 137, _) or (_, _, 9) => ContainerEnd.Killed,
        _ => ContainerEnd.Failed,
    };

    /// <summary>Such as "exit 137: killed at the end of its grace"; empty where nothing is known.</summary>
    public static string Words(TerminationSpan span)
    {
        string code = span.ExitCode is { } exit ? $"exit {exit}" : span.Told?.ExitSignal is { } signal ? $"signal {signal}" : "";
        string how = Of(span) switch
        {
            ContainerEnd.OutOfMemory => "OOMKilled: out of memory",
            ContainerEnd.Clean => "by itself",
            ContainerEnd.Terminated => "ended by SIGTERM",
            ContainerEnd.Killed when AtGrace(span) => "killed at the end of its grace",
            ContainerEnd.Killed => "killed (SIGKILL)",
            ContainerEnd.Failed => span.Told?.ExitReason is { Length: > 0 } reason and not "Error" ? reason : "with an error",
            _ => "",
        };
        return code.Length > 0 && how.Length > 0 ? $"{code}: {how}" : code + how;
    }

    private static bool AtGrace(TerminationSpan span) =>
        span is { Told.GraceSeconds: { } grace, ContainerFinishedMs: { } finished } && finished - span.DeletionRequestedMs >= (grace * 1000L) - NearMs;
}
