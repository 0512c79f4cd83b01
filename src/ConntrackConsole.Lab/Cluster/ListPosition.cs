using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>Position at which a paged list continues; opaque to clients.</summary>
internal sealed record ListPosition(long Version, string After)
{
    public static ListPosition? TryParse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(Convert.FromBase64String(text), ListPositionJson.Default.ListPosition);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    public override string ToString() => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(this, ListPositionJson.Default.ListPosition));
}

[JsonSerializable(typeof(ListPosition))]
internal sealed partial class ListPositionJson : JsonSerializerContext;
