using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>Discovery documents: what the API server serves.</summary>
internal static class Discovery
{
    public const string KubernetesVersion = "v1.36.2";

    private static readonly string[] Groups = ["apps", "discovery.k8s.io"];

    public static JsonObject? TryFind(string path) => path switch
    {
        "/version" => new JsonObject
        {
            ["major"] = "1",
            ["minor"] = "36",
            ["gitVersion"] = $"{KubernetesVersion}+conntrack-lab",
            ["platform"] = "linux/amd64",
        },
        "/api" => new JsonObject { ["kind"] = "APIVersions", ["versions"] = new JsonArray("v1") },
        "/apis" => new JsonObject { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray([.. Groups.Select(Group)]) },
        "/api/v1" => Resources("v1"),
        "/healthz" or "/livez" or "/readyz" => new JsonObject { ["status"] = "ok" },
        _ when Groups.FirstOrDefault(name => path == $"/apis/{name}") is { } group => Group(group),
        _ when Groups.FirstOrDefault(name => path == $"/apis/{name}/v1") is { } group => Resources($"{group}/v1"),
        _ => null,
    };

    private static JsonObject Group(string name)
    {
        JsonObject Version() => new() { ["groupVersion"] = $"{name}/v1", ["version"] = "v1" };
        return new JsonObject { ["kind"] = "APIGroup", ["name"] = name, ["versions"] = new JsonArray(Version()), ["preferredVersion"] = Version() };
    }

    private static JsonObject Resources(string apiVersion) => new()
    {
        ["kind"] = "APIResourceList",
        ["groupVersion"] = apiVersion,
        ["resources"] = new JsonArray([.. ResourceKind.All.Where(kind => kind.ApiVersion == apiVersion).Select(kind => new JsonObject
        {
            ["name"] = kind.Plural,
            ["singularName"] = kind.Kind.ToLowerInvariant(),
            ["namespaced"] = kind.IsNamespaced,
            ["kind"] = kind.Kind,
            ["verbs"] = new JsonArray("get", "list", "watch"),
        })]),
    };
}
