using ConntrackConsole.Components.Text;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.State;

/// <summary>Whether the data sources (cluster watch and collectors) are healthy, as text for the pages.</summary>
internal sealed record DataHealth(
    string ClusterText, string? ClusterProblem, string CollectorText, string? SilentNodes, int Connected, int Known, long? SilentForS, long? ClusterAgeS)
{
    public static readonly DataHealth Unknown = new("cluster: connecting", null, "collectors: loading", null, 0, 0, null, null);

    /// <summary>One line per resource kind that is not watched; not an alarm.</summary>
    public string KindProblems { get; init; } = "";

    // The watch is confirmed every few seconds; older data counts as stale. The guards use the same limit.
    public static readonly TimeSpan MaxClusterAge = TimeSpan.FromSeconds(10);

    private const int NamedNodes = 5;

    /// <summary>The cluster is read and current; false as well while it is loading, and where none is configured.</summary>
    public bool IsClusterHealthy { get; private init; }

    public bool AreCollectorsHealthy => Known > 0 && Connected == Known;

    /// <summary>Banners: title, cause, and a command that helps.</summary>
    public IEnumerable<(string Title, string Message, string? Command)> Problems
    {
        get
        {
            if (ClusterProblem is not null)
                yield return ("Names and owners may be wrong.", ClusterProblem, null);
            else if (ClusterAgeS is not null)
                yield return ($"Cluster data is {ClusterAgeS.Value / 5 * 5} s old.", "The watch of the Kubernetes API has stopped responding. Flushes are disabled until it recovers.", "kubectl get --raw /readyz");
            if (Known > 0 && Connected == 0)
                yield return ("Live data stopped.", $"{(SilentForS is > 0 ? $"No collector has reported for {DisplayText.Duration(SilentForS.Value * 1000)}." : "All collectors have stopped reporting.")} Check that it runs on the nodes and can reach this console.", "conntrack-collector run --console URL --node NAME --state DIR");
            else if (SilentNodes is not null)
                yield return ("Not all nodes report.", $"Silent: {SilentNodes}. Data of these nodes is shown as unknown.", null);
        }
    }

    public static DataHealth From(IReadOnlyList<NodeHealth> nodes, bool hasCluster, bool ready, TimeSpan age, string? problem, long nowMs)
    {
        int silent = nodes.Count(node => !node.Reports(nowMs)), connected = nodes.Count - silent;
        bool old = hasCluster && ready && age > MaxClusterAge;
        string cluster = !hasCluster ? "no cluster" : problem is not null ? "cluster: error" : !ready ? "cluster: loading" : old ? $"cluster data is {(long)age.TotalSeconds} s old" : "cluster live";
        string collectors = nodes.Count == 0 ? "no collectors" : $"{connected} of {DisplayText.Count(nodes.Count, "collector")}";
        // In steps of five seconds: a banner that changes every second is unreadable, also for screen readers.
        long? silentFor = nodes.Count > 0 && connected == 0 ? Math.Max(0, nowMs - nodes.Max(node => node.LastFrameMs)) / 5000 * 5 : null;
        return new DataHealth(
            cluster, problem, collectors, silent == 0 ? null : TextSummary.List([.. nodes.Where(node => !node.Reports(nowMs)).Select(node => node.Node).Order(StringComparer.Ordinal).Take(NamedNodes)], silent, NamedNodes),
            connected, nodes.Count, silentFor, old ? (long)age.TotalSeconds : null)
        {
            IsClusterHealthy = hasCluster && ready && problem is null && !old,
        };
    }
}
