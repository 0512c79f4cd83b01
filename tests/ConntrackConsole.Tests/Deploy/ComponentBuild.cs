using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace ConntrackConsole.Tests.Deploy;

/// <summary>
/// Builds the base with components as kustomize does, for the few kinds of patches that they use; any other is an error. So these tests need no
/// kubectl; deploy/check builds the same with the real one.
/// </summary>
internal static class ComponentBuild
{
    public static readonly string Folder = Path.Combine(Manifests.Root, "deploy", "components");

    public static IReadOnlyList<string> Names { get; } = [.. Directory.GetDirectories(Folder).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    /// <summary>All objects of the base with these components, parsed strictly again where a patch changed them.</summary>
    public static IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Of(params IEnumerable<string> components)
    {
        var objects = Manifests.All.Cast<IKubernetesObject<V1ObjectMeta>>().ToList();
        foreach (string component in components)
        {
            var kustomization = Read<Dictionary<string, object>>(Path.Combine(Folder, component, "kustomization.yaml"));
            if (kustomization.Keys.Except(["apiVersion", "kind", "resources", "patches", "configMapGenerator"]).ToList() is { Count: > 0 } unknown)
                throw new NotSupportedException($"{component}: {string.Join(", ", unknown)}");
            foreach (var file in (IEnumerable<object>?)kustomization.GetValueOrDefault("resources") ?? [])
                objects.AddRange(Manifests.Load(Path.Combine(Folder, component, (string)file)).Cast<IKubernetesObject<V1ObjectMeta>>());
            foreach (var patch in ((IEnumerable<object>?)kustomization.GetValueOrDefault("patches") ?? []).Cast<IDictionary<object, object>>())
                objects = Apply(objects, (IDictionary<object, object>)patch["target"], patch.TryGetValue("path", out object? path) ? File.ReadAllText(Path.Combine(Folder, component, (string)path)) : (string)patch["patch"]);
        }

        return objects;
    }

    public static T Read<T>(string file) => KubernetesYaml.Deserialize<T>(File.ReadAllText(file));

    private static List<IKubernetesObject<V1ObjectMeta>> Apply(List<IKubernetesObject<V1ObjectMeta>> objects, IDictionary<object, object> target, string patch)
    {
        bool IsTarget(IKubernetesObject<V1ObjectMeta> item) => item.Kind == (string)target["kind"] && item.Metadata.Name == (string)target["name"]
            && (!target.TryGetValue("namespace", out object? space) || (string)space == (item.Metadata.NamespaceProperty ?? "conntrack-console"));

        if (patch.StartsWith("$patch: delete\n", StringComparison.Ordinal))
            return [.. objects.Where(item => !IsTarget(item))];
        if (!patch.StartsWith("- {op:", StringComparison.Ordinal) && !patch.StartsWith('#'))
            return [.. objects.Select(item => IsTarget(item) ? Merge(item, KubernetesYaml.Deserialize<Dictionary<object, object>>(patch)) : item)];
        return [.. objects.Select(item => IsTarget(item) ? Change(item, KubernetesYaml.Deserialize<List<Dictionary<string, object>>>(patch)) : item)];
    }

    // A strategic merge patch of containers, variables and volumes, which are found by their names, and of mounts, by their paths.
    private static IKubernetesObject<V1ObjectMeta> Merge(IKubernetesObject<V1ObjectMeta> item, Dictionary<object, object> patch)
    {
        var root = JsonNode.Parse(KubernetesJson.Serialize(item))!.AsObject();
        Merge(root, Node(patch)!.AsObject());
        return (IKubernetesObject<V1ObjectMeta>)Manifests.Parse(root.ToJsonString()).Single();
    }

    private static void Merge(JsonObject into, JsonObject patch)
    {
        foreach (var (key, value) in patch.ToList())
        {
            if (value is JsonObject map && into[key] is JsonObject inner)
            {
                Merge(inner, map);
            }
            else if (value is JsonArray list && into[key] is JsonArray known && list.All(entry => entry is JsonObject))
            {
                string name = key == "volumeMounts" ? "mountPath" : "name";
                foreach (var entry in list.Select(entry => entry!.AsObject()).ToList())
                {
                    var same = known.FirstOrDefault(other => (string?)other![name] == (string?)entry[name])?.AsObject();
                    if ((string?)entry["$patch"] == "delete")
                        known.Remove(same ?? throw new InvalidDataException($"{key} has no {entry[name]}."));
                    else if (same is not null)
                        Merge(same, entry);
                    else
                        known.Add(entry.DeepClone());
                }
            }
            else
            {
                into[key] = value?.DeepClone();
            }
        }
    }

    // A JSON patch (RFC 6902) of test, remove and replace.
    private static IKubernetesObject<V1ObjectMeta> Change(IKubernetesObject<V1ObjectMeta> item, List<Dictionary<string, object>> operations)
    {
        var root = JsonNode.Parse(KubernetesJson.Serialize(item))!;
        foreach (var operation in operations)
        {
            string[] path = [.. ((string)operation["path"]).Split('/').Skip(1).Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
            var parent = path[..^1].Aggregate(root, (node, step) => Step(node, step) ?? throw new InvalidDataException($"{operation["path"]} does not exist."));
            var value = Step(parent, path[^1]) ?? throw new InvalidDataException($"{operation["path"]} does not exist.");
            switch (operation["op"])
            {
                case "test" when value.ToString() != (string)operation["value"]:
                    throw new InvalidDataException($"{operation["path"]} is {value}, not {operation["value"]}.");
                case "test":
                    break;
                case "remove" when parent is JsonArray list:
                    list.Remove(value);
                    break;
                case "replace":
                    value.ReplaceWith(Node(operation["value"]));
                    break;
                default:
                    throw new NotSupportedException($"{operation["op"]} of {operation["path"]}");
            }
        }

        // JSON is YAML too, and only the YAML parser is strict.
        return (IKubernetesObject<V1ObjectMeta>)Manifests.Parse(root.ToJsonString()).Single();
    }

    private static JsonNode? Step(JsonNode node, string step) => node is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)] : node[step];

    private static JsonNode? Node(object? value) => value switch
    {
        IDictionary<object, object> map => new JsonObject(map.Select(pair => KeyValuePair.Create((string)pair.Key, Node(pair.Value)))),
        IEnumerable<object> list => new JsonArray([.. list.Select(Node)]),
        _ => JsonValue.Create(value?.ToString()),
    };
}
