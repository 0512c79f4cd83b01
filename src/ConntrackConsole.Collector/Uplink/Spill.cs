using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>
/// Frames on disk, in segments that are deleted as a whole: frames that the console had not stored when memory was full or the
/// collector ended. One thread writes. Nothing is synced to the disk: a killed process loses nothing that was written, and what a
/// power failure truncates is detected by the checksum.
/// </summary>
internal sealed class Spill : IDisposable
{
    public const long DefaultMaxBytes = 64 * 1024 * 1024;

    private readonly string _folder;
    private readonly FileStream _lock;
    private readonly long _maxBytes;
    private readonly int _segmentBytes;
    private readonly List<SpillSegment> _segments = [];
    private FileStream? _file;
    private byte[] _buffer = [];
    private long _count;

    private Spill(string folder, FileStream held, long maxBytes)
    {
        _folder = folder;
        _lock = held;
        _maxBytes = maxBytes;
        _segmentBytes = (int)Math.Min(maxBytes / 16, 4 * 1024 * 1024);
    }

    /// <summary>Frames of earlier runs, oldest first.</summary>
    public List<OutboxEntry> Found { get; } = [];

    /// <summary>Gaps for bytes of earlier runs that could not be read.</summary>
    public List<Gap> Damaged { get; } = [];

    public long TotalBytes => _segments.Sum(segment => segment.Bytes);

    /// <exception cref="IOException">The directory cannot be used, or another collector uses it.</exception>
    public static Spill Open(string stateDirectory, long maxBytes = DefaultMaxBytes)
    {
        string folder = Path.GetFullPath(Path.Combine(stateDirectory, "spill"));
        // Private to this user: frames show which clients use which pods.
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        FileStream held;
        try
        {
            held = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure)
        {
            throw new IOException($"another collector uses it ({failure.Message.TrimEnd('.')}); give each collector its own directory", failure);
        }

        var spill = new Spill(folder, held, maxBytes);
        var files = Directory.GetFiles(folder, "*.frames").Select(path => (path, Numbers: Name(path)))
            .OrderBy(file => file.Numbers.Run).ThenBy(file => file.Numbers.Count);
        foreach (var (path, _) in files)
            spill.Load(path);
        spill._buffer = [];
        return spill;
    }

    /// <summary>Writes frames and returns the position of each; the caller frees their memory under its lock.</summary>
    /// <exception cref="IOException">Nothing is lost: frames that were not written are still in memory.</exception>
    public IEnumerable<(OutboxEntry Entry, SpillSegment Segment, int Offset)> Append(IReadOnlyList<OutboxEntry> entries, IReadOnlyList<byte[]> frames)
    {
        for (int i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (_file is null || _segments[^1].Bytes >= _segmentBytes)
                Begin(entry.Run);
            int length = SpillFormat.RecordHeaderLength + frames[i].Length;
            if (_buffer.Length < length)
                _buffer = new byte[length];
            SpillFormat.WriteRecord(_buffer, entry.Sequence, entry.AtMs, frames[i]);
            var segment = _segments[^1];
            try
            {
                _file!.Write(_buffer, 0, length);
            }
            catch
            {
                // Remove a partial record: it must neither hide later records nor be reported as a loss.
                Truncate(segment);
                throw;
            }

            int offset = (int)segment.Bytes;
            segment.Bytes += length;
            yield return (entry, segment, offset);
        }
    }

    /// <summary>A frame of the spill; null if it is missing or damaged.</summary>
    public static byte[]? Read(SpillSegment segment, int offset, int length, ulong sequence)
    {
        try
        {
            using var file = File.OpenHandle(segment.Path);
            byte[] record = new byte[SpillFormat.RecordHeaderLength + length];
            int read = RandomAccess.Read(file, record, offset);
            return SpillFormat.TryReadRecord(record.AsSpan(0, read), out ulong found, out _, out var frame) && found == sequence
                ? frame.ToArray()
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Deletes the segments that are not needed any more.</summary>
    public void DeleteEmpty(Func<SpillSegment, bool> isWaited)
    {
        foreach (var segment in _segments.Where(segment => !isWaited(segment)).ToList())
            Delete(segment);
    }

    /// <summary>The oldest segment if the spill exceeds its maximum size, or null.</summary>
    public SpillSegment? Surplus => TotalBytes > _maxBytes ? _segments[0] : null;

    public void Delete(SpillSegment segment)
    {
        if (_file is not null && ReferenceEquals(segment, _segments[^1]))
            End();
        _segments.Remove(segment);
        File.Delete(segment.Path);
    }

    public void Dispose()
    {
        End();
        _lock.Dispose();
    }

    private void Begin(long run)
    {
        End();
        string path = Path.Combine(_folder, $"{run}-{++_count}.frames");
        _file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.Read | FileShare.Delete,
            BufferSize = 0,
        });
        Span<byte> header = stackalloc byte[SpillFormat.HeaderLength];
        SpillFormat.WriteHeader(header, run);
        _file.Write(header);
        _segments.Add(new SpillSegment(path, run) { Bytes = header.Length });
    }

    private void Truncate(SpillSegment segment)
    {
        try
        {
            _file!.SetLength(segment.Bytes);
        }
        catch (IOException)
        {
            // The disk refuses this too; the next start detects the partial record by its checksum.
        }

        End();
    }

    private void End()
    {
        _file?.Dispose();
        _file = null;
    }

    private void Load(string path)
    {
        int length = (int)Math.Min(new FileInfo(path).Length, _segmentBytes + NodeFrameCodec.MaxBytes + SpillFormat.RecordHeaderLength);
        if (_buffer.Length < length)
            _buffer = new byte[length];
        ReadOnlySpan<byte> bytes;
        using (var file = File.OpenHandle(path))
            bytes = _buffer.AsSpan(0, RandomAccess.Read(file, _buffer.AsSpan(0, length), 0));
        long endedMs = new DateTimeOffset(File.GetLastWriteTimeUtc(path)).ToUnixTimeMilliseconds();
        if (!SpillFormat.TryReadHeader(bytes, out long run) || run != Name(path).Run)
        {
            Damaged.Add(new Gap(GapKind.FramesDropped, endedMs, endedMs, 0));
            File.Delete(path);
            return;
        }

        var segment = new SpillSegment(path, run);
        int at = SpillFormat.HeaderLength;
        ulong last = 0;
        long lastAtMs = endedMs;
        while (SpillFormat.TryReadRecord(bytes[at..], out ulong sequence, out long atMs, out var frame) && sequence > last)
        {
            Found.Add(new OutboxEntry(run, sequence, atMs) { Segment = segment, Offset = at, Length = frame.Length });
            segment.Waiting++;
            at += SpillFormat.RecordHeaderLength + frame.Length;
            (last, lastAtMs) = (sequence, atMs);
        }

        if (at < bytes.Length)
        {
            Damaged.Add(new Gap(GapKind.FramesDropped, Math.Min(lastAtMs, endedMs), endedMs, 0));
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            RandomAccess.SetLength(file, at);
        }

        segment.Bytes = at;
        if (segment.Waiting > 0)
            _segments.Add(segment);
        else
            File.Delete(path);
    }

    private static (long Run, long Count) Name(string path)
    {
        string[] parts = Path.GetFileNameWithoutExtension(path).Split('-');
        return parts.Length == 2 && long.TryParse(parts[0], out long run) && long.TryParse(parts[1], out long count) ? (run, count) : (0, 0);
    }
}
