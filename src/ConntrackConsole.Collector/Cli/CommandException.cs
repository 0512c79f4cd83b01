namespace ConntrackConsole.Collector.Cli;

/// <summary>Ends the program with an exit code and one sentence on standard error.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
