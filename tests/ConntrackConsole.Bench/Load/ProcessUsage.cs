using System.Globalization;

namespace ConntrackConsole.Bench.Load;

/// <summary>What a process has used so far, from /proc and from <see cref="StartupHook"/>.</summary>
/// <param name="At">When it was read, <see cref="Environment.TickCount64"/>.</param>
/// <param name="CpuSeconds">User and system.</param>
/// <param name="AllocatedBytes">NaN if not known.</param>
/// <param name="PausedMs">NaN if not known.</param>
internal sealed record ProcessUsage(long At, double CpuSeconds, double RssMb, double MaxRssMb, double AllocatedBytes, double PausedMs)
{
    /// <summary>Of the kernel's processor times.</summary>
    public const double TicksPerSecond = 100;

    public static ProcessUsage Read(int pid, string? memoryFile)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        // The program's name, in parentheses, may contain blanks.
        string[] words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var (allocated, paused) = Memory(memoryFile);
        return new ProcessUsage(
            Environment.TickCount64, (Number(words[11]) + Number(words[12])) / TicksPerSecond, Status(pid, "VmRSS:"), Status(pid, "VmHWM:"), allocated, paused);
    }

    private static (double Allocated, double Paused) Memory(string? file)
    {
        string[] last = file is not null && File.Exists(file) ? File.ReadLines(file).LastOrDefault("").Split(' ') : [];
        return last.Length == 2 ? (Number(last[0]), Number(last[1])) : (double.NaN, double.NaN);
    }

    private static double Status(int pid, string key) => File.ReadLines($"/proc/{pid}/status")
        .Where(line => line.StartsWith(key, StringComparison.Ordinal))
        .Select(line => Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) / 1024).First();

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
