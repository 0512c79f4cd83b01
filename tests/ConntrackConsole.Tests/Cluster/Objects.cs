using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Tests.Cluster;

/// <summary>Small objects for tests.</summary>
internal static class Objects
{
    public static readonly ServiceKey Checkout = new("shop", "checkout");
    public const string Vip = "10.96.0.10";

    public static PodInfo Pod(string uid, string ip, string node = "node1", long createdMs = 1_000) =>
        new(uid, "shop", $"checkout-{uid}", node, "Running", [Ip.Parse(ip)], false, createdMs, null, null, false, null, null);

    public static PodInfo Terminating(this PodInfo pod, long requestedMs) => pod with { DeletionMs = requestedMs + 30_000, DeletionRequestedMs = requestedMs };

    public static NodeInfo Node(string name, string ip, bool reachable = true) => new($"uid-{name}", name, reachable, [Ip.Parse(ip)]);

    public static ServiceInfo Service() =>
        new("svc", Checkout, [Ip.Parse(Vip)], [new ServicePort("http", Protocols.Tcp, 80, 30080)]);

    public static SliceInfo Slice(params SliceEndpoint[] endpoints) => new("slice", "shop", "checkout-abc", Checkout, endpoints);

    public static SliceEndpoint Ready(PodInfo pod) => new(pod.Ips, true, true, false, pod.Uid, pod.Node);

    public static SliceEndpoint Draining(PodInfo pod) => new(pod.Ips, false, true, true, pod.Uid, pod.Node);

    public static ClusterMap Map(params ClusterChange[] changes) => changes.Aggregate(ClusterMap.Empty, (map, change) => change.ApplyTo(map, 5_000));
}
