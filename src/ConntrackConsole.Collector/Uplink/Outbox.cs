using System.Buffers;
using System.Threading.Channels;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Uplink;

/// <param name="Frames">Unacknowledged frames kept in memory; older ones go to the spill. An acknowledgement takes half a second.</param>
/// <param name="MaxFrames">Limit of the frames in memory if there is no spill, or if it cannot be written.</param>
/// <param name="MaxBytes">The same in bytes.</param>
internal sealed record OutboxLimits(int Frames = 5, int MaxFrames = 900, long MaxBytes = 16 * 1024 * 1024);

/// <summary>
/// Keeps frames until the console has stored them: the newest in memory, the rest in the spill, which survives this process. If
/// both are full, the oldest frames are dropped and reported as a <see cref="Gap"/> in a later frame. The observer's thread waits
/// only for the lock, and no file is written under the lock.
/// </summary>
internal sealed class Outbox : IDisposable
{
    private const int MaxGaps = 100;
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    private readonly long _run;
    private readonly Spill? _spill;
    private readonly OutboxLimits _limits;
    private readonly TextWriter _log;
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Lock _lock = new();
    private readonly List<OutboxEntry> _entries;
    private readonly LinkedList<Gap> _dropped = new();
    private readonly Channel<bool> _work = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Delivery? _delivery;
    private int _connections;
    private int _framesInMemory;
    private long _bytesInMemory;

    public Outbox(long run, Spill? spill, TextWriter log, OutboxLimits? limits = null)
    {
        _run = run;
        _spill = spill;
        _log = log;
        _limits = limits ?? new OutboxLimits();
        _entries = spill?.Found ?? [];
        foreach (var gap in spill?.Damaged ?? [])
        {
            log.WriteLine($"A spill file was damaged at {DateTimeOffset.FromUnixTimeMilliseconds(gap.FromMs):O}; the frames after that point are lost and reported as a gap.");
            AddGap(gap);
        }
    }

    /// <summary>Frames that the console has not yet stored, including those of earlier runs.</summary>
    public int Unacknowledged
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    public int FramesInMemory
    {
        get
        {
            lock (_lock)
                return _framesInMemory;
        }
    }

    public void Add(NodeFrame frame)
    {
        _buffer.ResetWrittenCount();
        NodeFrameCodec.Write(frame, _buffer);
        byte[] bytes = _buffer.WrittenSpan.ToArray();
        var entry = new OutboxEntry(_run, frame.Sequence, frame.AtMs) { Bytes = bytes, Length = bytes.Length };
        lock (_lock)
        {
            _entries.Add(entry);
            _framesInMemory++;
            _bytesInMemory += bytes.Length;
            _delivery?.Offer(entry);
            while (_framesInMemory > _limits.MaxFrames || _bytesInMemory > _limits.MaxBytes)
                Drop(_entries.Find(old => old.Bytes is not null)!);
            if (_framesInMemory > _limits.Frames)
                _work.Writer.TryWrite(true);
        }
    }

    /// <summary>The console has committed these frames: they are removed.</summary>
    public void Stored(StoredRanges stored)
    {
        lock (_lock)
        {
            _entries.RemoveAll(entry =>
            {
                if (entry.Run != stored.StartedAtMs || !stored.Ranges.Any(range => entry.Sequence >= range.From && entry.Sequence <= range.To))
                    return false;
                Forget(entry);
                return true;
            });
        }

        _work.Writer.TryWrite(true);
    }

    /// <summary>Removes and returns the oldest gap of dropped frames that is not yet reported.</summary>
    public Gap? TakeDropped()
    {
        lock (_lock)
        {
            if (_dropped.First is not { } first)
                return null;
            _dropped.RemoveFirst();
            return first.Value;
        }
    }

    /// <summary>Starts a connection: from now on new frames are offered to it.</summary>
    public Delivery Connect()
    {
        lock (_lock)
            return _delivery = new Delivery(this, ++_connections);
    }

    /// <summary>The frame's bytes if they are in memory, for the live stream; a spilled frame is sent by back-fill.</summary>
    public byte[]? TakeLive(OutboxEntry entry)
    {
        lock (_lock)
        {
            if (entry is { Done: false, Bytes: null })
                entry.TakenBy = 0;
            return entry.Done ? null : entry.Bytes;
        }
    }

    public void Requeue(OutboxEntry entry)
    {
        lock (_lock)
            entry.TakenBy = 0;
    }

    /// <summary>The oldest run with frames that this connection has not sent.</summary>
    public long? NextRun(int connection)
    {
        lock (_lock)
            return _entries.Find(entry => entry.TakenBy != connection)?.Run;
    }

