using ConntrackConsole.Collector.Host;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>The user of this node's shell as the origin of an action.</summary>
internal static class LocalOperator
{
    /// <summary>The user name; under sudo, the user who called it.</summary>
    public static string Who => Environment.GetEnvironmentVariable("SUDO_USER") is { Length: > 0 and <= 64 } caller ? caller : Environment.UserName;

    /// <exception cref="CommandException">This environment is observe-only.</exception>
    public static void ThrowIfObserveOnly()
    {
        if (ObserveOnly.Refusal(Environment.MachineName, option: false, Environment.GetEnvironmentVariable(ObserveOnly.Variable)) is { } refusal)
            throw new CommandException(ExitCode.RefusedByGuard, refusal);
    }

    public static JournalLine Begin(string? reason) => new()
    {
        Phase = JournalPhase.Begin, At = DateTimeOffset.UtcNow, ActionId = NewId(), Origin = JournalOrigin.CommandLine, Who = Who, Reason = reason,
    };

    public static NodeCommand Command(string reason, bool breakGlass) => new(NewId(), Who, null, reason, breakGlass, long.MaxValue);

    private static string NewId() => Guid.CreateVersion7().ToString("N");
}
