using System.Buffers;
using System.IO.Pipelines;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>Reads the lines of a watch. A last line without a line feed is truncated and is not returned.</summary>
internal sealed class JsonLines(PipeReader body, int maxBytes) : IDisposable
{
    private readonly PipeCursor _body = new(body);

    /// <summary>The next line, valid until the next call; empty if it was too long; null at the end.</summary>
    public async ValueTask<ReadOnlySequence<byte>?> NextAsync(CancellationToken ct)
    {
        long scanned = 0;
        bool tooLong = false;
        while (true)
        {
            if (_body.Unread.Slice(scanned).PositionOf((byte)'\n') is { } end)
            {
                var line = _body.Unread.Slice(0, end);
                _body.Consume(line.Length + 1);
                if (tooLong)
                    return ReadOnlySequence<byte>.Empty;
                if (!IsBlank(line))
                    return line;
                scanned = 0;
                continue;
            }

            scanned = _body.Unread.Length;
            if (scanned > maxBytes)
            {
                tooLong = true;
                _body.Consume(scanned);
                scanned = 0;
            }

            if (!await _body.FillAsync(ct))
                return null;
        }
    }

    public void Dispose() => _body.Dispose();

    private static bool IsBlank(ReadOnlySequence<byte> line)
    {
        foreach (var part in line)
        {
            if (part.Span.ContainsAnyExcept(" \r\t"u8))
                return false;
        }

        return true;
    }
}