    /// <summary>Takes the next frames of a run for this connection, oldest first.</summary>
    public List<OutboxEntry> TakeBackfill(int connection, long run, int max)
    {
        var taken = new List<OutboxEntry>();
        lock (_lock)
        {
            foreach (var entry in _entries)
            {
                if (entry.TakenBy == connection || entry.Run != run)
                    continue;
                entry.TakenBy = connection;
                taken.Add(entry);
                if (taken.Count == max)
                    break;
            }
        }

        return taken;
    }

    /// <summary>
    /// The frame's bytes from memory or disk; null if it is acknowledged, or unreadable on disk, which is then reported as a gap.
    /// </summary>
    public byte[]? Read(OutboxEntry entry)
    {
        SpillSegment segment;
        lock (_lock)
        {
            if (entry.Done || entry.Bytes is not null)
                return entry.Done ? null : entry.Bytes;
            segment = entry.Segment!;
        }

        byte[]? bytes = Spill.Read(segment, entry.Offset, entry.Length, entry.Sequence);
        lock (_lock)
        {
            if (bytes is null && !entry.Done)
                Drop(entry);
        }

        return bytes;
    }

    /// <summary>
    /// Moves frames to the spill until cancelled; then moves all remaining ones, so that a clean shutdown loses none.
    /// </summary>
    public async Task RunAsync(CancellationToken stop)
    {
        if (_spill is null)
            return;
        bool failed = false;
        try
        {
            while (await _work.Reader.WaitToReadAsync(stop))
            {
                _work.Reader.TryRead(out _);
                string? fault = TrySpill(_spill, _limits.Frames);
                if (fault is not null && !failed)
                    await _log.WriteLineAsync($"Frames cannot be written to the spill; up to {_limits.MaxFrames} are kept in memory: {fault}");
                failed = fault is not null;
                if (failed)
                    await Task.Delay(RetryInterval, stop);
            }
        }
        catch (OperationCanceledException)
        {
            if (TrySpill(_spill, 0) is { } fault)
                await _log.WriteLineAsync($"{FramesInMemory} frames are lost at shutdown: {fault}");
        }
    }

    public void Dispose() => _spill?.Dispose();

    private string? TrySpill(Spill spill, int keep)
    {
        try
        {
            MoveTo(spill, keep);
            spill.DeleteEmpty(segment =>
            {
                lock (_lock)
                    return segment.Waiting > 0;
            });
            while (spill.Surplus is { } oldest)
            {
                lock (_lock)
                {
                    _entries.RemoveAll(entry =>
                    {
                        if (!ReferenceEquals(entry.Segment, oldest))
                            return false;
                        RecordDrop(entry);
                        return true;
                    });
                }

                spill.Delete(oldest);
            }

            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }

    private void MoveTo(Spill spill, int keep)
    {
        List<OutboxEntry> oldest;
        List<byte[]> frames;
        lock (_lock)
        {
            oldest = [.. _entries.Where(entry => entry.Bytes is not null).Take(Math.Max(0, _framesInMemory - keep))];
            frames = [.. oldest.Select(entry => entry.Bytes!)];
        }

        foreach (var (entry, segment, offset) in spill.Append(oldest, frames))
        {
            lock (_lock)
            {
                if (entry.Done)
                    continue;
                FreeMemory(entry);
                (entry.Segment, entry.Offset) = (segment, offset);
                segment.Waiting++;
            }
        }
    }

    private void Drop(OutboxEntry entry)
    {
        _entries.Remove(entry);
        RecordDrop(entry);
    }

    private void RecordDrop(OutboxEntry entry)
    {
        Forget(entry);
        AddGap(new Gap(GapKind.FramesDropped, entry.AtMs - 1000, entry.AtMs, 1));
    }

    private void Forget(OutboxEntry entry)
    {
        entry.Done = true;
        FreeMemory(entry);
        if (entry.Segment is { } segment)
            segment.Waiting--;
    }

    private void FreeMemory(OutboxEntry entry)
    {
        if (entry.Bytes is null)
            return;
        _framesInMemory--;
        _bytesInMemory -= entry.Bytes.Length;
        entry.Bytes = null;
    }

    // Adjacent gaps are merged, so that an hour of dropped frames is one gap and not thousands.
    private void AddGap(Gap gap)
    {
        bool isNeighbour = _dropped.Last is { } before && gap.FromMs >= before.Value.FromMs && gap.FromMs <= before.Value.ToMs + 2000;
        if (_dropped.Last is { } last && (isNeighbour || _dropped.Count >= MaxGaps))
            last.Value = last.Value with { ToMs = Math.Max(last.Value.ToMs, gap.ToMs), Lost = last.Value.Lost + gap.Lost };
        else
            _dropped.AddLast(gap);
    }
}
