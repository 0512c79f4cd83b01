using System.Collections.Immutable;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Nodes;

/// <summary>The last report of one node, as far as it affects its health checks.</summary>
/// <param name="HeardMs">When its collector last reported, by the console's clock.</param>
/// <param name="TableKnown">The table is known since its last key frame.</param>
/// <param name="HasVipEntries">The table contains an entry with a virtual address.</param>
/// <param name="Settings">By full name; settings that the kernel lacks are absent.</param>
/// <param name="Proxy">Null if no kube-proxy reading has arrived.</param>
internal sealed record NodeFacts(
    string Node, bool Connected, long HeardMs, bool TableKnown, bool HasVipEntries, Counters Counters,
    ImmutableDictionary<string, SettingFact> Settings, ProxyFacts? Proxy)
{
    /// <summary>Values of nf_conntrack_tcp_be_liberal over time, oldest first: its value when kube-proxy started determines the rules.</summary>
    public ImmutableArray<(long AtMs, string Value)> BeLiberal { get; init; } = [];

    /// <summary>What IPVS keeps; null where it is not loaded, and from older collectors.</summary>
    public IpvsReading? Ipvs { get; init; }

    /// <summary>True if IPVS is loaded, also where an older collector does not report what it keeps.</summary>
    public bool HasIpvs { get; init; }
}

/// <param name="ChangedMs">When a change was observed; null if none was.</param>
internal readonly record struct SettingFact(string Value, long? ChangedMs);

/// <summary>The last reading of a node's kube-proxy, and values derived from several readings.</summary>
/// <param name="HeardMs">When it arrived, by the console's clock.</param>
/// <param name="PendingSinceMs">Since when changes are pending that no sync has applied, by the node's clock; null if none are pending.</param>
/// <param name="QueuedSinceMs">Since when a sync is queued that has not run, by the node's clock; null if none is queued.</param>
internal sealed record ProxyFacts(
    ProxyReading Reading, long HeardMs, long? PendingSinceMs, long? QueuedSinceMs, RateFact EndpointChanges, RateFact ApiErrors);

/// <summary>A counter's growth; NaN if unknown.</summary>
/// <param name="Minutes">Number of minutes that <paramref name="Baseline"/> is the median of.</param>
internal readonly record struct RateFact(double LastMinute, double LastFiveMinutes, double Baseline, int Minutes)
{
    public static readonly RateFact Unknown = new(double.NaN, double.NaN, double.NaN, 0);
}

/// <summary>A Service's entries over all reporting nodes, in states in which packets still use them.</summary>
/// <param name="Stale">Entries to an address that no live pod of the Service owns.</param>
/// <param name="Reassigned">Entries to a pod of another workload.</param>
/// <param name="OldestStaleMs">Since when the oldest of them are stale or reassigned.</param>
/// <param name="Backends">Their backends that can be flushed, at most <see cref="MaxBackends"/>.</param>
internal sealed record ServiceEntries(
    long Stale, long Reassigned, long? OldestStaleMs, ImmutableArray<Ip> Backends, ImmutableArray<string> Nodes)
{
    public const int MaxBackends = 5;

    /// <summary>Entries at the Service's own address, which lead to no backend; <see cref="Backends"/> then contains that address.</summary>
    public long Untranslated { get; init; }

    /// <summary>Stale entries to a pod that runs: UDP entries to an endpoint that is not ready or was removed.</summary>
    public long StaleToLive { get; init; }

    /// <summary>Stale entries to an address that is a node's, another Service's, or was never seen as a pod's: the guards refuse a flush there.</summary>
    public long StaleToOther { get; init; }

    /// <summary>The backends of <see cref="StaleToOther"/>, at most <see cref="MaxBackends"/>.</summary>
    public ImmutableArray<Ip> Others { get; init; } = [];

    /// <summary>A node's own addresses among those of <see cref="Untranslated"/>, at which the guards refuse a flush; at most <see cref="MaxBackends"/>.</summary>
    public ImmutableArray<Ip> UntranslatedAtNodes { get; init; } = [];

    /// <summary>The part of <see cref="Reassigned"/> and <see cref="StaleToLive"/> that the guards refuse to flush, by backend and port; at most <see cref="MaxBackends"/>.</summary>
    public ImmutableArray<RefusedEntries> Refused { get; init; } = [];

    /// <summary>How many entries are <see cref="Refused"/>: reassigned and stale ones.</summary>
    public (long Reassigned, long Stale) RefusedCounts { get; init; }

    /// <summary>Addresses and ports of these entries that several Services claim, each with the Services; at most <see cref="MaxBackends"/>.</summary>
    public ImmutableArray<string> Contested { get; init; } = [];

    /// <summary>Entries to a pod of which only the kubelet is known to be dead: whether they are stale is unknown.</summary>
    public long Unproven { get; init; }

    /// <summary>The backends of <see cref="Unproven"/>, at most <see cref="MaxBackends"/>.</summary>
    public ImmutableArray<Ip> UnprovenBackends { get; init; } = [];

    /// <summary>Entries to a running pod that left the Service and still answers.</summary>
    public long Left { get; init; }

    /// <summary>Entries to a running pod that is not ready.</summary>
    public long Unready { get; init; }

    /// <summary>The backends of <see cref="Left"/> and <see cref="Unready"/>, at most <see cref="MaxBackends"/>.</summary>
    public ImmutableArray<Ip> OutOfService { get; init; } = [];

    public static readonly ServiceEntries None = new(0, 0, null, [], []);
}

/// <summary>Entries to a live pod that is no backend, which the guards refuse to flush.</summary>
internal sealed record RefusedEntries(Ip Backend, Ip Vip, ushort Port, ScopeObstacle Obstacle);

/// <summary>Why entries at an address and port may be a pod's own.</summary>
/// <param name="Services">The Services that claim the port; empty if the address is a node's, where a hostPort may listen.</param>
internal sealed record ScopeObstacle(IReadOnlyList<string> Services);

/// <summary>A consistent snapshot of all facts.</summary>
/// <param name="LastActive">For the requested addresses: when the last active connection ended, by the nodes' clocks.</param>
internal sealed record TimelineFacts(
    IReadOnlyDictionary<string, NodeFacts> Nodes, IReadOnlyDictionary<ServiceKey, ServiceEntries> Services,
    IReadOnlyDictionary<Ip, long> LastActive);
