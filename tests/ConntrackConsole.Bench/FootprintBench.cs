using System.Diagnostics;
using System.Globalization;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Bench;

/// <summary>The published binary as a process: memory, idle cost, time to the first frame. Runs in the calling thread's namespace.</summary>
internal static class FootprintBench
{
    public static void Start(Report report, string binary, int rounds)
    {
        var times = new List<double>();
        for (int round = 0; round <= rounds; round++)
        {
            long at = Stopwatch.GetTimestamp();
            using var process = Watch(binary);
            process.StandardOutput.ReadLine();
            if (round > 0)
                times.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
            process.Kill();
            process.WaitForExit();
        }

        report.AtMost("start to first frame, empty table (AOT)", Median.Of(times), "ms", 150);
    }

    public static void Follow(Report report, string binary, int flows, double limitMb, bool idle)
    {
        using (var maker = NetlinkSocket.Open(NetlinkFamily.Netfilter))
            Entries.Make(maker, 0, flows);
        using var process = Watch(binary);
        process.StandardOutput.ReadLine();
        var reading = process.StandardOutput.ReadToEndAsync();
        Thread.Sleep(3000);
        double before = CpuSeconds(process.Id);
        long at = Stopwatch.GetTimestamp();
        int seconds = idle ? 90 : 20;
        for (int second = 0; second < seconds; second++)
            Thread.Sleep(1000);
        double share = (CpuSeconds(process.Id) - before) / Stopwatch.GetElapsedTime(at).TotalSeconds;
        double peak = StatusMb(process.Id, "VmHWM");
        report.AtMost($"RSS, following {flows:N0} flows (AOT)", StatusMb(process.Id, "VmRSS"), "MB", limitMb, $"peak {peak:0} MB");
        if (idle)
            report.AtMost($"idle CPU, following {flows:N0} flows (AOT)", share * 100, "% of a core", 0.5, $"over {seconds} s, background dump included");
        process.Kill();
        process.WaitForExit();
        reading.Wait();
    }

    private static Process Watch(string binary) =>
        Process.Start(new ProcessStartInfo(binary, "watch --json") { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static double StatusMb(int pid, string key) => File.ReadLines($"/proc/{pid}/status")
        .Where(line => line.StartsWith(key, StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024).First();

    private static double CpuSeconds(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }
}
