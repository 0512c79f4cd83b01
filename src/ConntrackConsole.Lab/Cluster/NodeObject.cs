using System.Text.Json.Nodes;
using ConntrackConsole.Lab.Network;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>A node that is always healthy.</summary>
internal static class NodeObject
{
    /// <summary>The kubelet's heartbeat: changes only a time.</summary>
    public static void Heartbeat(JsonObject node)
    {
        // A lost node has no heartbeat.
        foreach (var condition in node["status"]!["conditions"]!.AsArray().Where(condition => (string?)condition!["status"] != "Unknown"))
            condition!["lastHeartbeatTime"] = Metadata.Stamp(DateTimeOffset.UtcNow);
    }

    /// <summary>What the node controller writes: Unknown when the kubelet is silent.</summary>
    public static void SetReady(JsonObject node, string status)
    {
        var ready = node["status"]!["conditions"]!.AsArray().First(condition => (string?)condition!["type"] == "Ready")!;
        ready["status"] = status;
        ready["reason"] = status == "True" ? "KubeletReady" : "NodeStatusUnknown";
        ready["lastTransitionTime"] = Metadata.Stamp(DateTimeOffset.UtcNow);
    }

    public static JsonObject Create(LabNode node)
    {
        string now = Metadata.Stamp(DateTimeOffset.UtcNow);
        JsonObject Condition(string type, string status, string reason) => new()
        {
            ["type"] = type,
            ["status"] = status,
            ["lastHeartbeatTime"] = now,
            ["lastTransitionTime"] = now,
            ["reason"] = reason,
        };
        return new JsonObject
        {
            ["kind"] = "Node",
            ["apiVersion"] = "v1",
            ["metadata"] = Metadata.Create(node.Name, null, new JsonObject
            {
                ["kubernetes.io/hostname"] = node.Name,
                ["kubernetes.io/os"] = "linux",
                ["topology.kubernetes.io/zone"] = "lab",
            }),
            ["spec"] = new JsonObject { ["podCIDR"] = node.PodCidr, ["podCIDRs"] = new JsonArray(node.PodCidr) },
            ["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(
                    Condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                    Condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                    Condition("PIDPressure", "False", "KubeletHasSufficientPID"),
                    Condition("Ready", "True", "KubeletReady")),
                ["addresses"] = new JsonArray(
                    new JsonObject { ["type"] = "InternalIP", ["address"] = node.Address.ToString() },
                    new JsonObject { ["type"] = "Hostname", ["address"] = node.Name }),
                ["nodeInfo"] = new JsonObject
                {
                    ["bootID"] = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(),
                    ["kernelVersion"] = File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
                    ["osImage"] = "network namespace",
                    ["containerRuntimeVersion"] = "conntrack-lab://1",
                    ["kubeletVersion"] = Discovery.KubernetesVersion,
                    ["kubeProxyVersion"] = "",
                    ["operatingSystem"] = "linux",
                    ["architecture"] = "amd64",
                },
            },
        };
    }
}
