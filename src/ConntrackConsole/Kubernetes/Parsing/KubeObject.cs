using System.Text.Json;
using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Kubernetes.Parsing;

/// <summary>
/// Reads the fields that the console needs from the API's JSON. A missing, null or differently typed field counts as absent:
/// an object of a newer API version must not stop the watch.
/// </summary>
internal static partial class KubeObject
{
    public static string? ResourceVersion(JsonElement item) => item.Get("metadata").Text("resourceVersion");

    public static string? Uid(JsonElement item) => item.Get("metadata").Text("uid");

    /// <summary>The ownerReference with controller=true.</summary>
    private static OwnerRef? Controller(JsonElement meta)
    {
        foreach (var owner in meta.List("ownerReferences"))
        {
            if (owner.Flag("controller") == true && owner.Shared("kind") is { } kind && owner.Shared("name") is { } name && owner.Shared("uid") is { } uid)
                return new OwnerRef(kind, name, uid);
        }

        return null;
    }

    private static bool Named(JsonElement meta, out string uid, out string ns, out string name)
    {
        uid = meta.Text("uid") ?? "";
        ns = meta.Shared("namespace") ?? "";
        name = meta.Text("name") ?? "";
        return uid.Length > 0 && ns.Length > 0 && name.Length > 0;
    }
}
