using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackConsole.Api.Problems;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Query;

/// <summary>Reads a small JSON body strictly.</summary>
internal static class StrictBody
{
    private const int DefaultMaxBytes = 256 * 1024;

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false, PropertyNameCaseInsensitive = false,
        NumberHandling = JsonNumberHandling.Strict, MaxDepth = 8,
    };

    public static async Task<(T? Body, Reason? Error)> ReadAsync<T>(HttpRequest request, CancellationToken ct)
        where T : class, new()
    {
        var (bytes, error) = await ReadBytesAsync(request, DefaultMaxBytes, ct);
        if (error is not null)
            return (null, error);
        if (bytes.Length == 0)
            return (new T(), null);
        try
        {
            return JsonSerializer.Deserialize<T>(bytes.Span, Strict) is { } body
                ? (body, null)
                : (null, new Reason(RequestErrorCodes.InvalidJson, "The body is null."));
        }
        catch (JsonException e)
        {
            return (null, new Reason(
                RequestErrorCodes.InvalidJson, $"The body is not valid JSON for this endpoint: {e.Message.Split(" Path:")[0].Split(" LineNumber:")[0]}"));
        }
    }

    /// <summary>The body as it is, up to a size.</summary>
    public static async Task<(ReadOnlyMemory<byte> Bytes, Reason? Error)> ReadBytesAsync(HttpRequest request, int maxBytes, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var buffer = new MemoryStream();
        byte[] chunk = new byte[8192];
        for (int read; (read = await request.Body.ReadAsync(chunk, ct)) > 0;)
        {
            if (buffer.Length + read > maxBytes)
                return (default, new Reason(RequestErrorCodes.BodyTooLarge, $"The body is larger than {maxBytes / 1024} KiB."));
            buffer.Write(chunk, 0, read);
        }

        return (buffer.GetBuffer().AsMemory(0, (int)buffer.Length), null);
    }
}
