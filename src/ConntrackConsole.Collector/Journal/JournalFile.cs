namespace ConntrackConsole.Collector.Journal;

/// <summary>
/// The bytes of a journal that the daemon and commands typed on the node share. Every access is under one lock over processes,
/// so a line is whole or torn by a crash, never mixed with another's.
/// </summary>
internal sealed class JournalFile(string path)
{
    private const int MaxHeaderLength = 4096;
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);

    public string FilePath => path;

    public bool Exists => File.Exists(path);

    /// <exception cref="IOException">It is gone.</exception>
    public long Length => new FileInfo(path).Length;

    /// <summary>Holds the journal against every other process; dispose of it to let go.</summary>
    /// <exception cref="IOException">Another process does not let go.</exception>
    public FileStream Hold()
    {
        long until = Environment.TickCount64 + (long)LockTimeout.TotalMilliseconds;
        while (true)
        {
            try
            {
                return new FileStream(path + ".lock", Private(FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException failure) when (failure is not (DirectoryNotFoundException or FileNotFoundException))
            {
                if (Environment.TickCount64 > until)
                    throw new IOException($"another process has held {path}.lock for {LockTimeout.TotalSeconds:0} s ({failure.Message.TrimEnd('.')})", failure);
                Thread.Sleep(2);
            }
        }
    }

    /// <summary>The line at the top, which says whether the file was written anew since.</summary>
    public JournalLine? ReadFirst()
    {
        using var file = File.OpenHandle(path);
        byte[] bytes = new byte[MaxHeaderLength];
        var read = bytes.AsSpan(0, RandomAccess.Read(file, bytes, 0));
        int end = read.IndexOf((byte)'\n');
        return end > 0 && JournalLine.TryParse(read[..end], out var line) ? line : null;
    }

    /// <summary>Every byte from an offset on.</summary>
    public byte[] ReadFrom(long offset)
    {
        using var file = File.OpenHandle(path);
        byte[] bytes = new byte[checked((int)Math.Max(0, RandomAccess.GetLength(file) - offset))];
        int length = 0;
        while (length < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(length), offset + length) is > 0 and var read)
            length += read;
        return bytes[..length];
    }

    /// <summary>Takes off what a crash left of a line.</summary>
    public void Truncate(long length)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(file, length);
    }

    /// <param name="line">One whole line.</param>
    /// <param name="durable">Whether it must be on the disk before this returns.</param>
    /// <returns>The file's length after it.</returns>
    public long Append(byte[] line, bool durable)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        long length = RandomAccess.GetLength(file);
        try
        {
            RandomAccess.Write(file, line, length);
            if (durable)
                RandomAccess.FlushToDisk(file);
        }
        catch (IOException)
        {
            // Half a line may stand there, or a whole one that is not on the disk: it must not be taken for an act that began.
            RandomAccess.SetLength(file, length);
            throw;
        }

        return length + line.Length;
    }

    /// <summary>Puts another file in its place, whole or not at all.</summary>
    /// <returns>Its length.</returns>
    public long Replace(IEnumerable<JournalLine> lines)
    {
        string made = path + ".new";
        long length;
        using (var file = new FileStream(made, Private(FileMode.Create, FileAccess.Write, FileShare.Read)))
        {
            foreach (var line in lines)
                file.Write(line.ToBytes());
            file.Flush(flushToDisk: true);
            length = file.Length;
        }

        File.Move(made, path, overwrite: true);
        return length;
    }

    /// <summary>Keeps what cannot be read where a person can look at it.</summary>
    /// <returns>Its name.</returns>
    public string CopyUnreadable(DateTimeOffset now)
    {
        string aside = Path.ChangeExtension(path, $"unreadable-{now.UtcDateTime:yyyyMMdd'T'HHmmss.fff'Z'}.jsonl");
        // A copy: were the file moved and we killed, no action would be known any more.
        File.Copy(path, aside, overwrite: true);
        return aside;
    }

    // Who did what to whom on this node is nobody else's business.
    private static FileStreamOptions Private(FileMode mode, FileAccess access, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }
}
