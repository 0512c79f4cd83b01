using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Cluster;

/// <summary>Any changes of a small cluster, also such as no real one makes.</summary>
internal sealed class RandomCluster(Random random)
{
    public static readonly string[] Addresses = [.. Enumerable.Range(5, 6).Select(i => $"10.1.0.{i}")];

    public static readonly ClusterChange[] Start =
        [new NodeChange(Node("node1", "192.168.0.1"), false), new NodeChange(Node("node2", "192.168.0.2"), false), new ServiceChange(Service(), false)];

    private readonly Dictionary<string, PodInfo> _pods = [];

    /// <summary>Something happens.</summary>
    public ClusterChange Next(long nowMs)
    {
        string ip = Addresses[random.Next(Addresses.Length)], node = $"node{random.Next(1, 3)}";
        var pod = _pods.Count == 0 ? null : _pods.Values.ElementAt(random.Next(_pods.Count));
        switch (random.Next(12))
        {
            case 0 or 1 or 2:
                string uid = $"p{random.Next(1_000)}";
                return new PodChange(_pods[uid] = Pod(uid, ip, node, nowMs), false);
            case 3 when pod is not null:
                return new PodChange(_pods[pod.Uid] = pod.Terminating(nowMs), false);
            case 4 when pod is not null:
                _pods.Remove(pod.Uid);
                return new PodChange(pod, true);
            case 5 when pod is not null:
                return new PodChange(_pods[pod.Uid] = pod with { Ips = [Ip.Parse(ip)] }, false);
            case 6:
                return new NodeChange(Node(node, node == "node1" ? "192.168.0.1" : "192.168.0.2", random.Next(2) == 0), false);
            case 7 when random.Next(4) == 0:
                return new ServiceChange(Service() with { Uid = "svc2", Key = new ServiceKey("shop", "cart"), ClusterIps = [Ip.Parse("10.96.0.20")] }, random.Next(3) == 0);
            case 8 when random.Next(4) == 0:
                return new ServiceChange(Service(), random.Next(3) == 0);
            case 9 when random.Next(3) == 0:
                return new AnsweringChange([Ip.Parse(ip)], [], random.Next(2) == 0 ? ["node1"] : []);
            default:
                var chosen = _pods.Values.Where(_ => random.Next(2) == 0);
                var slice = Slice([.. chosen.Select(one => random.Next(3) switch { 0 => Draining(one), 1 => Ready(one) with { Serving = false, Ready = false }, _ => Ready(one) })]);
                return new SliceChange(random.Next(4) == 0 ? slice with { Uid = "slice2", Service = new ServiceKey("shop", "cart") } : slice, random.Next(8) == 0);
        }
    }
}
