using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Inventory;

/// <summary>Whether a node's collector reports.</summary>
internal enum CollectorState
{
    /// <summary>It sends frames.</summary>
    Reporting,
    /// <summary>It is connected, and sends none.</summary>
    Silent,
    /// <summary>It has been connected.</summary>
    Disconnected,
    /// <summary>None has ever reported.</summary>
    Never,
}

/// <summary>A node as it is now, as far as it is known. What a collector last reported is kept while it is silent, and is then not current.</summary>
/// <param name="HeardMs">When the collector last reported, by the console's clock; null if never.</param>
internal sealed record NodeSummary(string Name, CollectorState Collector, long? HeardMs)
{
    /// <summary>Null if the node is not in the cluster.</summary>
    public NodeInfo? Info { get; init; }

    /// <summary>Its values are current.</summary>
    public bool IsCurrent => Collector == CollectorState.Reporting;

    /// <summary>Null if it is not known.</summary>
    public string? Version { get; init; }

    public IReadOnlyList<Capability> Capabilities { get; init; } = [];

    /// <summary>The console's clock minus the node's; null = not measured.</summary>
    public int? ClockOffsetMs { get; init; }

    /// <summary>The last reported size of the table; null if none was reported.</summary>
    public TableSize? Table { get; init; }

    public ProxySummary Proxy { get; init; } = ProxySummary.None;

    /// <summary>By name.</summary>
    public IReadOnlyList<SettingSummary> Settings { get; init; } = [];

    /// <summary>How many settings differ from those of the other nodes; null if it is not known.</summary>
    public int? Differences => IsCurrent && Settings.Count > 0 ? Settings.Count(setting => setting.Differs) : null;

    /// <summary>Gaps of this moment.</summary>
    public IReadOnlyList<GapSpan> Gaps { get; init; } = [];
}

/// <summary>The size of a conntrack table.</summary>
internal readonly record struct TableSize(uint Entries, uint Max)
{
    public double Percent => 100.0 * Entries / Max;
}

/// <summary>The last reading of a node's kube-proxy.</summary>
/// <param name="Mode">Null if it is not known.</param>
/// <param name="LastSyncMs">By the node's clock; null if it is not known.</param>
/// <param name="Unknown">Why its values are not known now; null if they are.</param>
/// <param name="UnknownCode">The reason's code.</param>
internal sealed record ProxySummary(string? Mode, long? LastSyncMs, string? Unknown, string? UnknownCode)
{
    public static readonly ProxySummary None = new(null, null, null, null);

    /// <summary>When it was read, by the console's clock; null if never.</summary>
    public long? ReadMs { get; init; }

    /// <summary>The last reading; null if none has arrived.</summary>
    public ProxyReading? Reading { get; init; }

    /// <summary>Since when changes are pending that no sync has applied, by the node's clock; null if none are pending.</summary>
    public long? PendingSinceMs { get; init; }
}

/// <summary>A sysctl of a node beside those of the others.</summary>
/// <param name="Value">Null if the node's kernel does not have it.</param>
/// <param name="ChangedMs">When a change was observed; null if none was.</param>
internal sealed record SettingSummary(string Name, string? Value, long? ChangedMs, SettingValueCounts Values)
{
    /// <summary>It is not the value of most nodes.</summary>
    public bool Differs => Values.Counts.Count > 1 && (!Values.HasMajority || Value != Values.Majority);
}

/// <summary>The values of a sysctl on the nodes that report.</summary>
/// <param name="Majority">The value of more than half of them; null also where most of them do not have it.</param>
/// <param name="HasMajority">One value, or its absence, has more than half of them.</param>
/// <param name="Counts">How many nodes have each value, the most frequent first; null where it is absent.</param>
internal sealed record SettingValueCounts(string? Majority, bool HasMajority, IReadOnlyList<(string? Value, int Nodes)> Counts);
