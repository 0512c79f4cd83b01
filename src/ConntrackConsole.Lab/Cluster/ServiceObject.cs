using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>A Service with a ClusterIP.</summary>
internal sealed record LabService(string Namespace, string Name, Ip Address, ushort Port, ushort TargetPort, string Protocol = "TCP")
{
    public string Key => $"{Namespace}/{Name}";

    /// <summary>Its address and port.</summary>
    public string Endpoint => Address.IsV4 ? $"{Address}:{Port}" : $"[{Address}]:{Port}";

    public bool IsUdp => Protocol == "UDP";

    public JsonObject ToJson() => new()
    {
        ["kind"] = "Service",
        ["apiVersion"] = "v1",
        ["metadata"] = Metadata.Create(Name, Namespace),
        ["spec"] = new JsonObject
        {
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["protocol"] = Protocol, ["port"] = Port, ["targetPort"] = "http" }),
            ["selector"] = new JsonObject { ["app"] = Name },
            ["clusterIP"] = Address.ToString(),
            ["clusterIPs"] = new JsonArray(Address.ToString()),
            ["type"] = "ClusterIP",
            ["sessionAffinity"] = "None",
            ["ipFamilies"] = new JsonArray(Address.IsV4 ? "IPv4" : "IPv6"),
            ["ipFamilyPolicy"] = "SingleStack",
            ["internalTrafficPolicy"] = "Cluster",
        },
        ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
    };
}
