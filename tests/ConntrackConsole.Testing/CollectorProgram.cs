using System.Diagnostics;
using ConntrackConsole.Kernel.Namespaces;

namespace ConntrackConsole.Testing;

/// <summary>The collector as a separate process, inside a namespace.</summary>
internal static class CollectorProgram
{
    public static (int ExitCode, string Output, string Errors) Run(NetworkNamespace? inside, params string[] arguments)
    {
        using var process = Start(inside, arguments);
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    public static Process Start(NetworkNamespace? inside, params string[] arguments)
    {
        var start = new ProcessStartInfo(Programs.Collector, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return inside is null ? Process.Start(start)! : inside.Run(() => Process.Start(start)!);
    }
}
