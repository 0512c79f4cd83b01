using System.Collections.Immutable;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Nodes;

/// <summary>What one node told last, as far as it bears on its health.</summary>
/// <param name="HeardMs">When its collector was heard last, by our clock.</param>
/// <param name="TableKnown">The table is known since its last key frame.</param>
/// <param name="HasVipEntries">The table holds an entry with a virtual address.</param>
/// <param name="Settings">By long name; a setting that the kernel lacks is absent.</param>
/// <param name="Proxy">Null where no reading of kube-proxy has come.</param>
public sealed record NodeFacts(
    string Node, bool Connected, long HeardMs, bool TableKnown, bool HasVipEntries, Counters Counters,
    ImmutableDictionary<string, SettingFact> Settings, ProxyFacts? Proxy)
{
    /// <summary>Former values of nf_conntrack_tcp_be_liberal, oldest first: what it was when kube-proxy started decides its rules.</summary>
    public ImmutableArray<(long AtMs, string Value)> BeLiberal { get; init; } = [];
}

/// <param name="ChangedMs">When it was seen to change; null while nobody has.</param>
public readonly record struct SettingFact(string Value, long? ChangedMs);

/// <summary>The last reading of a node's kube-proxy, and what only several of them tell.</summary>
/// <param name="HeardMs">When it came, by our clock.</param>
/// <param name="PendingSinceMs">Since when changes wait that no sync has taken in since, by the node's clock; null = none wait.</param>
/// <param name="QueuedSinceMs">Since when a sync is asked for that has not come, by the node's clock; null = none is.</param>
public sealed record ProxyFacts(
    ProxyReading Reading, long HeardMs, long? PendingSinceMs, long? QueuedSinceMs, RateFact EndpointChanges, RateFact ApiErrors);

/// <summary>A counter's growth; NaN where it is not known.</summary>
/// <param name="Minutes">How many minutes <paramref name="Baseline"/> is the median of.</param>
public readonly record struct RateFact(double LastMinute, double LastFiveMinutes, double Baseline, int Minutes)
{
    public static readonly RateFact Unknown = new(double.NaN, double.NaN, double.NaN, 0);
}

/// <summary>A Service's entries over the nodes that report, in states that steer packets.</summary>
/// <param name="Stale">Lead to an address that no live pod of the Service owns.</param>
/// <param name="Reassigned">Lead to another workload's pod.</param>
/// <param name="OldestStaleMs">Since when the oldest of them are what they are.</param>
/// <param name="Backends">Their backends, at most <see cref="MaxBackends"/>.</param>
public sealed record ServiceEntries(
    long Stale, long Reassigned, long? OldestStaleMs, ImmutableArray<Ip> Backends, ImmutableArray<string> Nodes)
{
    public const int MaxBackends = 5;

    public static readonly ServiceEntries None = new(0, 0, null, [], []);
}

/// <summary>All of it at one look.</summary>
/// <param name="LastActive">For the addresses asked for: when the last conversation with it ended, by its nodes' clocks.</param>
public sealed record TimelineFacts(
    IReadOnlyDictionary<string, NodeFacts> Nodes, IReadOnlyDictionary<ServiceKey, ServiceEntries> Services,
    IReadOnlyDictionary<Ip, long> LastActive);
