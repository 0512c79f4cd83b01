using System.IO.Pipelines;
using System.Text.Json;
using ConntrackConsole.Kubernetes.Parsing;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>Reads the body of a list item by item as it arrives: only one item is in memory at a time.</summary>
internal sealed class JsonItems(PipeReader body, int maxBytes) : IDisposable
{
    private readonly PipeCursor _body = new(body);

    /// <summary>resourceVersion and continue of the list's metadata.</summary>
    public (string? Version, string? Continue) Meta { get; private set; }

    /// <exception cref="JsonException">The body is not a JSON object.</exception>
    /// <exception cref="IOException">The body is truncated.</exception>
    public async Task ReadAsync(Action<JsonElement> item, Action skipped, CancellationToken ct)
    {
        await ExpectAsync((byte)'{', ct);
        while (await PeekAsync(ct) is var next and not (byte)'}')
        {
            if (next == ',')
            {
                _body.Consume(1);
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

    public void Dispose() => _body.Dispose();

    private async Task ItemsAsync(Action<JsonElement> item, Action skipped, CancellationToken ct)
    {
        _body.Consume(1);
        while (await PeekAsync(ct) is var next and not (byte)']')
        {
            if (next == ',')
            {
                _body.Consume(1);
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

        _body.Consume(1);
    }

    /// <summary>Parses the next value, or skips it if it is too large or invalid.</summary>
    private async ValueTask<T?> ValueAsync<T>(Func<JsonElement, T> read, Action skipped, CancellationToken ct)
    {
        await PeekAsync(ct);
        var extent = new JsonExtent();
        long scanned = 0;
        bool tooLarge = false;
        while (true)
        {
            foreach (var part in _body.Unread.Slice(scanned))
            {
                scanned += extent.Scan(part.Span);
                if (extent.Done)
                    break;
            }

            if (extent.Done)
                break;
            if (scanned > maxBytes)
            {
                tooLarge = true;
                _body.Consume(scanned);
                scanned = 0;
            }

            if (!await _body.FillAsync(ct))
                throw Ended();
        }

        var bytes = _body.Unread.Slice(0, scanned);
        _body.Consume(scanned);
        if (!tooLarge && scanned > 0)
        {
            try
            {
                using var parsed = JsonDocument.Parse(bytes);
                return read(parsed.RootElement);
            }
            catch (JsonException)
            {
                // Nested too deep or invalid: the rest of the list is still readable.
            }
        }

        // A byte that starts no value would loop forever.
        if (scanned == 0 && !tooLarge)
            throw new JsonException("The body is not a list.");
        skipped();
        return default;
    }

    private async ValueTask<byte> PeekAsync(CancellationToken ct)
    {
        while (true)
        {
            if (FirstOfNextToken() is { } first)
                return first;
            if (!await _body.FillAsync(ct))
                throw Ended();
        }
    }

    // Consumes leading white space.
    private byte? FirstOfNextToken()
    {
        while (!_body.Unread.IsEmpty)
        {
            var span = _body.Unread.FirstSpan;
            int at = span.IndexOfAnyExcept(" \t\r\n"u8);
            _body.Consume(at < 0 ? span.Length : at);
            if (at >= 0)
                return span[at];
        }

        return null;
    }

    private async ValueTask ExpectAsync(byte wanted, CancellationToken ct)
    {
        if (await PeekAsync(ct) != wanted)
            throw new JsonException("The body is not a list.");
        _body.Consume(1);
    }

    private static IOException Ended() => new("the list is truncated");
}
