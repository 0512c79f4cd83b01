using System.Globalization;

/// <summary>
/// Runs inside a console under load (DOTNET_STARTUP_HOOKS, which requires this name without a namespace): writes each second what only
/// the process itself knows, its allocations and pauses.
/// </summary>
#pragma warning disable CA1050 // Declare types in namespaces
internal static class StartupHook
#pragma warning restore CA1050
{
    /// <summary>Names the file.</summary>
    public const string File = "CONNTRACK_BENCH_MEMORY";

    private static Timer? s_timer;

    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(File) is not { } path)
            return;
        s_timer = new Timer(_ => System.IO.File.AppendAllText(path, string.Create(
            CultureInfo.InvariantCulture, $"{GC.GetTotalAllocatedBytes()} {GC.GetTotalPauseDuration().TotalMilliseconds:0.0}\n")), null, 0, 1_000);
    }
}
