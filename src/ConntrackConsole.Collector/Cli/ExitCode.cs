namespace ConntrackConsole.Collector.Cli;

/// <summary>Exit codes of the program; part of its public interface.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int RefusedByGuard = 3;
}
