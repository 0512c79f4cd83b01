namespace ConntrackConsole.Collector.Journal;

/// <summary>
/// The file of a journal shared by the daemon and commands run on the node. Every access holds a lock between processes, so that
/// a line is either complete or truncated by a crash, never mixed with another.
/// </summary>
internal sealed class JournalFile(string path)
{
    private const int MaxHeaderLength = 4096;
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);

    public string FilePath => path;

    public bool Exists => File.Exists(path);

    /// <exception cref="IOException">It is gone.</exception>
    public long Length => new FileInfo(path).Length;

    /// <summary>Locks the journal against other processes; dispose to release.</summary>
    /// <exception cref="IOException">Another process does not release the lock.</exception>
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

    /// <summary>The first line; its generation shows whether the file was rewritten.</summary>
    public JournalLine? ReadFirst()
    {
        using var file = File.OpenHandle(path);
        byte[] bytes = new byte[MaxHeaderLength];
        var read = bytes.AsSpan(0, RandomAccess.Read(file, bytes, 0));
        int end = read.IndexOf((byte)'\n');
        return end > 0 && JournalLine.TryParse(read[..end], out var line) ? line : null;
    }

    /// <summary>All bytes from an offset.</summary>
    public byte[] ReadFrom(long offset)
    {
        using var file = File.OpenHandle(path);
        byte[] bytes = new byte[checked((int)Math.Max(0, RandomAccess.GetLength(file) - offset))];
        int length = 0;
        while (length < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(length), offset + length) is > 0 and var read)
            length += read;
        return bytes[..length];
    }

    /// <summary>Removes an incomplete line that a crash left.</summary>
    public void Truncate(long length)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(file, length);
    }

    /// <param name="line">One whole line.</param>
    /// <param name="durable">Whether it must be durable before this returns.</param>
    /// <returns>The new length of the file.</returns>
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
            // A partial line, or a complete one that is not durable, must not count as an action that began.
            RandomAccess.SetLength(file, length);
            throw;
        }

        return length + line.Length;
    }

    /// <summary>Replaces the file atomically.</summary>
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

    /// <summary>Keeps a copy of an unreadable file for inspection.</summary>
    /// <returns>The name of the copy.</returns>
    public string CopyUnreadable(DateTimeOffset now)
    {
        string aside = Path.ChangeExtension(path, $"unreadable-{now.UtcDateTime:yyyyMMdd'T'HHmmss.fff'Z'}.jsonl");
        // A copy, not a move: if the process were killed after a move, all actions would be forgotten.
        File.Copy(path, aside, overwrite: true);
        return aside;
    }

    // Private to this user: the journal names users and addresses.
    private static FileStreamOptions Private(FileMode mode, FileAccess access, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }
}
