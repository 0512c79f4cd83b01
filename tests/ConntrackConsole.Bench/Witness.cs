using System.Diagnostics;

namespace ConntrackConsole.Bench;

/// <summary>The conntrack program, run in the calling thread's namespace, its output discarded by the kernel.</summary>
internal static class Witness
{
    /// <returns>Milliseconds from start to end of the process.</returns>
    public static double Run(string arguments)
    {
        var start = new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", $"exec conntrack {arguments} >/dev/null 2>&1" } };
        long at = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        process.WaitForExit();
        double took = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"conntrack {arguments} ended with {process.ExitCode}.");
        return took;
    }
}
