using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Routes;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>
/// The TCP resets of this node and of all its pods, as the kernel sends and receives them: a thread reads the rings as
/// soon as they fill, keeps what is local (<see cref="Locality"/>) and queues it for <see cref="Drain"/>.
/// </summary>
internal sealed class ResetTrace : IDisposable
{
    // Pages read from one ring before the next is served: a storm on one CPU must not starve the others.
    private const int PagesPerTurn = 64;

    // Maximum size of a ring page; read(2) returns one page per call.
    private const int MaxPageBytes = 64 * 1024;

    // The kernel sends at most 1,000 ICMP messages a second (icmp_msgs_per_sec).
    private const int MaxRefusals = 4_096;

    private const int MaxAttempts = 4_096;

    // A poll without records ends after this, to check for CPUs that came back online.
    private const int PollTimeoutMs = 1000;

    private readonly TraceInstance _instance;
    private readonly Locality _locality;
    private readonly TracePageLayout _page;
    private readonly ResetDecoder _decoder;
    private readonly SafeFileHandle _wake = TraceNative.OpenEvent();
    private readonly Thread _reader;
    private readonly ResetQueue _queue = new();
    private readonly List<RefusalRecord> _refusals = []; // Locked.
    private readonly List<AttemptRecord> _attempts = []; // Locked.
    private readonly List<AttemptRecord> _repeated = []; // Locked.
    private long _unplaced;
    private volatile bool _stopping;

    private ResetTrace(TraceInstance instance, Locality locality, TracePageLayout page, ResetDecoder decoder)
    {
        _instance = instance;
        _locality = locality;
        _page = page;
        _decoder = decoder;
        _reader = new Thread(Read) { IsBackground = true, Name = "reset trace" };
    }

    /// <summary>True if the kernel reports why a reset was sent and traces resets without a socket (since 6.10).</summary>
    public bool HasReasons => _decoder.HasReasons;

    /// <summary>Whether <see cref="DrainRefusals"/> can have any.</summary>
    public bool HasRefusals { get; private set; }

    /// <summary>Whether <see cref="DrainAttempts"/> can have any.</summary>
    public bool HasAttempts { get; private set; }

    /// <summary>Opens tracefs, creates an instance and starts listening.</summary>
    /// <param name="locality">Decides what is local. The caller keeps ownership, but only the reader may use it from now on.</param>
    /// <param name="trace">The trace, or null.</param>
    /// <param name="why">If it cannot be opened: one sentence with the reason and what to do.</param>
    public static bool TryOpen(Locality locality, [NotNullWhen(true)] out ResetTrace? trace, [NotNullWhen(false)] out string? why) =>
        TryOpen(locality, 0, out trace, out why);

    /// <param name="locality">As above.</param>
    /// <param name="bufferKiB">Size of a CPU's ring; 0 = the default.</param>
    /// <param name="trace">The trace, or null.</param>
    /// <param name="why">If it cannot be opened: one sentence.</param>
    /// <param name="format">Rewrites each format file before it is parsed: how an older kernel is imitated in tests.</param>
    internal static bool TryOpen(
        Locality locality, int bufferKiB, [NotNullWhen(true)] out ResetTrace? trace, [NotNullWhen(false)] out string? why,
        Func<string, string>? format = null)
    {
        ArgumentNullException.ThrowIfNull(locality);
        trace = null;
        if (!BitConverter.IsLittleEndian)
        {
            why = "Trace rings are supported on little-endian machines only.";
            return false;
        }

        if (!Tracefs.TryOpen(out var tracefs, out why))
            return false;
        if (!TraceInstance.TryCreate(tracefs, bufferKiB, out var instance, out why))
        {
            tracefs.Dispose();
            return false;
        }

        if (!instance.TryPageLayout(out var page))
            why = "The layout of this kernel's trace pages (events/header_page) cannot be read.";
        else if (ResetDecoder.TryCreate(Formatted, out var decoder, out why)
            && instance.TryEnable(ResetDecoder.SendReset) && instance.TryEnable(ResetDecoder.ReceiveReset))
            trace = new ResetTrace(instance, locality, page, decoder);
        else
            why ??= "The TCP reset tracepoints cannot be enabled.";

        if (trace is null)
        {
            instance.Dispose();
            why ??= "The trace of TCP resets cannot be opened.";
            return false;
        }

        trace.HasRefusals = trace._decoder.Refusals is not null && instance.TryEnable(RefusalLayout.Tracepoint, RefusalLayout.Filter);
        trace.HasAttempts = trace._decoder.Attempts is not null && instance.TryEnable(AttemptLayout.Tracepoint, AttemptLayout.Filter);
        if (trace._decoder.Repeated is not null)
            instance.TryEnable(RepeatedSynLayout.Tracepoint, RepeatedSynLayout.Filter);
        trace._reader.Start();
        why = null;
        return true;

        string? Formatted(string file) => instance.TryRead(file) is { } text && format is not null ? format(text) : instance.TryRead(file);
    }

