using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Findings;

namespace ConntrackConsole.Inventory;

/// <summary>Why a Service is where it is in the list, worst first.</summary>
internal enum ServiceRank
{
    /// <summary>A finding of it lasts.</summary>
    Finding,
    /// <summary>Entries of it lead to no pod of the Service.</summary>
    StaleEntries,
    /// <summary>Connections of it were reset within the last minutes.</summary>
    Resets,
    /// <summary>Nothing is known to be wrong, and not everything is known.</summary>
    Unknown,
    /// <summary>Nothing is wrong.</summary>
    None,
}

/// <summary>A Service as it is now, as far as it is known.</summary>
internal sealed record ServiceSummary(ServiceInfo Info, ServiceRank Rank)
{
    /// <summary>Those that last.</summary>
    public IReadOnlyList<ObservedFinding> Findings { get; init; } = [];

    /// <summary>Endpoints that get new connections.</summary>
    public int Ready { get; init; }

    /// <summary>Endpoints that are not ready and do not terminate.</summary>
    public int NotReady { get; init; }

    /// <summary>Endpoints of pods that terminate.</summary>
    public int Terminating { get; init; }

    /// <summary>Its entries in live states on all nodes; null if they are not known.</summary>
    public long? Entries { get; init; }

    /// <summary>Entries that lead to no pod of the Service, on the nodes that report; null if it is not known which do.</summary>
    public StaleCount? Stale { get; init; }

    /// <summary>Why the stale entries, or some of them, are not known; null if all are.</summary>
    public string? Unknown { get; init; }

    /// <summary>Of the last <see cref="InventorySnapshot.ResetsMs"/>.</summary>
    public IReadOnlyList<KindCount> Resets { get; init; } = [];

    /// <summary>Its connections are not translated: it has no virtual address.</summary>
    public bool HasNoAddress => Info.Headless || Info.ClusterIps.Count + Info.OtherIps.Count == 0;

    public int ResetCount => Resets.Sum(kind => kind.Count);
}

/// <param name="Stale">To an address that no live pod of the Service owns.</param>
/// <param name="Reassigned">To a pod of another workload.</param>
/// <param name="Untranslated">At the Service's own address.</param>
/// <param name="SinceMs">Since when the oldest of them are there.</param>
internal sealed record StaleCount(long Stale, long Reassigned, long Untranslated, long? SinceMs)
{
    public long Sum => Stale + Reassigned + Untranslated;
}
