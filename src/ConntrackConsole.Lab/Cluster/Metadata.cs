using System.Globalization;
using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>What all objects begin with.</summary>
internal static class Metadata
{
    public static JsonObject Create(string name, string? space, JsonObject? labels = null)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (space is not null)
            metadata["namespace"] = space;
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Stamp(DateTimeOffset.UtcNow);
        if (labels is not null)
            metadata["labels"] = labels;
        return metadata;
    }

    /// <summary>The reference by which an object names its one owner.</summary>
    public static JsonObject Owner(JsonObject owner) => new()
    {
        ["apiVersion"] = owner["apiVersion"]!.DeepClone(),
        ["kind"] = owner["kind"]!.DeepClone(),
        ["name"] = owner["metadata"]!["name"]!.DeepClone(),
        ["uid"] = owner["metadata"]!["uid"]!.DeepClone(),
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };

    /// <summary>Times in objects have whole seconds.</summary>
    public static string Stamp(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A random ending as Kubernetes makes them: no vowels, nothing that looks like something else.</summary>
    public static string Suffix(int length) =>
        new([.. Enumerable.Range(0, length).Select(_ => "bcdfghjklmnpqrstvwxz2456789"[Random.Shared.Next(27)])]);
}
