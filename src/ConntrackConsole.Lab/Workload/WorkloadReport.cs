using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackConsole.Lab.Workload;

/// <summary>An observation of a client or server, as a JSON line on its standard output: the lab's ground truth.</summary>
/// <param name="T">Unix time in seconds.</param>
/// <param name="Event">
/// Client: connected, refused, hung, recovered, reset, closed, timeout, connect-timeout, aborted. Server: listening, invalid-sending,
/// invalid-segment, reset-by-client, exiting.
/// </param>
/// <param name="Connection">The client's number for the connection.</param>
/// <param name="Local">The reporter's own address:port.</param>
/// <param name="Remote">The other end as the reporter sees it.</param>
/// <param name="Backend">Client: the pod's own address:port, from its responses.</param>
/// <param name="Seconds">connected: time of the connect; hung, recovered, reset, timeout: time since the unanswered request.</param>
/// <param name="Resets">invalid-segment: resets received for it, counted on a raw socket; null if nothing was sent.</param>
/// <param name="Detail">Further information for people.</param>
internal sealed record WorkloadReport(
    double T, string Event, int? Connection = null, string? Local = null, string? Remote = null, string? Backend = null,
    double? Seconds = null, int? Resets = null, string? Detail = null)
{
    /// <summary>A connection that took longer was answered only after its SYN had been sent again, a second after the first one.</summary>
    public const double SynRepeatSeconds = 0.9;

    /// <summary>When the request, SYN or datagram was sent, by the reporter's own clock: the lab may read a report late. Null if it reports no time of waiting.</summary>
    [JsonIgnore]
    public double? Since => Seconds is { } waited ? Math.Round(T - waited, 3) : null;

    public static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>Whether a pod's address answered last.</summary>
    public bool IsAt(string? podIp) => IPEndPoint.TryParse(Backend ?? "", out var backend) && IPAddress.TryParse(podIp, out var pod) && backend.Address.Equals(pod);

    /// <summary>Whether the other end is a pod.</summary>
    public bool IsFrom(string? podIp) => IPEndPoint.TryParse(Remote ?? "", out var remote) && IPAddress.TryParse(podIp, out var pod) && remote.Address.Equals(pod);

    public void Print() => Console.Out.WriteLine(JsonSerializer.Serialize(this, WorkloadReportJson.Default.WorkloadReport));

    /// <summary>Null if the line is something else (the runtime's crash output, for example).</summary>
    public static WorkloadReport? TryParse(string line)
    {
        if (!line.StartsWith('{'))
            return null;
        try
        {
            return JsonSerializer.Deserialize(line, WorkloadReportJson.Default.WorkloadReport);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WorkloadReport))]
internal sealed partial class WorkloadReportJson : JsonSerializerContext;
