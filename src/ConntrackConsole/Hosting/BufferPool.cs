namespace ConntrackConsole.Hosting;

/// <summary>The process's shared pool of buffers.</summary>
internal static class BufferPool
{
    /// <summary>How many buffers of each size it keeps for a processor.</summary>
    public const int Kept = 512;

    private const string Variable = "DOTNET_SYSTEM_BUFFERS_SHAREDARRAYPOOL_MAXARRAYSPERPARTITION";

    /// <summary>
    /// A message to or from a collector takes a buffer of 4 KiB until it is read. Those of thousands of collectors come within a fraction of a
    /// second, and of 32 buffers, which are kept by default, nearly each one had to be allocated: a third of all garbage at 5,000 nodes. The
    /// runtime has no other way to set it. What the user sets stays.
    /// </summary>
    public static void Configure()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
            Environment.SetEnvironmentVariable(Variable, Kept.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }
}
