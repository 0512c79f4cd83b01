using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>The fields of an event, an object of an anonymous type, as JSON. The serializer cannot write those in a native program.</summary>
internal static class LabEventFields
{
    public static JsonObject ToJson(object fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        return new JsonObject(fields.GetType().GetProperties().Select(
            property => KeyValuePair.Create(JsonNamingPolicy.CamelCase.ConvertName(property.Name), Value(property.GetValue(fields)))));
    }

    private static JsonNode? Value(object? value) => value switch
    {
        null => null,
        string text => JsonValue.Create(text),
        int number => JsonValue.Create(number),
        double number => JsonValue.Create(number),
        IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(Value)]),
        _ when !value.GetType().IsValueType => ToJson(value),
        _ => throw new NotSupportedException($"A field of an event is a {value.GetType()}."),
    };
}
