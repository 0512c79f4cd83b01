
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>How an act of somebody at this node's shell stands in the journal.</summary>
internal static class LocalOperator
{
    /// <summary>Who types; behind sudo the one who called it.</summary>
    public static string Who => Environment.GetEnvironmentVariable("SUDO_USER") is { Length: > 0 and <= 64 } caller ? caller : Environment.UserName;

    public static JournalLine Begin(string? reason) => new()
    {
        Phase = JournalPhase.Begin, At = DateTimeOffset.UtcNow, ActionId = NewId(), Origin = JournalOrigin.CommandLine, Who = Who, Reason = reason,
    };

    public static NodeCommand Command(string reason, bool breakGlass) => new(NewId(), Who, null, reason, breakGlass, long.MaxValue);

    private static string NewId() => Guid.CreateVersion7().ToString("N");
}
