using System.Text.Json.Nodes;

namespace ConntrackConsole.Testing;

/// <summary>A file of JSON lines that another process still writes.</summary>
public static class JsonLineFile
{
    /// <summary>All whole lines: the last one may be incomplete.</summary>
    public static IReadOnlyList<JsonNode> Read(string path) => Reader(path).Read();

    /// <summary>For a test that reads the file again and again.</summary>
    public static LineReader<JsonNode> Reader(string path) => new(path, line => JsonNode.Parse(line)!);
}
