using System.Text.Json;

namespace ConntrackConsole.Cluster;

/// <summary>The body of a list, item by item while it arrives: only one is in memory at a time.</summary>
internal sealed class JsonItems(StreamBuffer body, int mostBytes)
{
    /// <summary>resourceVersion and continue of the list's metadata.</summary>
    public (string? Version, string? Continue) Meta { get; private set; }

    /// <exception cref="JsonException">The body is no JSON object.</exception>
    /// <exception cref="IOException">It ended in the middle.</exception>
    public async Task ReadAsync(Action<JsonElement> item, Action skipped, CancellationToken ct)
    {
        await ExpectAsync((byte)'{', ct);
        while (await PeekAsync(ct) is var next and not (byte)'}')
        {
            if (next == ',')
            {
                body.Consume(1);
                continue;
            }

            string? name = await ValueAsync(value => KubeJson.Text(value), () => { }, ct);
            await ExpectAsync((byte)':', ct);
            if (name == "items" && await PeekAsync(ct) == '[')
            {
                await ItemsAsync(item, skipped, ct);
            }
            else
            {
                var meta = await ValueAsync(value => (value.Text("resourceVersion"), value.Text("continue")), () => { }, ct);
                if (name == "metadata")
                    Meta = meta;
            }
        }
    }

    private async Task ItemsAsync(Action<JsonElement> item, Action skipped, CancellationToken ct)
    {
        body.Consume(1);
        while (await PeekAsync(ct) is var next and not (byte)']')
        {
            if (next == ',')
            {
                body.Consume(1);
                continue;
            }

            await ValueAsync(
                value =>
                {
                    item(value);
                    return true;
                },
                skipped, ct);
        }

        body.Consume(1);
    }

    /// <summary>The next value, parsed where it is small enough and sound, stepped over where it is not.</summary>
    private async ValueTask<T?> ValueAsync<T>(Func<JsonElement, T> read, Action skipped, CancellationToken ct)
    {
        await PeekAsync(ct);
        var extent = new JsonExtent();
        int scanned = 0;
        bool tooLarge = false;
        while (true)
        {
            scanned += extent.Scan(body.Unread.Span[scanned..]);
            if (extent.Done)
                break;
            if (scanned > mostBytes)
            {
                tooLarge = true;
                body.Consume(scanned);
                scanned = 0;
            }

            if (!await body.FillAsync(ct))
                throw Ended();
        }

        var bytes = body.Unread[..scanned];
        body.Consume(scanned);
        if (!tooLarge && scanned > 0)
        {
            try
            {
                using var parsed = JsonDocument.Parse(bytes);
                return read(parsed.RootElement);
            }
            catch (JsonException)
            {
                // Nested too deep, or broken inside: the rest of the list is good.
            }
        }

        // A byte that begins no value would be looked at for ever.
        if (scanned == 0 && !tooLarge)
            throw new JsonException("The body is no list.");
        skipped();
        return default;
    }

    private async ValueTask<byte> PeekAsync(CancellationToken ct)
    {
        while (true)
        {
            var unread = body.Unread;
            int at = unread.Span.IndexOfAnyExcept(" \t\r\n"u8);
            if (at >= 0)
            {
                body.Consume(at);
                return unread.Span[at];
            }

            body.Consume(unread.Length);
            if (!await body.FillAsync(ct))
                throw Ended();
        }
    }

    private async ValueTask ExpectAsync(byte wanted, CancellationToken ct)
    {
        if (await PeekAsync(ct) != wanted)
            throw new JsonException("The body is no list.");
        body.Consume(1);
    }

    private static IOException Ended() => new("the list ended in the middle");
}
