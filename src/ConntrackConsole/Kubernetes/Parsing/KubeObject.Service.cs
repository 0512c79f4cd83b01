using System.Text.Json;
using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Kubernetes.Parsing;

internal static partial class KubeObject
{
    private const string ServiceLabel = "kubernetes.io/service-name";

    public static ServiceInfo? Service(JsonElement item)
    {
        var meta = item.Get("metadata");
        if (!Named(meta, out string uid, out string ns, out string name))
            return null;
        var spec = item.Get("spec");
        // The clusterIP of a headless Service is "None", which does not parse as an address and is skipped.
        return new ServiceInfo(
            uid, new ServiceKey(ns, StringPool.Shared.Of(name)),
            KubeJson.Addresses(spec.List("clusterIPs").Select(KubeJson.Text).Prepend(spec.Text("clusterIP"))), ServicePorts(spec))
        {
            OtherIps = KubeJson.Addresses(spec.List("externalIPs").Select(KubeJson.Text).Concat(Balanced(item.Get("status")))),
            Headless = spec.Text("clusterIP") == "None" || spec.List("clusterIPs").Any(ip => KubeJson.Text(ip) == "None"),
            HasSelector = spec.Get("selector") is { ValueKind: JsonValueKind.Object } selector && selector.EnumerateObject().Any(),
            CreatedMs = meta.Time("creationTimestamp") ?? 0,
            InternalLocal = IsLocal(spec.Text("internalTrafficPolicy")),
            ExternalLocal = IsLocal(spec.Text("externalTrafficPolicy")),
        };
    }

    private static bool? IsLocal(string? policy) => policy is { Length: > 0 } ? policy == "Local" : null;

    public static SliceInfo? Slice(JsonElement item)
    {
        var meta = item.Get("metadata");
        if (!Named(meta, out string uid, out string ns, out string name))
            return null;
        string? service = meta.Get("labels").Shared(ServiceLabel);
        bool fqdn = item.Text("addressType") == "FQDN";
        return new SliceInfo(
            uid, ns, name, string.IsNullOrEmpty(service) ? null : new ServiceKey(ns, service),
            fqdn ? [] : [.. item.List("endpoints").Where(e => e.ValueKind == JsonValueKind.Object).Select(SliceEndpoint)])
        {
            Ports = SlicePorts(item),
            IsFqdn = fqdn,
        };
    }

    private static SliceEndpoint SliceEndpoint(JsonElement item)
    {
        var conditions = item.Get("conditions");
        bool ready = conditions.Flag("ready") ?? true;
        var target = item.Get("targetRef");
        return new SliceEndpoint(
            KubeJson.Addresses(item.List("addresses").Select(KubeJson.Text)), ready, conditions.Flag("serving") ?? ready, conditions.Flag("terminating") ?? false,
            target.Text("kind") == "Pod" ? target.Text("uid") : null, item.Shared("nodeName"));
    }

    private static ServicePort[] ServicePorts(JsonElement spec) =>
    [
        .. from port in spec.List("ports")
           let number = port.Port("port")
           where number > 0
           let name = port.Get("targetPort").ValueKind == JsonValueKind.String ? port.Shared("targetPort") : null
           select new ServicePort(port.Shared("name"), port.Protocol(), number, port.Port("nodePort"))
           {
               // targetPort defaults to port.
               TargetPort = !string.IsNullOrEmpty(name) ? (ushort)0 : port.Port("targetPort") is > 0 and var target ? target : number,
               TargetPortName = string.IsNullOrEmpty(name) ? null : name,
           },
    ];

    private static ServicePort[] SlicePorts(JsonElement slice) =>
    [
        .. from port in slice.List("ports")
           let number = port.Port("port")
           where number > 0
           select new ServicePort(port.Shared("name"), port.Protocol(), number, 0) { TargetPort = number },
    ];

    // A load balancer with ipMode Proxy sends to the nodes itself: the nodes never translate its address.
    private static IEnumerable<string?> Balanced(JsonElement status) =>
        from ingress in status.Get("loadBalancer").List("ingress")
        where ingress.Text("ipMode") != "Proxy"
        select ingress.Text("ip");
}