    /// <summary>This kernel's name of a reason, such as NO_SOCKET; null for 0 on a kernel that reports no reasons.</summary>
    public string? ReasonName(byte reason) => _decoder.ReasonName(reason);

    /// <summary>Returns what was recorded since the last call, oldest first within a CPU.</summary>
    /// <returns>The number written, limited by the length: call again while it equals the length.</returns>
    public int Drain(Span<ResetRecord> into) => _queue.Drain(into);

    /// <summary>
    /// Appends the local senders' packets that were answered with ICMP port unreachable since the last call. A lower bound: the kernel limits
    /// these messages.
    /// </summary>
    public void DrainRefusals(List<RefusalRecord> output)
    {
        lock (_refusals)
        {
            output.AddRange(_refusals);
            _refusals.Clear();
        }
    }

    /// <summary>Appends the attempts to connect that ended without an answer since the last call, of the whole machine.</summary>
    public void DrainAttempts(List<AttemptRecord> output) => Move(_attempts, output);

    /// <summary>Appends the connections that sent their SYN again since the last call, of the whole machine.</summary>
    public void DrainRepeatedSyns(List<AttemptRecord> output) => Move(_repeated, output);

    private static void Move(List<AttemptRecord> from, List<AttemptRecord> output)
    {
        lock (from)
        {
            output.AddRange(from);
            from.Clear();
        }
    }

    /// <summary>
    /// Records lost since the last call: overwritten in the ring before they were read, damaged, or dropped because the queue was full.
    /// Not 0 = a gap. A lower bound if the kernel did not report the number.
    /// </summary>
    public long TakeLost() => _queue.TakeLost();

    /// <summary>
    /// Resets without a peer (<see cref="ResetRecord.IsPlaced"/>) since the last call, of all network namespaces of the
    /// machine: they cannot be attributed to this node, and appear only where they are received.
    /// </summary>
    public long TakeUnplaced() => Interlocked.Exchange(ref _unplaced, 0);

