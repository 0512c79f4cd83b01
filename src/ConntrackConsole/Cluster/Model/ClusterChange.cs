using System.Collections.Immutable;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.Model;

/// <summary>An object was added, modified or deleted.</summary>
internal abstract record ClusterChange
{
    /// <summary>uid of the object that the map keeps; null if it keeps none.</summary>
    public abstract string? Uid { get; }

    public abstract ClusterMap ApplyTo(ClusterMap map, long nowMs);
}

internal sealed record PodChange(PodInfo Pod, bool Deleted) : ClusterChange
{
    public override string? Uid => Pod.Uid;

    public override ClusterMap ApplyTo(ClusterMap map, long nowMs) => Deleted ? map.Without(Pod, nowMs) : map.With(Pod, nowMs);
}

internal sealed record NodeChange(NodeInfo Node, bool Deleted) : ClusterChange
{
    public override string? Uid => Node.Uid;

    public override ClusterMap ApplyTo(ClusterMap map, long nowMs) => Deleted ? map.Without(Node) : map.With(Node);
}

internal sealed record ServiceChange(ServiceInfo Service, bool Deleted) : ClusterChange
{
    public override string? Uid => Service.Uid;

    public override ClusterMap ApplyTo(ClusterMap map, long nowMs) => Deleted ? map.Without(Service) : map.With(Service);
}

internal sealed record SliceChange(SliceInfo Slice, bool Deleted) : ClusterChange
{
    public override string? Uid => Slice.Uid;

    public override ClusterMap ApplyTo(ClusterMap map, long nowMs) => Deleted ? map.Without(Slice) : map.With(Slice);
}

internal sealed record WorkloadChange(WorkloadInfo Workload, bool Deleted) : ClusterChange
{
    public override string? Uid => Workload.Uid;

    public override ClusterMap ApplyTo(ClusterMap map, long nowMs) => Deleted ? map.Without(Workload) : map.With(Workload);
}

/// <summary>Not an object of the API server: what the collectors observed about the pods of unreachable nodes.</summary>
/// <param name="Answering">Addresses on unreachable nodes at which something answers.</param>
/// <param name="Refuted">Addresses on unreachable nodes at which data stays unacknowledged.</param>
/// <param name="Reporting">Every node with a collector that reports.</param>
internal sealed record AnsweringChange(ImmutableHashSet<Ip> Answering, ImmutableHashSet<Ip> Refuted, ImmutableHashSet<string> Reporting) : ClusterChange
{
    public override string? Uid => null;

    public override ClusterMap ApplyTo(ClusterMap map, long nowMs) => map.WithAnswering(Answering, Refuted, Reporting);
}

/// <summary>An Event about an object; it does not change the map.</summary>
internal sealed record EventChange(ObjectEvent Event) : ClusterChange
{
    public override string? Uid => null;

    public override ClusterMap ApplyTo(ClusterMap map, long nowMs) => map;
}
