using System.Text.Json;

namespace ConntrackConsole.Audit;

/// <summary>The file to which one console copies rows for a log shipper. Its last line determines where copying continues.</summary>
internal sealed class ForwardFile(string path) : IDisposable
{
    private const int Block = 64 * 1024;

    private FileStream? _stream;

    public string Path => path;

    /// <summary>Reopened each time, because a log shipper may have moved it away.</summary>
    /// <returns>The row of the last complete line, or null.</returns>
    public AuditHead? Open()
    {
        Dispose();
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = Block };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        _stream = new FileStream(path, options);
        long end = LineEnd(_stream.Length);
        // A partial line from a crash is rewritten completely.
        if (end < _stream.Length)
            _stream.SetLength(end);
        _stream.Position = end;
        return end == 0 ? null : Head(ReadLine(LineEnd(end - 1), end));
    }

    public void Append(AuditEntry row) => (_stream ?? throw new InvalidOperationException("Not open.")).Write(AuditJson.Line(row));

    public void Flush() => _stream?.Flush();

    public void Dispose()
    {
        try
        {
            _stream?.Dispose();
        }
        catch (IOException)
        {
            // The failure was already reported by the write.
        }

        _stream = null;
    }

    // The end of the last line that ends before a position.
    private long LineEnd(long before)
    {
        byte[] block = new byte[Block];
        while (before > 0)
        {
            int length = (int)Math.Min(Block, before);
            _stream!.Position = before - length;
            _stream.ReadExactly(block, 0, length);
            int at = block.AsSpan(0, length).LastIndexOf((byte)'\n');
            if (at >= 0)
                return before - length + at + 1;
            before -= length;
        }

        return 0;
    }

    private byte[] ReadLine(long from, long to)
    {
        byte[] line = new byte[to - from];
        _stream!.Position = from;
        _stream.ReadExactly(line);
        _stream.Position = to;
        return line;
    }

    private static AuditHead? Head(byte[] line)
    {
        try
        {
            using var row = JsonDocument.Parse(line);
            return new AuditHead(row.RootElement.GetProperty("id").GetInt64(), row.RootElement.GetProperty("hash").GetString() ?? "");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
