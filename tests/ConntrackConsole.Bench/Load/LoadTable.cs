using System.Globalization;

namespace ConntrackConsole.Bench.Load;

/// <summary>The figures of one console's rounds, or of two consoles' with the ratios of their medians, as a table.</summary>
internal static class LoadTable
{
    /// <param name="others">Of the console to compare with; empty if there is no such.</param>
    public static void Write(LoadOptions options, IReadOnlyList<LoadResult> results, IReadOnlyList<LoadResult> others)
    {
        bool compares = others.Count > 0;
        var against = RoundFigure.Of(others.Select(other => Figures(options, other))).ToDictionary(row => row.What);
        string rounds = results.Count == 1 ? "" : $"{results.Count} rounds, medians, ";
        Console.WriteLine();
        Console.WriteLine($"| {options.Nodes:N0} nodes, {options.Readers} readers, {options.Whole} of the whole cluster, {options.Pages} pages, {options.Seconds} s ({rounds}{Environment.ProcessorCount} cores shared with the generator, load average {LoadAverage()}) | console |{(compares ? " against | ratio |" : "")} |");
        Console.WriteLine($"|---|---|{(compares ? "---|---|" : "")}---|");
        foreach (var row in RoundFigure.Of(results.Select(result => Figures(options, result))))
        {
            string compared = "";
            if (compares)
            {
                var other = against.GetValueOrDefault(row.What);
                double ratio = row.Value / (other?.Value ?? double.NaN);
                compared = $" {(other is null ? "–" : Text(other))} | {(double.IsFinite(ratio) ? $"{ratio.ToString("0.00", CultureInfo.InvariantCulture)} ×" : "")} |";
            }

            Console.WriteLine($"| {row.What} | {Text(row)} |{compared} {row.Detail} |");
        }

        Console.WriteLine($"| each frame stored exactly once | {Exact(results)} |{(compares ? $" {Exact(others)} | |" : "")} |");
    }

    private static string Exact(IReadOnlyList<LoadResult> results)
    {
        int exact = results.Count(result => result.Count.IsExact);
        return exact == results.Count ? "yes" : results.Count == 1 ? "**no**" : $"**in {exact} of {results.Count} rounds**";
    }

    private static List<(string What, double Value, string Unit, string Detail)> Figures(LoadOptions options, LoadResult result)
    {
        var (first, last) = (result.Usages[0], result.Usages[^1]);
        double seconds = (last.At - first.At) / 1_000.0;
        double[] cores = [.. result.Usages.Zip(result.Usages.Skip(1), (a, b) => (b.CpuSeconds - a.CpuSeconds) / Math.Max(0.001, (b.At - a.At) / 1_000.0)).Order()];
        double nodeMinutes = result.Count.Stored / 60.0;
        List<(string, double, string, string)> figures =
        [
            ("frames made", result.Made, "", $"{result.FrameBytes:0} B each, {result.FramesPerSecond:0} a second"),
            ("… acknowledged", result.Acknowledged, "", $"{result.Resent:N0} sent again"),
            ("… stored", result.Count.Stored, "", ""),
            ("… lost", result.Count.Lost, "", ""),
            ("… waiting for a resend", result.Count.Waiting, "", result.Count.Waiting == 0 ? "" : "two minutes after the last was made: more than the console can store"),
            ("… duplicate", result.Count.Duplicates, "", result.Count.Foreign == 0 ? "" : $"{result.Count.Foreign} rows are not as they were made"),
            ("… single rows beside their pack", result.Count.BesidePack, "", "no second frames: deleted once all nodes' are packed"),
            ("lag made to acknowledged, p50", result.LagMs.P50, "ms", ""),
            ("… p99", result.LagMs.P99, "ms", ""),
            ("cores, mean", (last.CpuSeconds - first.CpuSeconds) / seconds, "", ""),
            ("… p99 of its seconds", cores[(int)((cores.Length - 1) * 0.99)], "", ""),
            ("generator's cores", result.GeneratorCores, "", $"API server and readers included; late by {result.GeneratorLateMs} ms at most"),
            ("other processes' cores", result.OtherCores, "", ""),
            ("RSS, last", last.RssMb, "MB", ""),
            ("… max", last.MaxRssMb, "MB", ""),
            ("allocated a second", (last.AllocatedBytes - first.AllocatedBytes) / seconds / 1e6, "MB", ""),
            ("GC pauses", (last.PausedMs - first.PausedMs) / seconds / 10, "%", "share of the time"),
            ("rollup of all nodes after the minute's end", result.RollupSeconds.DefaultIfEmpty(double.NaN).Max(), "s", Minutes(result.RollupSeconds)),
            ("rollup of the Services and the cluster after the minute's end", result.ClusterRollupSeconds.DefaultIfEmpty(double.NaN).Max(), "s", Minutes(result.ClusterRollupSeconds)),
            ("start: listening", result.Start!.ListensSeconds, "s", ""),
            ("… cluster ready", result.Start.ReadySeconds, "s", ""),
        ];
        figures.Add(("database growth a node-minute", result.GrowthBytes / 1024, "KB", $"the file, in the last {options.Seconds - (options.Seconds / 2)} s: single frames are packed, and their space is used again"));
        double file = result.Sizes[^1].Bytes;
        foreach (var (table, bytes) in result.Sizes.Where(size => size.Bytes > file / 100))
            figures.Add(($"database a node-minute, {table}", bytes / nodeMinutes / 1024, "KB", ""));
        foreach (var (count, of, times) in ((int, string, QueryTimes)[])[(options.Readers, "a Service's", result.Queries), (options.Whole, "the whole cluster's", result.WholeQueries)])
        {
            if (count == 0)
                continue;
            figures.Add(($"query of {of} 15 min, p50", times.P50, "ms", $"{times.Answers:N0} answers, {times.Failed:N0} failed"));
            figures.Add(($"… p99 of {of}", times.P99, "ms", ""));
            figures.Add(($"… p99 of {of} while no node sends", times.QuietP99, "ms", "begun in the second half of a second"));
            figures.Add(($"… JSON of {of}", times.Bytes / 1e6, "MB", ""));
        }

        if (options.Pages > 0)
        {
            figures.Add(("a page's views drawn a second", result.Pages.DrawsPerSecond / options.Pages, "", $"{options.Pages} pages open, {result.Pages.Ended} ended {result.Pages.Problem}"));
            figures.Add(("… bytes to a page a second", result.Pages.BytesPerSecond / options.Pages / 1024, "KB", ""));
        }

        if (result.Restart is { } restart)
        {
            figures.Add(("after kill -9: listening", restart.ListensSeconds, "s", ""));
            figures.Add(("after kill -9: cluster ready", restart.ReadySeconds, "s", ""));
            figures.Add(("after kill -9: every frame acknowledged", restart.AcknowledgedSeconds, "s", $"nodes return within {options.JitterSeconds} s"));
        }

        return figures;
    }

    private static string Minutes(IReadOnlyList<double> seconds) => seconds.Count == 0 ? "no minute while it was watched" : $"{seconds.Count} minutes, the latest";

    private static string Text(RoundFigure row) =>
        Text(row.Value, row.Unit) + (row.Min.Equals(row.Max) ? "" : $" ({Text(row.Min, "")} to {Text(row.Max, "")})");

    private static string Text(double value, string unit) => double.IsNaN(value)
        ? "–"
        : $"{value.ToString(unit.Length == 0 && value == Math.Floor(value) ? "N0" : value < 10 ? "0.##" : "0", CultureInfo.InvariantCulture)} {unit}".TrimEnd();

    private static string LoadAverage() => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3));
}
