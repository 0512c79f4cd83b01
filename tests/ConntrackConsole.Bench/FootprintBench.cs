using System.Diagnostics;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Bench;

/// <summary>
/// Published binaries as processes: memory, idle cost, time to the first frame. Runs in the calling thread's namespace. If another
/// binary is named, both are measured in turn.
/// </summary>
internal static class FootprintBench
{
    private const int IdleSeconds = 90;
    private const int SettleSeconds = 10;

    public static void Start(Report report, string binary, int rounds)
    {
        var times = new List<double>();
        for (int round = 0; round <= rounds; round++)
        {
            long at = Stopwatch.GetTimestamp();
            using var process = WatchProcess.Start(binary);
            process.WaitForFirstFrame();
            if (round > 0)
                times.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
        }

        report.AtMost("start to first frame, empty table (AOT)", Median.Of(times), "ms", 150);
    }

    /// <param name="against">An earlier binary, or null.</param>
    /// <param name="limitOfAgainst">Maximum ratio of the memory of both.</param>
    public static void Follow(Report report, string binary, string? against, int flows, double limitMb, double limitOfAgainst, int rounds)
    {
        using (var maker = NetlinkSocket.Open(NetlinkFamily.Netfilter))
            Entries.Make(maker, 0, flows);
        List<ResidentMemory> ours = [], former = [];
        for (int round = 0; round < rounds; round++)
        {
            ours.Add(Measure(binary));
            if (against is not null)
                former.Add(Measure(against));
        }

        report.AtMost($"RSS, following {flows:N0} flows (AOT)", Median.Of(ours.Select(memory => memory.TotalMb)), "MB", limitMb, Detail(ours));
        if (against is null)
            return;
        report.AtMost(
            "… / the earlier binary's", Median.Of(ours.Zip(former, (a, b) => a.TotalMb / b.TotalMb)), "×", limitOfAgainst,
            $"theirs {Median.Of(former.Select(memory => memory.TotalMb)):0} MB, {Detail(former)}");
        report.Info("… without mapped files", Median.Of(ours.Zip(former, (a, b) => a.AnonymousMb / b.AnonymousMb)), "×");

        static ResidentMemory Measure(string binary)
        {
            using var process = WatchProcess.Start(binary);
            process.WaitForFirstFrame();
            Thread.Sleep(SettleSeconds * 1000);
            return process.Memory;
        }

        static string Detail(List<ResidentMemory> memory) =>
            $"{Median.Of(memory.Select(one => one.AnonymousMb)):0.0} MB without mapped files, peak {Median.Of(memory.Select(one => one.PeakMb)):0} MB";
    }

    /// <summary>The idle cost while a large table is followed, background dump included.</summary>
    public static void FollowIdle(Report report, string binary, int flows)
    {
        using (var maker = NetlinkSocket.Open(NetlinkFamily.Netfilter))
            Entries.Make(maker, 0, flows);
        double share = Share(binary, out _);
        report.AtMost($"idle CPU, following {flows:N0} flows (AOT)", share * 100, "% of a core", 0.5, $"over {IdleSeconds} s, background dump included");
    }

    /// <summary>
    /// A node on which nothing happens except the collector's own probes of kube-proxy, which the kernel tracks. A frame a second
    /// shows the console that the node is observed; none but a key frame has anything in it.
    /// </summary>
    public static void Idle(Report report, string binary, string? against)
    {
        Tracking.Enable();
        double share = Share(binary, out var frames);
        report.AtMost("CPU on an idle node (AOT)", share * 100, "% of a core", 0.1, $"over {IdleSeconds} s");
        report.AtMost("… frames with anything in them, key frames apart", frames.WithContent, "", 0, $"of {frames.Total} frames, {frames.Key} of them key frames");
        if (against is null)
            return;
        double theirs = Share(against, out var former);
        report.Info("… CPU / the earlier binary's", share / theirs, "×", $"theirs {theirs * 100:0.00} % of a core, {former.WithContent} of {former.Total} frames with content");
    }

    private static double Share(string binary, out FrameCount frames)
    {
        using var process = WatchProcess.Start(binary);
        process.WaitForFirstFrame();
        Thread.Sleep(SettleSeconds * 1000);
        double before = process.CpuSeconds;
        var counted = process.Frames;
        long at = Stopwatch.GetTimestamp();
        Thread.Sleep(IdleSeconds * 1000);
        double share = (process.CpuSeconds - before) / Stopwatch.GetElapsedTime(at).TotalSeconds;
        frames = process.Frames - counted;
        return share;
    }
}
