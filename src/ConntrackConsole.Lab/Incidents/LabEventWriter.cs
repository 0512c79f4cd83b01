using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>Source and destination of one direction of a flow.</summary>
internal sealed record LabFlowTuple(string Src, int Sport, string Dst, int Dport);

/// <summary>A line of --labels: what really happened, as observed by the workload itself.</summary>
/// <param name="T">Unix time in seconds.</param>
/// <param name="Scenario">Its name; null outside a scenario.</param>
/// <param name="Mechanism">The mechanism, such as M4; null for a reset without a fault.</param>
/// <param name="Kind">What was observed: see <see cref="LabelKinds"/>.</param>
/// <param name="Node">The client's node.</param>
/// <param name="Orig">Client → Service.</param>
/// <param name="Reply">Pod → client.</param>
/// <param name="Resets">Number of resets of this kind; 0 without a reset, as in a hang.</param>
/// <param name="FollowedBy">M1: resets from the backend that it causes at the client's next segment.</param>
/// <param name="Code">The stable code of the finding that is right.</param>
/// <param name="Service">The Service, as namespace/name.</param>
/// <param name="Since">When the request, SYN or datagram without an answer was sent, in Unix seconds.</param>
internal sealed record Label(
    double T, string? Scenario, string? Mechanism, string Kind, string Node, LabFlowTuple Orig, LabFlowTuple Reply, int Resets,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? FollowedBy = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Code = null, string? Service = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Since = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Label))]
internal sealed partial class LabelJson : JsonSerializerContext;

/// <summary>What the workload observed.</summary>
internal static class LabelKinds
{
    /// <summary>A reset client → pod address, from a client with a connection to the Service.</summary>
    public const string UnNated = "un-nated";

    /// <summary>A reset or refusal by a pod.</summary>
    public const string FromBackend = "from-backend";

    /// <summary>A segment beyond the window that was dropped on its way.</summary>
    public const string InvalidDropped = "invalid-dropped";

    /// <summary>A reset by the client itself.</summary>
    public const string ClientAbort = "client-abort";

    /// <summary>A request without an answer.</summary>
    public const string Hang = "hang";

    /// <summary>A SYN without an answer.</summary>
    public const string ConnectTimeout = "connect-timeout";

    /// <summary>A connection that was answered only after a repeated SYN.</summary>
    public const string LateConnect = "late-connect";

    /// <summary>A connection that was refused by ICMP: no endpoint.</summary>
    public const string NoEndpoint = "no-endpoint";

    /// <summary>A workload outside of the Service answered.</summary>
    public const string WrongBackend = "wrong-backend";

    /// <summary>Datagrams without an answer.</summary>
    public const string UdpSilence = "udp-silence";

    /// <summary>A port without a listener.</summary>
    public const string ClosedPort = "closed-port";
}

/// <summary>The lab's output: lines for people, events for tests, labels for evaluating a diagnosis.</summary>
internal sealed class LabEventWriter : IDisposable
{
    private readonly Lock _lock = new();
    private readonly StreamWriter? _labels;
    private readonly StreamWriter? _events;

    /// <exception cref="IOException">A file cannot be written.</exception>
    public LabEventWriter(string? labels, string? events)
    {
        _labels = Open("--labels", labels);
        _events = Open("--events", events);
    }

    /// <summary>A line for people and an event for tests.</summary>
    public void Report(string name, string message, object? fields = null)
    {
        Event(name, fields);
        lock (_lock)
            Console.WriteLine($"{DateTime.Now.ToString("HH:mm:ss.f", CultureInfo.InvariantCulture)}  {message}");
    }

    /// <summary>A line for people without a timestamp.</summary>
    public void Print(string line)
    {
        lock (_lock)
            Console.WriteLine(line);
    }

    public void Event(string name, object? fields = null) => Write(_events, () =>
    {
        var line = fields is null ? new JsonObject() : LabEventFields.ToJson(fields);
        line.Insert(0, "t", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
        line.Insert(1, "event", name);
        return line.ToJsonString();
    });

    public void Write(Label label) => Write(_labels, () => JsonSerializer.Serialize(label, LabelJson.Default.Label));

    public void Dispose()
    {
        _labels?.Dispose();
        _events?.Dispose();
    }

    private static StreamWriter? Open(string option, string? path)
    {
        if (path is null)
            return null;
        try
        {
            return new StreamWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read)) { AutoFlush = true };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{option} {path} cannot be written: {e.Message} Choose a file in an existing directory.", e);
        }
    }

    private void Write(StreamWriter? writer, Func<string> line)
    {
        if (writer is null)
            return;
        lock (_lock)
        {
            if (writer.BaseStream.CanWrite)
                writer.WriteLine(line());
        }
    }
}
