using System.Text.Json;
using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Kubernetes.Parsing;

internal static partial class KubeObject
{
    public static NodeInfo? Node(JsonElement item)
    {
        var meta = item.Get("metadata");
        if (meta.Text("uid") is not { Length: > 0 } uid || meta.Shared("name") is not { Length: > 0 } name)
            return null;
        var status = item.Get("status");
        var ready = status.Condition("Ready");
        return new NodeInfo(
            uid, name, ready.Text("status") == "True",
            KubeJson.Addresses(status.List("addresses").Where(a => a.Text("type") is "InternalIP" or "ExternalIP").Select(a => a.Text("address"))))
        {
            KubeletVersion = status.Get("nodeInfo").Shared("kubeletVersion"),
            ReadySinceMs = ready.Time("lastTransitionTime"),
            NoExecuteTaints = [.. NoExecuteTaints(item.Get("spec"))],
        };
    }

    private static IEnumerable<string> NoExecuteTaints(JsonElement spec) =>
        from taint in spec.List("taints")
        where taint.Text("effect") == "NoExecute"
        let key = taint.Text("key")
        where !string.IsNullOrEmpty(key)
        select taint.Text("value") is { Length: > 0 } value ? $"{key}={value}:NoExecute" : $"{key}:NoExecute";
}
