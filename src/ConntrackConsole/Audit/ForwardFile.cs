using System.Text.Json;

namespace ConntrackConsole.Audit;

/// <summary>The file to which rows are copied, for a log shipper, by one console. It remembers by itself how far they have come: by its last line.</summary>
internal sealed class ForwardFile(string path) : IDisposable
{
    private const int Block = 64 * 1024;

    private FileStream? _stream;

    public string Path => path;

    /// <summary>Opened anew each time: a shipper may have moved it away.</summary>
    /// <returns>The row of the last whole line; null where there is none.</returns>
    public AuditHead? Open()
    {
        Dispose();
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = Block };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        _stream = new FileStream(path, options);
        long end = LineEnd(_stream.Length);
        // Half a line, from a crash: it is written again as a whole.
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
            // What could not be written was told when it was written.
        }

        _stream = null;
    }

    // Where the last line that ends before a place ends.
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
