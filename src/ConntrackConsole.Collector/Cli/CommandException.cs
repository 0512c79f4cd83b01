using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>Ends the program with an exit code and, on standard error, one sentence with its stable code.</summary>
internal sealed class CommandException(int exitCode, string code, string message) : Exception(message)
{
    public CommandException(int exitCode, Reason reason)
        : this(exitCode, reason.Code, reason.Message)
    {
    }

    public int ExitCode { get; } = exitCode;

    public Reason Reason { get; } = new(code, message);
}
