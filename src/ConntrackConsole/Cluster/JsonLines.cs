namespace ConntrackConsole.Cluster;

/// <summary>The lines of a watch. One that is not closed by a line feed was cut: it is not a line.</summary>
internal sealed class JsonLines(StreamBuffer body, int mostBytes)
{
    /// <summary>The next line, valid until the next call; empty for one that was too long; null at the end.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken ct)
    {
        int scanned = 0;
        bool tooLong = false;
        while (true)
        {
            int at = body.Unread.Span[scanned..].IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = body.Unread[..(scanned + at)];
                body.Consume(line.Length + 1);
                if (tooLong)
                    return ReadOnlyMemory<byte>.Empty;
                if (!line.Span.Trim(" \r\t"u8).IsEmpty)
                    return line;
                scanned = 0;
                continue;
            }

            scanned = body.Unread.Length;
            if (scanned > mostBytes)
            {
                tooLong = true;
                body.Consume(scanned);
                scanned = 0;
            }

            if (!await body.FillAsync(ct))
                return null;
        }
    }
}
