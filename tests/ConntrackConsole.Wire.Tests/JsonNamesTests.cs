using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Xunit;

namespace ConntrackConsole.Wire.Tests;

/// <summary>
/// The JSON names of hub messages. Collectors and consoles of different versions exchange them, so a renamed member keeps its name on the wire;
/// a new one is added to JsonNames.txt.
/// </summary>
public class JsonNamesTests
{
    [Fact]
    public void Messages_HaveTheNamesThatOtherVersionsKnow() =>
        Assert.Equal(File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "JsonNames.txt")), Names());

    private static IEnumerable<string> Names()
    {
        var infos =
            from property in typeof(WireJson).GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
            where typeof(JsonTypeInfo).IsAssignableFrom(property.PropertyType)
            select (JsonTypeInfo)property.GetValue(WireJson.Default)!;
        return infos.Select(Describe).OfType<string>().Distinct().Order(StringComparer.Ordinal);
    }

    private static string? Describe(JsonTypeInfo info) => info switch
    {
        { Kind: JsonTypeInfoKind.Object } => $"{info.Type.Name}: {string.Join(", ", info.Properties.Where(IsOnTheWire).Select(p => p.Name))}",
        { Type.IsEnum: true } => $"{info.Type.Name}: {string.Join(", ", Enum.GetValues(info.Type).Cast<object>().Select(value => JsonSerializer.Serialize(value, info)))}",
        _ => null,
    };

    // A computed member with [JsonIgnore] is in the list too, but is neither written nor read.
    private static bool IsOnTheWire(JsonPropertyInfo property) => property.Get is not null || property.Set is not null;
}
