using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <summary>
/// Writes acknowledgements, one for each node and second, without the serializer's stack for nested objects, which was an eighth of all
/// that the console allocated.
/// </summary>
internal sealed class StoredRangesWriter : JsonConverter<StoredRanges>
{
    private static readonly JsonEncodedText _startedAtMs = JsonEncodedText.Encode("startedAtMs");
    private static readonly JsonEncodedText _ranges = JsonEncodedText.Encode("ranges");
    private static readonly JsonEncodedText _from = JsonEncodedText.Encode("from");
    private static readonly JsonEncodedText _to = JsonEncodedText.Encode("to");

    /// <exception cref="NotSupportedException">Always: collectors do not acknowledge.</exception>
    public override StoredRanges Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("The console only sends acknowledgements.");

    public override void Write(Utf8JsonWriter writer, StoredRanges value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WriteStartObject();
        writer.WriteNumber(_startedAtMs, value.StartedAtMs);
        writer.WriteStartArray(_ranges);
        for (int i = 0; i < value.Ranges.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteNumber(_from, value.Ranges[i].From);
            writer.WriteNumber(_to, value.Ranges[i].To);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
