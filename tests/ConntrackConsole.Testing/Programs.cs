using System.Diagnostics;

namespace ConntrackConsole.Testing;

/// <summary>
/// The programs that tests start as processes. CONNTRACK_PROGRAMS is the folder of the published ones (native, or compiled ahead
/// of time), set by tests/run; without it they are those built beside the tests.
/// </summary>
public static class Programs
{
    public static string Collector { get; } = PathOf("ConntrackConsole.Collector", "conntrack-collector");

    public static string Console { get; } = PathOf("ConntrackConsole", "conntrack-console");

    public static string Lab { get; } = PathOf("ConntrackConsole.Lab", "conntrack-lab");

    /// <summary>For a process that runs for seconds: code that was compiled once is not profiled and compiled again.</summary>
    public static ProcessStartInfo ShortLived(ProcessStartInfo start)
    {
        start.Environment["DOTNET_TieredPGO"] = "0";
        // What is compiled at run time, such as the expressions of each query, is not optimized: that takes longer than it then runs.
        start.Environment["DOTNET_JITMinOpts"] = "1";
        start.Environment["DOTNET_TC_CallCountingDelayMs"] = "EA60"; // hexadecimal: a minute
        return start;
    }

    private static string PathOf(string project, string program)
    {
        // artifacts/bin/<project>/<configuration>/ and artifacts/publish/<project>/<configuration>/
        string here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string folder = Environment.GetEnvironmentVariable("CONNTRACK_PROGRAMS") is { Length: > 0 } published
            ? Path.Combine(published, project, "release")
            : Path.Combine(here, "..", "..", project, Path.GetFileName(here));
        return Path.GetFullPath(Path.Combine(folder, program));
    }
}
