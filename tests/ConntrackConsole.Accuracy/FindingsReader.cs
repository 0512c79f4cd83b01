using System.Globalization;
using System.Text.Json;

namespace ConntrackConsole.Accuracy;

/// <summary>Reads the answer of GET findings. Members that are missing or of another type are unknown; what has no mechanism is skipped.</summary>
internal static class FindingsReader
{
    public static FindingsSnapshot Read(JsonElement answer) => new(
        [.. Items(answer, "findings").Select(Finding).OfType<NamedFinding>()],
        [.. Items(answer, "insufficient").Select(item => (ServiceOf(item), item.ValueKind == JsonValueKind.String ? item.GetString()! : Missing(item)))]);

    private static NamedFinding? Finding(JsonElement item)
    {
        string? code = Text(item, "code"), mechanism = Text(item, "mechanism");
        if (code is null && mechanism is null)
            return null;
        double? since = Time(item, "since");
        string explains = item.TryGetProperty("explains", out var share) && share.ValueKind == JsonValueKind.Object
            ? Text(share, "text") ?? $"{Text(share, "count")} of {Text(share, "whole")} {Text(share, "unit")}" : "";
        string? service = ServiceOf(item), backend = Text(item, "backend");
        return new NamedFinding(
            Text(item, "id") ?? $"{code ?? mechanism} {service} {backend} {since}", code ?? mechanism!, mechanism ?? code!, service, backend, since, explains) { Until = Time(item, "until") };
    }

    private static string Missing(JsonElement item) => $"{Text(item, "mechanisms")}: {Text(item, "missing")}";

    private static string? ServiceOf(JsonElement item) => Text(item, "service") is not { } name ? null
        : name.Contains('/', StringComparison.Ordinal) || Text(item, "namespace") is not { } space ? name : $"{space}/{name}";

    private static double? Time(JsonElement item, string name) => Text(item, name) is not { } text ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? (number > 1e11 ? number / 1000 : number)
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.ToUnixTimeMilliseconds() / 1000.0 : null;

    private static string? Text(JsonElement item, string name) => item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value)
        ? value.ValueKind switch { JsonValueKind.String => value.GetString(), JsonValueKind.Number => value.GetRawText(), _ => null } : null;

    private static JsonElement.ArrayEnumerator Items(JsonElement answer, string name) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;
}
