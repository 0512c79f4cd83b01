using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>Source and destination of one direction of a flow.</summary>
internal sealed record LabFlowTuple(string Src, int Sport, string Dst, int Dport);

/// <summary>A line of --labels: what really happened, as observed by the workload itself.</summary>
/// <param name="T">Unix time in seconds.</param>
/// <param name="Scenario">healthy, blackhole, invalid, early-exit; null outside a rolling update.</param>
/// <param name="Mechanism">M1, M3, M4; null for a reset without a fault.</param>
/// <param name="Kind">un-nated, from-backend, client-abort or hang.</param>
/// <param name="Node">The client's node.</param>
/// <param name="Orig">Client → Service.</param>
/// <param name="Reply">Pod → client.</param>
/// <param name="Resets">Number of resets of this kind; 0 for a hang.</param>
/// <param name="FollowedBy">M1: resets from the backend that it causes at the client's next segment.</param>
internal sealed record Label(
    double T, string? Scenario, string? Mechanism, string Kind, string Node, LabFlowTuple Orig, LabFlowTuple Reply, int Resets,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? FollowedBy = null);

/// <summary>The lab's output: lines for people, events for tests, labels for evaluating a diagnosis.</summary>
internal sealed class LabEventWriter : IDisposable
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

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
        var line = JsonSerializer.SerializeToNode(fields ?? new { }, Options)!.AsObject();
        line.Insert(0, "t", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
        line.Insert(1, "event", name);
        return line.ToJsonString(Options);
    });

    public void Write(Label label) => Write(_labels, () => JsonSerializer.Serialize(label, Options));

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
