using System.Text;
using System.Text.Json;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Bench.Load.Nodes;

/// <summary>The messages of SignalR's JSON protocol that a collector sends and reads.</summary>
internal static class HubMessages
{
    public const string Handshake = "{\"protocol\":\"json\",\"version\":1}";
    public const string StartLive = $"{{\"type\":1,\"invocationId\":\"2\",\"target\":\"{HubMethods.Frames}\",\"arguments\":[],\"streamIds\":[\"{OutboxFrame.Live}\"]}}";
    public const string EndLate = $"{{\"type\":3,\"invocationId\":\"{OutboxFrame.Late}\"}}";
    public const string Clock = $"{{\"type\":1,\"invocationId\":\"4\",\"target\":\"{HubMethods.Clock}\",\"arguments\":[]}}";
    private const string HelloId = "1";

    public static string Hello(string node, long run)
    {
        var hello = new Hello(
            node, "0.1.0", "5f1c7c0e-1111-4222-8333-944445555666", "6.18.0", run,
            [new("events", true, "ctnetlink"), new("resets.trace", true, "tracepoints"), new("delete", true, "ctnetlink")],
            new Dictionary<string, string> { ["net.netfilter.nf_conntrack_max"] = "262144", ["net.netfilter.nf_conntrack_tcp_be_liberal"] = "0" });
        return $"{{\"type\":1,\"invocationId\":\"{HelloId}\",\"target\":\"{HubMethods.Hello}\",\"arguments\":[{JsonSerializer.Serialize(hello, WireJson.Default.Hello)}]}}";
    }

    public static string StartLate(long run) =>
        $"{{\"type\":1,\"invocationId\":\"3\",\"target\":\"{HubMethods.Backfill}\",\"arguments\":[{run}],\"streamIds\":[\"{OutboxFrame.Late}\"]}}";

    public static bool IsStored(ReadOnlySpan<byte> message) => message.StartsWith("{\"type\":1,\"target\":\"Stored\""u8);

    public static bool IsWelcome(ReadOnlySpan<byte> message) => message.StartsWith("{\"type\":3,\"invocationId\":\"1\""u8);

    /// <summary>Whether the message may be one that a made-up node reads: the others, such as long watch lists, are skipped.</summary>
    public static bool IsRead(ReadOnlySpan<byte> start) => !start.StartsWith("{\"type\":1,\"target\":\"Watch\""u8);

    /// <returns>Why the console does not accept the node; null if it does.</returns>
    public static string? Refusal(ReadOnlySpan<byte> message)
    {
        using var json = JsonDocument.Parse(Encoding.UTF8.GetString(message));
        if (!json.RootElement.TryGetProperty("result", out var result))
            return json.RootElement.TryGetProperty("error", out var error) ? error.GetString() : "no result";
        return result.GetProperty("accepted").GetBoolean() ? null : result.GetProperty("refusal").GetString();
    }

    /// <summary>Reads which frames of a run are stored.</summary>
    public static long ReadStored(ReadOnlySpan<byte> message, List<SequenceRange> ranges)
    {
        ranges.Clear();
        var reader = new Utf8JsonReader(message);
        long run = 0;
        ulong from = 0;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
                continue;
            if (reader.ValueTextEquals("startedAtMs"u8) && reader.Read())
                run = reader.GetInt64();
            else if (reader.ValueTextEquals("from"u8) && reader.Read())
                from = reader.GetUInt64();
            else if (reader.ValueTextEquals("to"u8) && reader.Read())
                ranges.Add(new SequenceRange(from, reader.GetUInt64()));
        }

        return run;
    }
}
