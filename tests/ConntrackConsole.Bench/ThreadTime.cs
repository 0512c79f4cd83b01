using System.Runtime.InteropServices;

namespace ConntrackConsole.Bench;

/// <summary>Processor time of the calling thread, in microseconds.</summary>
internal static unsafe partial class ThreadTime
{
    private const int RUSAGE_THREAD = 1;

    public static (double User, double System) Now
    {
        get
        {
            var usage = stackalloc long[18]; // struct rusage: two timevals and fourteen longs
            _ = GetRUsage(RUSAGE_THREAD, usage);
            return ((usage[0] * 1e6) + usage[1], (usage[2] * 1e6) + usage[3]);
        }
    }

    public static double Total => Now.User + Now.System;

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetRUsage(int who, long* usage);
}
