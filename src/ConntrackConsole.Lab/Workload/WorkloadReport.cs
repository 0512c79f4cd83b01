using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackConsole.Lab.Workload;

/// <summary>What a client or server saw, as a JSON line on its standard output: the lab's ground truth.</summary>
/// <param name="T">Unix time in seconds.</param>
/// <param name="Event">
/// Client: connected, refused, hung, recovered, reset, closed, timeout, aborted. Server: listening, invalid-sending, invalid-segment, exiting.
/// </param>
/// <param name="Connection">The client's number for the connection.</param>
/// <param name="Local">The reporter's own address:port.</param>
/// <param name="Remote">The other end as the reporter sees it.</param>
/// <param name="Backend">Client: the pod's own address:port, as told in its answers.</param>
/// <param name="Seconds">hung, recovered, reset, timeout: since the request that got no answer.</param>
/// <param name="Resets">invalid-segment: resets that came back for it, counted on a raw socket; null where nothing was sent.</param>
/// <param name="Detail">More, for people.</param>
internal sealed record WorkloadReport(
    double T, string Event, int? Connection = null, string? Local = null, string? Remote = null, string? Backend = null,
    double? Seconds = null, int? Resets = null, string? Detail = null)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    public void Print() => Console.Out.WriteLine(JsonSerializer.Serialize(this, Options));

    /// <summary>Null where the line is something else (a runtime's last words, for one).</summary>
    public static WorkloadReport? TryParse(string line)
    {
        if (!line.StartsWith('{'))
            return null;
        try
        {
            return JsonSerializer.Deserialize<WorkloadReport>(line, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
