using System.Diagnostics;
using ConntrackConsole.Bench.Load.Nodes;
using ConntrackConsole.Bench.Load.Pages;

namespace ConntrackConsole.Bench.Load;

/// <summary>One console under load, from its start to the count of what it has stored.</summary>
internal static class LoadRun
{
    private static readonly TimeSpan MaxStart = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxDrain = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan MaxRollup = TimeSpan.FromSeconds(150);

    /// <param name="rollups">Whether the steady state begins when the first minute of all nodes is rolled up: from then on every minute has the same work.</param>
    /// <param name="reportsMemory">Whether the console runs <see cref="StartupHook"/> of this assembly.</param>
    /// <exception cref="InvalidOperationException">The console did not start, or did not accept all nodes.</exception>
    public static async Task<LoadResult> RunAsync(LoadOptions options, string program, bool rollups, bool reportsMemory, Action<string> say)
    {
        var folder = Directory.CreateTempSubdirectory("ccload-");
        try
        {
            return await RunAsync(options, program, folder.FullName, rollups, reportsMemory, say);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<LoadResult> RunAsync(LoadOptions options, string program, string folder, bool rollups, bool reportsMemory, Action<string> say)
    {
        var result = new LoadResult();
        await using var cluster = await SyntheticCluster.StartAsync(ClusterShape.OfNodes(options.Nodes, options.Services));
        using var console = new ConsoleProcess(program, folder, cluster, options.FrameMiB, reportsMemory);
        result.Start = await StartedAsync(console);
        say($"console ready after {result.Start.ReadySeconds:0.0} s");
        var cookies = new System.Net.CookieContainer();
        using var session = await Readers.SignInAsync(console.Url, cookies);
        var readers = new Readers(session, cluster.Shape, options.Readers, whole: false);
        var whole = new Readers(session, cluster.Shape, options.Whole, whole: true);
        await using var fleet = new Fleet(cluster, console.Socket, ConsoleProcess.Token, TimeSpan.FromSeconds(options.JitterSeconds), options.KeptSeconds);
        await UntilAsync(() => fleet.Connected == options.Nodes, MaxStart, () => $"{fleet.Connected} of {options.Nodes} nodes connected: {fleet.Problem}");
        await Task.Delay(2_000); // The key frames of the first second are not steady state.
        say($"{options.Nodes} nodes connected");

        using var ended = new CancellationTokenSource();
        using var measured = new CancellationTokenSource();
        var rollouts = new Rollouts(cluster).RunAsync(ended.Token);
        var rollup = new RollupWatch(console.Database, options.Nodes);
        var watching = rollups ? rollup.RunAsync(measured.Token) : Task.CompletedTask;
        if (rollups && !await UntilAsync(() => rollup.Seconds.Count > 0, MaxRollup, null))
            say($"no minute was rolled up: {rollup.Last} of {options.Nodes} nodes have blocks");
        await using var pages = new OpenPages(console.Url, cookies, cluster.Shape, options.Pages);
        await pages.OpenAsync();
        // A page's first view is not steady state either.
        await UntilAsync(() => pages.Totals.Draws >= options.Pages, MaxRollup, null);
        say("steady state");
        var reading = Task.WhenAll(readers.RunAsync(measured.Token), whole.RunAsync(measured.Token));
        await SteadyAsync(options, console, fleet, pages.Totals, result);
        await measured.CancelAsync();
        await Task.WhenAll(reading, watching);
        if (options.Restart)
        {
            result.PackedAtKill = await PackedAsync(console, options.KeptSeconds > 0 ? MaxRollup : TimeSpan.Zero);
            result.Restart = await RestartAsync(console, fleet, options, say);
        }

        fleet.Finish();
        await UntilAsync(() => fleet.Unacknowledged == 0, MaxDrain, null);
        await ended.CancelAsync();
        await rollouts.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        result.Take(fleet, readers, whole, rollup);
        await console.StopAsync();
        using var stored = new StoredFrames(console.Database);
        result.Count = stored.Count([.. fleet.Nodes.Select(node => node.Frames)]);
        result.Sizes = stored.Sizes();
        return result;
    }

    private static async Task<StartTimes> StartedAsync(ConsoleProcess console)
    {
        double listens = await console.WaitAsync("/healthz", MaxStart);
        double ready = listens + await console.WaitAsync("/readyz", MaxStart);
        return double.IsNaN(ready)
            ? throw new InvalidOperationException($"The console is not ready after {MaxStart}: {await File.ReadAllTextAsync(console.Log)}")
            : new StartTimes(listens, ready);
    }

    private static async Task SteadyAsync(LoadOptions options, ConsoleProcess console, Fleet fleet, PageTotals pages, LoadResult result)
    {
        fleet.Measures = true;
        using var self = Process.GetCurrentProcess();
        var ownCpu = self.TotalProcessorTime;
        double busy = MachineUsage.BusySeconds;
        long made = fleet.Made, bytes = fleet.Nodes.Sum(node => node.MadeBytes);
        var (draws, pageBytes) = (pages.Draws, pages.Bytes);
        var usages = new List<ProcessUsage> { console.Usage };
        (long Bytes, long Frames) half = default;
        for (int second = 0; second < options.Seconds; second++)
        {
            if (second == options.Seconds / 2)
                half = (console.DatabaseBytes, fleet.Made);
            await Task.Delay((int)Math.Max(0, usages[0].At + ((second + 1) * 1_000) - Environment.TickCount64));
            usages.Add(console.Usage);
        }

        fleet.Measures = false;
        self.Refresh();
        double seconds = (usages[^1].At - usages[0].At) / 1_000.0;
        result.Usages = usages;
        result.GrowthBytes = (console.DatabaseBytes - half.Bytes) / ((fleet.Made - half.Frames) / 60.0);
        result.Pages = new PageFigures(pages.Draws, (pages.Draws - draws) / seconds, (pages.Bytes - pageBytes) / seconds, pages.Ended, pages.Problem);
        result.GeneratorCores = (self.TotalProcessorTime - ownCpu).TotalSeconds / seconds;
        result.OtherCores = ((MachineUsage.BusySeconds - busy - usages[^1].CpuSeconds + usages[0].CpuSeconds) / seconds) - result.GeneratorCores;
        result.FrameBytes = (fleet.Nodes.Sum(node => node.MadeBytes) - bytes) / (double)(fleet.Made - made);
        result.FramesPerSecond = (fleet.Made - made) / seconds;
    }

    // Kept frames are of a minute that has ended: they are packed at the next turn of their node.
    private static async Task<long> PackedAsync(ConsoleProcess console, TimeSpan longest)
    {
        using var stored = new StoredFrames(console.Database);
        await UntilAsync(() => stored.Packs() > 0, longest, null);
        return stored.Packs();
    }

    private static async Task<RestartTimes> RestartAsync(ConsoleProcess console, Fleet fleet, LoadOptions options, Action<string> say)
    {
        say("kill -9");
        var watch = Stopwatch.StartNew();
        await console.RestartAsync();
        double listens = await console.WaitAsync("/healthz", MaxStart) is var waited && double.IsNaN(waited) ? waited : watch.Elapsed.TotalSeconds;
        double ready = await console.WaitAsync("/readyz", MaxStart) is var more && double.IsNaN(more) ? more : watch.Elapsed.TotalSeconds;
        // Every node is back, and only frames of the last seconds wait for their acknowledgement.
        bool caughtUp = await UntilAsync(() => fleet.Connected == options.Nodes && fleet.OldestMs < 3_000, MaxStart, null);
        say($"restarted: {watch.Elapsed.TotalSeconds:0.0} s");
        return new RestartTimes(listens, ready, caughtUp ? watch.Elapsed.TotalSeconds : double.NaN);
    }

    private static async Task<bool> UntilAsync(Func<bool> condition, TimeSpan longest, Func<string>? failure)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > longest)
                return failure is null ? false : throw new InvalidOperationException(failure());
            await Task.Delay(100);
        }

        return true;
    }
}
