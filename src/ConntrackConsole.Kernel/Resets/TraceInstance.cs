using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ConntrackConsole.Kernel.Netlink;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>
/// A separate tracing instance with a ring per CPU: other users of ftrace neither see it nor are disturbed by it. It is removed
/// at dispose; an instance left by a killed process is removed by the next one.
/// </summary>
/// <remarks>
/// tracefs rather than perf_event_open: the latter needs CAP_PERFMON and a descriptor and a mapping per event and CPU, and
/// would see nothing more. tracefs files require only uid 0, which a collector with CAP_NET_ADMIN alone has.
/// </remarks>
internal sealed class TraceInstance : IDisposable
{
    private const string NamePrefix = "conntrack-collector-";
    private const int LockExclusive = 2;

    // 128 KiB hold some 1,300 resets on each CPU; the reader wakes at the first.
    private const int BufferKiB = 128;

    private readonly Tracefs _tracefs;
    private readonly string _path;
    private readonly List<SafeFileHandle> _rings = [];

    private TraceInstance(Tracefs tracefs, string path)
    {
        _tracefs = tracefs;
        _path = path;
    }

    /// <summary>The raw rings, one per CPU, non-blocking.</summary>
    internal IReadOnlyList<SafeFileHandle> Rings => _rings;

    /// <summary>Name of the instance's directory.</summary>
    public string Name => Path.GetFileName(_path);

    /// <summary>
    /// Creates the instance, with nothing enabled yet and the clock set to CLOCK_MONOTONIC. On success the instance owns
    /// <paramref name="tracefs"/>.
    /// </summary>
    /// <param name="tracefs">The tracefs to create it in.</param>
    /// <param name="bufferKiB">Size of a CPU's ring; 0 = the default.</param>
    /// <param name="instance">The instance, or null.</param>
    /// <param name="why">If it cannot be created: one sentence.</param>
    public static bool TryCreate(
        Tracefs tracefs, int bufferKiB, [NotNullWhen(true)] out TraceInstance? instance, [NotNullWhen(false)] out string? why)
    {
        ArgumentNullException.ThrowIfNull(tracefs);
        instance = null;
        string instances = tracefs.Root + "/instances";
        // An open ring protects its instance from removal (EBUSY), a new instance has none yet: so clean up and create ours
        // under one lock. The lock works across mounts, as all of them show the same inodes.
        using var gate = TraceNative.Open(instances, TraceNative.O_RDONLY);
        if (!gate.IsInvalid)
            _ = TraceNative.Flock(gate, LockExclusive);
        RemoveStale(instances);
        string path = string.Create(
            CultureInfo.InvariantCulture, $"{instances}/{NamePrefix}{Environment.ProcessId}-{Random.Shared.Next(0x10000000):x}");
        if (TraceNative.MakeDirectory(path, 0x1C0 /* 0700 */) < 0)
        {
            why = $"No tracing instance can be created: {TraceNative.LastError.Describe()}.";
            return false;
        }

        var created = new TraceInstance(tracefs, path);
        why = created.Prepare(bufferKiB > 0 ? bufferKiB : BufferKiB);
        if (why is not null)
        {
            created.CloseAndRemove();
            return false;
        }

        instance = created;
        return true;
    }

    /// <summary>Reads a file of the instance, such as <c>events/tcp/tcp_send_reset/format</c>; null if it cannot be read.</summary>
    public string? TryRead(string file) => TryReadText($"{_path}/{file}");

    /// <summary>The layout of a ring page's header.</summary>
    public bool TryPageLayout(out TracePageLayout layout)
    {
        layout = default;
        // header_page exists once per machine, not in instances.
        return TryReadText(_tracefs.Root + "/events/header_page") is { } text
            && TraceFormat.TryParse(text, out var format, out _)
            && TracePageLayout.TryCreate(format, out layout);
    }

    /// <summary>Enables an event, such as <c>tcp/tcp_send_reset</c>.</summary>
    public bool TryEnable(string tracepoint) => TryWrite($"events/{tracepoint}/enable", "1");

    /// <summary>Enables an event for the records that a filter lets through.</summary>
    public bool TryEnable(string tracepoint, string filter) => TryWrite($"events/{tracepoint}/filter", filter) && TryEnable(tracepoint);

    /// <summary>Closes the rings, removes the instance and disposes tracefs.</summary>
    public void Dispose()
    {
        CloseAndRemove();
        _tracefs.Dispose();
    }

    private string? Prepare(int bufferKiB)
    {
        foreach (string cpu in Directory.EnumerateDirectories(_path + "/per_cpu", "cpu*"))
        {
            var ring = TraceNative.Open(cpu + "/trace_pipe_raw", TraceNative.O_RDONLY | TraceNative.O_NONBLOCK);
            if (ring.IsInvalid)
            {
                ring.Dispose();
                continue;
            }

            _rings.Add(ring);
        }

        if (_rings.Count == 0)
            return "No ring of the tracing instance can be opened.";
        // The timestamps must use a clock that this process can read too: mono is CLOCK_MONOTONIC.
        if (!TryWrite("trace_clock", "mono"))
            return "The trace clock cannot be set to mono: a kernel before 4.1, or tracefs is read-only.";
        // 0 = wake a poll at the first record. Absent before 5.0, where that is the only behaviour.
        _ = TryWrite("buffer_percent", "0");
        _ = TryWrite("buffer_size_kb", bufferKiB.ToString(CultureInfo.InvariantCulture));
        return null;
    }

    // In another container the creator's pid is meaningless here, and pids are reused; only the kernel knows for certain whether
    // a ring is open: rmdir returns EBUSY.
    private static void RemoveStale(string instances)
    {
        foreach (string stale in Directory.EnumerateDirectories(instances, NamePrefix + "*"))
            _ = TraceNative.RemoveDirectory(stale);
    }

    private void CloseAndRemove()
    {
        foreach (var ring in _rings)
            ring.Dispose();
        _rings.Clear();
        // A child that another thread forks holds copies of the rings until its exec: busy for some milliseconds more.
        for (int attempt = 0; attempt < 100; attempt++)
        {
            if (TraceNative.RemoveDirectory(_path) == 0 || TraceNative.LastError != Errno.EBUSY)
                return;
            Thread.Sleep(10);
        }
    }

    private bool TryWrite(string file, string text)
    {
        try
        {
            File.WriteAllText($"{_path}/{file}", text);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? TryReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
