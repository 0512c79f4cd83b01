using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kubernetes.Parsing;

/// <summary>Fields of an object that may lack any of them: missing, null or of another type are all "not there".</summary>
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
            // A field whose name is half a surrogate pair stands beside it.
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
            // Half a surrogate pair, or bytes that are no UTF-8: no text.
            return null;
        }
    }

    /// <summary>A text that many objects repeat.</summary>
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

    /// <summary>A count that is absent where it is zero; never below it.</summary>
    internal static int Count(this JsonElement item, string name) => Math.Max(0, item.Int(name) ?? 0);

    /// <summary>0 where it is no port.</summary>
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

    /// <summary>Each address once, in their order; what is no address is left out.</summary>
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

    /// <summary>The condition of a type; not there where there is none.</summary>
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