    /// <summary>Stops the reader and removes the instance.</summary>
    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        _ = TraceNative.SignalEvent(_wake, 1);
        _reader.Join();
        _instance.Dispose();
        _wake.Dispose();
    }

    private void Read()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(MaxPageBytes, pinned: true);
        var waiting = new LibC.PollFd[_instance.Rings.Count + 1];
        waiting[^1] = new LibC.PollFd { Fd = (int)_wake.DangerousGetHandle(), Events = LibC.POLLIN };
        long armed = -PollTimeoutMs;
        while (!_stopping)
        {
            if (Environment.TickCount64 - armed >= PollTimeoutMs)
            {
                armed = Environment.TickCount64;
                for (int cpu = 0; cpu < _instance.Rings.Count; cpu++)
                    waiting[cpu] = new LibC.PollFd { Fd = (int)_instance.Rings[cpu].DangerousGetHandle(), Events = LibC.POLLIN };
            }

            // -1 is EINTR, or a temporary lack of memory: poll again.
            if (LibC.Poll(waiting, PollTimeoutMs) <= 0)
                continue;
            for (int cpu = 0; cpu < _instance.Rings.Count; cpu++)
            {
                if ((waiting[cpu].ReturnedEvents & LibC.POLLERR) != 0)
                    waiting[cpu].Fd = -1; // The CPU is offline: it has no records, and poll would return immediately every time.
                else if (waiting[cpu].ReturnedEvents != 0)
                    ReadRing(_instance.Rings[cpu], buffer);
            }
        }
    }

    private void ReadRing(SafeFileHandle ring, byte[] buffer)
    {
        for (int pages = 0; pages < PagesPerTurn; pages++)
        {
            int length = TraceNative.Read(ring, buffer);
            if (length <= 0)
                return; // EAGAIN: all read.
            ReadPage(buffer.AsSpan(0, length), TraceTime.Now());
        }
    }

    private void ReadPage(ReadOnlySpan<byte> bytes, TraceTime now)
    {
        var page = new TracePage(bytes, _page);
        while (page.MoveNext())
        {
            if (!_decoder.TryDecode(page.Record, now.ToUnixMs(page.Timestamp), out var reset))
            {
                if (_decoder.TryDecodeRefusal(page.Record, now.ToUnixMs(page.Timestamp), out var refusal))
                    Add(in refusal);
                else if (_decoder.TryDecodeAttempt(page.Record, now.ToUnixMs(page.Timestamp), out var attempt))
                    Add(in attempt, _attempts);
                else if (_decoder.TryDecodeRepeatedSyn(page.Record, now.ToUnixMs(page.Timestamp), out var repeated))
                    Add(in repeated, _repeated);
                continue;
            }

            if (!reset.IsPlaced)
                Interlocked.Increment(ref _unplaced);
            else if (!reset.Src.IsLoopback && !reset.Dst.IsLoopback && _locality.IsLocal(reset.LocalAddress))
                _queue.Add(reset);
        }

        if (page.Lost > 0 || page.IsDamaged)
            _queue.AddLost(page.Lost + (page.IsDamaged ? 1 : 0));
    }

    private void Add(in RefusalRecord refusal)
    {
        if (refusal.Src.IsLoopback || !_locality.IsLocal(refusal.Src))
            return;
        lock (_refusals)
        {
            if (_refusals.Count < MaxRefusals)
                _refusals.Add(refusal);
            else
                _queue.AddLost(1);
        }
    }

    // Of which node a client is, the entry of its connection decides.
    private void Add(in AttemptRecord attempt, List<AttemptRecord> to)
    {
        if (attempt.Sport == 0 || attempt.Dst.IsLoopback)
            return;
        lock (to)
        {
            if (to.Count < MaxAttempts)
                to.Add(attempt);
            else
                _queue.AddLost(1);
        }
    }

    // One reading of both clocks: Stopwatch is CLOCK_MONOTONIC in nanoseconds on Linux, as is the trace clock "mono".
    // Repeated for every page, so a step of the wall clock is followed.
    private readonly record struct TraceTime(long UnixMs, long MonotonicNs)
    {
        // The thread may be preempted between the two readings, which would date every reset of the page too
        // early: the wall clock is read between two readings of the other, and the closest pair of a few is used.
        public static TraceTime Now()
        {
            var (best, closest) = (default(TraceTime), long.MaxValue);
            for (int attempt = 0; attempt < 5 && closest > 1_000_000; attempt++)
            {
                long before = Stopwatch.GetTimestamp();
                long unixMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
                long after = Stopwatch.GetTimestamp();
                if (after - before < closest)
                    (best, closest) = (new TraceTime(unixMs, before), after - before);
            }

            return best;
        }

        public long ToUnixMs(ulong stampNs) => UnixMs - ((MonotonicNs - (long)stampNs) / 1_000_000);
    }
}
