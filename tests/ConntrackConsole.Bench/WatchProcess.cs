using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ConntrackConsole.Bench;

/// <summary>Resident memory of a process.</summary>
/// <param name="AnonymousMb">Without pages of mapped files: the binary's own are shared with the page cache.</param>
internal readonly record struct ResidentMemory(double TotalMb, double AnonymousMb, double PeakMb);

/// <summary>Frames that a process has printed.</summary>
/// <param name="WithContent">Those that are no key frames and have a group, reset, gap, note or changed setting.</param>
internal readonly record struct FrameCount(int Total, int Key, int WithContent)
{
    public static FrameCount operator -(FrameCount a, FrameCount b) => new(a.Total - b.Total, a.Key - b.Key, a.WithContent - b.WithContent);
}

/// <summary>A collector that prints its frames, until it is disposed.</summary>
internal sealed class WatchProcess : IDisposable
{
    private static readonly string[] Content = ["groups", "resets", "gaps", "notes", "settings"];

    private readonly Process _process;
    private readonly ManualResetEventSlim _first = new();
    private readonly Lock _lock = new();
    private FrameCount _frames;

    private WatchProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => OnLine(line.Data);
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public FrameCount Frames
    {
        get
        {
            lock (_lock)
                return _frames;
        }
    }

    public ResidentMemory Memory => new(StatusMb("VmRSS"), StatusMb("RssAnon"), StatusMb("VmHWM"));

    /// <summary>Processor time of the threads that live, to the nanosecond; the ticks of /proc/PID/stat are 10 ms.</summary>
    public double CpuSeconds
    {
        get
        {
            double nanoseconds = 0;
            foreach (string thread in Directory.GetDirectories($"/proc/{_process.Id}/task"))
                nanoseconds += double.Parse(File.ReadAllText(thread + "/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
            return nanoseconds / 1e9;
        }
    }

    public static WatchProcess Start(string binary) => new(
        Process.Start(new ProcessStartInfo(binary, "watch --json") { RedirectStandardOutput = true, RedirectStandardError = true })!);

    public void WaitForFirstFrame()
    {
        if (!_first.Wait(TimeSpan.FromMinutes(1)))
            throw new InvalidOperationException("The collector printed no frame within a minute.");
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _first.Dispose();
    }

    private void OnLine(string? line)
    {
        if (line is null)
            return;
        using var frame = JsonDocument.Parse(line);
        bool key = frame.RootElement.GetProperty("key").GetBoolean();
        bool filled = Array.Exists(Content, name => frame.RootElement.GetProperty(name).GetArrayLength() > 0);
        lock (_lock)
            _frames = new FrameCount(_frames.Total + 1, _frames.Key + (key ? 1 : 0), _frames.WithContent + (filled && !key ? 1 : 0));
        _first.Set();
    }

    private double StatusMb(string key) => File.ReadLines($"/proc/{_process.Id}/status")
        .Where(line => line.StartsWith(key, StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024).First();
}
