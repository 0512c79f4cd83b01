using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Service;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;

namespace ConntrackConsole.Components.State;

/// <summary>What the headline must know beside the view, so that it is never calm where the console does not know.</summary>
internal sealed record HeadlineContext
{
    /// <summary>The filter of the page as a user reads it ("shop/checkout", "node-a"), or null.</summary>
    public string? Filter { get; init; }

    /// <summary>The filter names an object that neither the cluster nor the view has.</summary>
    public bool IsFilterUnknown { get; init; }

    /// <summary>Why the owners of addresses are not known for sure, or null.</summary>
    public string? OwnersDoubt { get; init; }

    /// <summary>The cluster's nodes: one that the view does not have has no collector.</summary>
    public IReadOnlyCollection<string> ClusterNodes { get; init; } = [];

    /// <summary>Since when a Service has had stale entries without a pause.</summary>
    public Func<ServiceKey, long?> StaleSinceMs { get; init; } = _ => null;

    private static readonly ConditionalWeakTable<ImmutableDictionary<string, NodeInfo>, string[]> s_names = [];

    public static HeadlineContext Of(LiveState state, ClusterState cluster, CheckReport checks)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(checks);
        string? service = state.Namespace is null ? null : state.Service is null ? $"namespace {state.Namespace}" : $"{state.Namespace}/{state.Service}";
        var map = cluster.Current;
        return new HeadlineContext
        {
            Filter = (service, state.Node) switch { (null, null) => null, ({ } only, null) => only, (null, { } node) => node, var (both, node) => $"{both} on {node}" },
            IsFilterUnknown = (state.Namespace is { } space && !(state.Service is { } name ? map.Services.ContainsKey(new ServiceKey(space, name)) : map.Services.Keys.Any(key => key.Namespace == space)))
                || (state.Node is { } named && !map.Nodes.ContainsKey(named)),
            OwnersDoubt = !cluster.HasCluster ? "No cluster is configured" : !cluster.IsReady ? "The cluster has not been read yet"
                : cluster.Problem is not null ? "The cluster cannot be read" : cluster.Age > DataHealth.MaxClusterAge ? $"The cluster data is {(long)cluster.Age.TotalSeconds / 5 * 5} s old" : null,
            ClusterNodes = state.Node is { } filtered ? [filtered] : s_names.GetValue(map.Nodes, nodes => [.. nodes.Keys]),
            StaleSinceMs = key => checks.Of(StaleEntries.Name, CheckSubject.Of(key)) is { State: >= CheckState.Warning } stale ? stale.SinceMs : null,
        };
    }
}
