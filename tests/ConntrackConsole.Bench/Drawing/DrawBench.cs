using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Bench.Load;
using Microsoft.Playwright;

namespace ConntrackConsole.Bench.Drawing;

/// <summary>
/// What the timeline costs a browser: first picture, one second more, panning; and uPlot's panning over the same series in the same browser.
/// Headless Chromium without a GPU.
/// </summary>
internal static class DrawBench
{
    private const int Frames = 240;

    /// <param name="uPlot">dist/uPlot.iife.min.js of its package; null measures without it.</param>
    public static async Task RunAsync(Report report, string? uPlot, int rounds)
    {
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-gpu"] });
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 1400, Height = 900 } });
        await page.RouteAsync("http://bench.test/**", route => FulfilAsync(route, uPlot));
        await page.GotoAsync("http://bench.test/");
        await MeasureAsync(report, page, rounds, uPlot is not null);
    }

    private static async Task MeasureAsync(Report report, IPage page, int rounds, bool hasUPlot)
    {
        var scene = new DrawnScene();
        var first = scene.Next();
        string view = Convert.ToBase64String(first.Whole);
        var painted = await CallAsync(page, "paint", new { view, notes = DrawnScene.Notes, rounds });
        string shape = string.Create(CultureInfo.InvariantCulture, $"{painted.GetProperty("lanes").GetInt32()} lanes, {painted.GetProperty("points").GetInt32():N0} points, {painted.GetProperty("marks").GetInt32():N0} spans");
        report.AtMost("first picture after the bytes of a view", painted.GetProperty("median").GetDouble(), "ms", 250, shape);

        var increments = new List<string>();
        for (var former = first; increments.Count < 30; former = scene.Last)
            increments.Add(Convert.ToBase64String(scene.Next().Since(former)));
        var tick = await CallAsync(page, "tick", new { increments });
        report.AtMost("one second more, the page's thread", tick.GetProperty("median").GetDouble(), "ms", 16, $"slowest of 30: {Report.Text(tick.GetProperty("slowest").GetDouble())} ms");

        var all = await PanAsync(page, rounds);
        report.AtLeast("panning, frames a second", all.FramesPerSecond, "", 55);
        report.Info("… cost of a frame, the page's thread", all.ThreadMs, "ms", $"all processes of the browser {Report.Text(all.CpuMs)} ms of CPU");

        await CallAsync(page, "series", new { view });
        var ours = await PanAsync(page, rounds);
        if (!hasUPlot)
        {
            report.Info("… without spans", ours.ThreadMs, "ms", "--uplot FILE measures uPlot in turn");
            return;
        }

        await CallAsync(page, "uplot", new { script = "/uplot.js" });
        var theirs = await PanAsync(page, rounds);
        report.AtMost("… the series alone / uPlot's, the page's thread", ours.ThreadMs / theirs.ThreadMs, "×", 0.7, $"{Report.Text(ours.ThreadMs)} / {Report.Text(theirs.ThreadMs)} ms");
        report.AtMost("… the same, CPU of all processes of the browser", ours.CpuMs / theirs.CpuMs, "×", 0.7, $"{Report.Text(ours.CpuMs)} / {Report.Text(theirs.CpuMs)} ms; uPlot {Report.Text(theirs.FramesPerSecond)} frames a second");
    }

    private static async Task<JsonElement> CallAsync(IPage page, string function, object argument) =>
        await page.EvaluateAsync<JsonElement>($"async argument => (await import('/draw.js')).{function}(argument)", argument);

    private static async Task<Pan> PanAsync(IPage page, int rounds)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("Performance.enable");
        var pans = new List<Pan>();
        for (int round = 0; round < rounds; round++)
        {
            var (threadBefore, cpuBefore) = (await ThreadSecondsAsync(session), CpuSeconds());
            double framesPerSecond = (await CallAsync(page, "pan", new { frames = Frames })).GetDouble();
            pans.Add(new Pan(framesPerSecond, (await ThreadSecondsAsync(session) - threadBefore) / Frames * 1_000, (CpuSeconds() - cpuBefore) / Frames * 1_000));
        }

        await session.DetachAsync();
        double Median(Func<Pan, double> of) => pans.Select(of).Order().ElementAt(pans.Count / 2);
        return new Pan(Median(pan => pan.FramesPerSecond), Median(pan => pan.ThreadMs), Median(pan => pan.CpuMs));
    }

    // Of all tasks of the page's main thread: script, layout and painting.
    private static async Task<double> ThreadSecondsAsync(ICDPSession session)
    {
        var metrics = (await session.SendAsync("Performance.getMetrics"))!.Value.GetProperty("metrics");
        return metrics.EnumerateArray().First(metric => metric.GetProperty("name").GetString() == "TaskDuration").GetProperty("value").GetDouble();
    }

    private static double CpuSeconds()
    {
        var parents = new Dictionary<int, int>();
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            if (TryRead(folder + "/stat") is { } stat)
                parents[int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)] = int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }

        return parents.Keys.Where(pid => IsOurs(pid) && TryRead($"/proc/{pid}/comm")?.Trim() == "chromium").Sum(CpuSecondsOf);

        bool IsOurs(int pid) => parents.TryGetValue(pid, out int parent) && (parent == Environment.ProcessId || IsOurs(parent));
    }

    private static double CpuSecondsOf(int pid)
    {
        try
        {
            return ProcessUsage.Read(pid, null).CpuSeconds;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return 0; // It has ended.
        }
    }

    private static string? TryRead(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return null; // It has ended.
        }
    }

    private static Task FulfilAsync(IRoute route, string? uPlot)
    {
        string path = new Uri(route.Request.Url).AbsolutePath;
        string? file = path switch
        {
            "/draw.js" => "tests/ConntrackConsole.Bench/Drawing/draw.js",
            "/uplot.js" => uPlot,
            _ when path.StartsWith("/js/", StringComparison.Ordinal) || path.StartsWith("/css/", StringComparison.Ordinal) => "wwwroot" + path,
            _ => null,
        };
        return file is null
            ? route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = "<!doctype html><title>bench</title><link rel=stylesheet href=/css/tokens.css><link rel=stylesheet href=/css/app.css><link rel=stylesheet href=/css/chart.css>" })
            : route.FulfillAsync(new RouteFulfillOptions { ContentType = file.EndsWith(".css", StringComparison.Ordinal) ? "text/css" : "text/javascript", Path = Path.GetFullPath(file) });
    }

    /// <param name="ThreadMs">A frame's time of the page's main thread.</param>
    /// <param name="CpuMs">A frame's CPU time of all processes of the browser.</param>
    private readonly record struct Pan(double FramesPerSecond, double ThreadMs, double CpuMs);
}
