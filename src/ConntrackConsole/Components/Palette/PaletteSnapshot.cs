using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;

namespace ConntrackConsole.Components.Palette;

/// <summary>What the palette searches, as of one moment.</summary>
internal sealed record PaletteSnapshot(long NowMs)
{
    public IReadOnlyList<PaletteItem> Commands { get; init; } = [];

    /// <summary>Incidents, findings, rollouts and actions.</summary>
    public IReadOnlyList<PaletteItem> Items { get; init; } = [];

    // Arrays: 150,000 pods in the order of a tree take several times as long.
    public PodInfo[] Pods { get; init; } = [];

    public ServiceInfo[] Services { get; init; } = [];

    public NodeInfo[] Nodes { get; init; } = [];

    /// <summary>Newest last.</summary>
    public IReadOnlyList<Termination> Terminations { get; init; } = [];

    /// <summary>Former owners of addresses.</summary>
    public OwnershipHistory? History { get; init; }

    /// <summary>What could not be read, as a sentence; null if all was.</summary>
    public string? Problem { get; init; }
}
