using System.Text.Json.Nodes;

namespace ConntrackConsole.Testing;

/// <summary>A file of JSON lines that another process still writes.</summary>
public static class JsonLineFile
{
    /// <summary>All whole lines: the last one may be incomplete.</summary>
    public static IReadOnlyList<JsonNode> Read(string path) => new JsonLineReader(path).Read();
}
