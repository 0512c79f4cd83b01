using System.Text.Json.Nodes;

namespace ConntrackConsole.Testing;

/// <summary>A file of JSON lines that another process still writes.</summary>
public static class JsonLineFile
{
    /// <summary>All whole lines: the last one may be incomplete.</summary>
    public static IReadOnlyList<JsonNode> Read(string path)
    {
        if (!File.Exists(path))
            return [];
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        string text = reader.ReadToEnd();
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }
}
