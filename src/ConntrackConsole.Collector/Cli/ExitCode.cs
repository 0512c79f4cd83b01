namespace ConntrackConsole.Collector.Cli;

/// <summary>How the program ends; part of its outside face.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int RefusedByGuard = 3;
}

/// <summary>Ends the program with one sentence on standard error.</summary>
internal sealed class CommandException(int exitCode, string sentence) : Exception(sentence)
{
    public int ExitCode { get; } = exitCode;
}
