using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Bench;

/// <summary>
/// Names and addresses of a synthetic cluster, computed from numbers: one tenth of the Services is large, the others have 5 pods each.
/// A pod is a place (its number) and an incarnation (how often a rollout has replaced it).
/// </summary>
internal sealed record ClusterShape(int Pods, int Services, int Nodes)
{
    public const int SmallPods = 5;
    public const int SliceSize = 100;
    public const int Port = 9000;
    // The first byte of a pod's address is its incarnation.
    private const int Incarnations = 50;

    /// <summary>150,000 pods: 10,000 Services on 5,000 nodes.</summary>
    public static ClusterShape Usual(int pods) => new(pods, 10_000, 5_000);

    /// <summary>As many nodes as a load has collectors: 30 pods each, 150,000 at most, and Services for which these pods suffice.</summary>
    public static ClusterShape OfNodes(int nodes, int services)
    {
        int pods = Math.Min(150_000, Math.Max(60, nodes * 30));
        return new ClusterShape(pods, Math.Max(10, Math.Min(services, pods / 6)), nodes);
    }

    public int Large => Services / 10;

    public int LargePods => (Pods - ((Services - Large) * SmallPods)) / Large;

    public int LargeSlices => (LargePods + SliceSize - 1) / SliceSize;

    public int Slices => (Large * LargeSlices) + Services - Large;

    public int ServiceOfPod(int pod) => pod < Large * LargePods ? pod / LargePods : Math.Min(Services - 1, Large + ((pod - (Large * LargePods)) / SmallPods));

    /// <summary>The places of a Service's pods: the first, and how many.</summary>
    public (int First, int Count) PodsOf(int service) => service < Large
        ? (service * LargePods, LargePods)
        : ((Large * LargePods) + ((service - Large) * SmallPods), SmallPods);

    /// <summary>The Service and the pods of an EndpointSlice.</summary>
    public (int Service, int First, int Count) Slice(int index)
    {
        if (index >= Large * LargeSlices)
        {
            int small = index - (Large * LargeSlices) + Large;
            return (small, PodsOf(small).First, SmallPods);
        }

        int service = index / LargeSlices, at = index % LargeSlices * SliceSize;
        return (service, (service * LargePods) + at, Math.Min(SliceSize, LargePods - at));
    }

    /// <summary>The only EndpointSlice of a small Service.</summary>
    public int SliceOf(int smallService) => (Large * LargeSlices) + smallService - Large;

    public static string Uid(char of, int index, int incarnation = 0) => $"{of}{incarnation:x7}-0000-4000-8000-{index:x12}";

    public static string Service(int service) => $"backend-for-frontend-{service:d5}";

    public static string Hash(int service, int incarnation = 0) => $"{(uint)((service + (incarnation * 65_536)) * 2654435761):x8}5f";

    public static string Namespace(int service) => $"team-{service % 400:d3}";

    public string Pod(int pod, int incarnation = 0) =>
        $"{Service(ServiceOfPod(pod))}-{Hash(ServiceOfPod(pod), incarnation)}-{pod:x5}";

    public static string Node(int node) => $"node-{node}.eu-central-1.compute.internal";

    public string NodeOfPod(int pod) => Node(pod % Nodes);

    public static Ip PodIp(int pod, int incarnation = 0) => Address(10 + (incarnation % Incarnations), pod);

    public static Ip ServiceIp(int service) => Address(100, service);

    public static Ip Address(int net, int index) => Ip.V4(((uint)net << 24) | (uint)index);
}
