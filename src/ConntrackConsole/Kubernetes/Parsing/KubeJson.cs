using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kubernetes.Parsing;

/// <summary>Reads optional fields: missing, null and differently typed fields all count as absent.</summary>
internal static class KubeJson
{
    internal static JsonElement Get(this JsonElement item, string name)
    {
        try
        {
            return item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) ? value : default;
        }
        catch (InvalidOperationException)
        {
            // The object has a property name with an unpaired surrogate.
            return default;
        }
    }

    internal static bool HasObject(this JsonElement item, string name) => item.Get(name).ValueKind == JsonValueKind.Object;

    internal static string? Text(this JsonElement item, string name) => Text(item.Get(name));

    internal static string? Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Unpaired surrogate or invalid UTF-8.
            return null;
        }
    }

    /// <summary>A pooled string, for text that many objects repeat.</summary>
    internal static string? Shared(this JsonElement item, string name)
    {
        try
        {
            return StringPool.Shared.Of(item.Get(name));
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    internal static IEnumerable<JsonElement> List(this JsonElement item, string name) =>
        item.Get(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    internal static bool? Flag(this JsonElement item, string name) => item.Get(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    internal static long? Number(this JsonElement item, string name) =>
        item.Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out long number) ? number : null;

    internal static int? Int(this JsonElement item, string name) =>
        item.Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int number) ? number : null;

    /// <summary>A count; 0 if absent or negative.</summary>
    internal static int Count(this JsonElement item, string name) => Math.Max(0, item.Int(name) ?? 0);

    /// <summary>0 if it is not a valid port.</summary>
    internal static ushort Port(this JsonElement item, string name) =>
        item.Number(name) is { } number and > 0 and <= ushort.MaxValue ? (ushort)number : (ushort)0;

    internal static long? Time(this JsonElement item, string name) =>
        item.Text(name) is { } text
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeMilliseconds()
            : null;

    internal static byte Protocol(this JsonElement item) => item.Text("protocol") switch
    {
        "UDP" => Protocols.Udp,
        "SCTP" => Protocols.Sctp,
        _ => Protocols.Tcp,
    };

    /// <summary>Distinct addresses in their order; invalid ones are skipped.</summary>
    internal static Ip[] Addresses(IEnumerable<string?> texts)
    {
        Ip[] addresses = [];
        foreach (string? text in texts)
        {
            if (Ip.TryParse(text, out var ip) && !addresses.Contains(ip))
                addresses = [.. addresses, ip];
        }

        return addresses;
    }

    /// <summary>The condition of a type; undefined if absent.</summary>
    internal static JsonElement Condition(this JsonElement status, string type)
    {
        foreach (var condition in status.List("conditions"))
        {
            if (condition.Shared("type") == type)
                return condition;
        }

        return default;
    }
}
