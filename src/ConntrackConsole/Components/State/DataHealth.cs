using ConntrackConsole.Components.Text;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.State;

/// <summary>Where the facts come from and whether they still come, in words.</summary>
public sealed record DataHealth(
    string ClusterWords, string? ClusterProblem, string CollectorWords, string? SilentNodes, int Connected, int Known, long? SilentForS, long? ClusterAgeS)
{
    public static readonly DataHealth Unknown = new("cluster: asking", null, "collectors: asking", null, 0, 0, null, null);

    /// <summary>A line for each kind that is not followed though the rest is; no alarm.</summary>
    public string KindProblems { get; init; } = "";

    // A watch is confirmed every few seconds; from here on its picture is called old. The guards refuse at the same age.
    private static readonly TimeSpan ClusterOld = TimeSpan.FromSeconds(10);

    public bool ClusterGood => ClusterProblem is null && ClusterAgeS is null;

    public bool CollectorsGood => Known > 0 && Connected == Known;

    /// <summary>What to say in a banner: a title, why, and the command that mends it.</summary>
    public IEnumerable<(string Title, string Sentence, string? Command)> Troubles
    {
        get
        {
            if (ClusterProblem is not null)
                yield return ("Names and owners are not known for sure.", ClusterProblem, null);
            else if (ClusterAgeS is not null)
                yield return ($"Cluster data is {ClusterAgeS.Value / 5 * 5} s old.", "The picture of the cluster is old: the watch of the Kubernetes API has stopped answering; nothing can be flushed until it is back.", "kubectl get --raw /readyz");
            if (Known > 0 && Connected == 0)
                yield return ("Live data stopped.", $"{(SilentForS is > 0 ? $"No collector has reported for {DisplayText.Duration(SilentForS.Value * 1000)}." : "No collector reports any more.")} Is it running on the nodes, and can it reach this console?", "conntrack-collector run --console URL --node NAME --state DIR");
            else if (SilentNodes is not null)
                yield return ("Not all nodes report.", $"Silent: {SilentNodes}. What these nodes hold is drawn as unknown.", null);
        }
    }

    public static DataHealth From(IReadOnlyList<NodeHealth> nodes, bool hasCluster, bool ready, TimeSpan age, string? problem, long nowMs)
    {
        var silent = nodes.Where(node => !node.Reports(nowMs)).Select(node => node.Node).Order(StringComparer.Ordinal).ToList();
        int connected = nodes.Count - silent.Count;
        bool old = hasCluster && ready && age > ClusterOld;
        string cluster = !hasCluster ? "no cluster" : problem is not null ? "cluster: trouble" : !ready ? "cluster: listing" : old ? $"cluster data is {(long)age.TotalSeconds} s old" : "cluster live";
        string collectors = nodes.Count == 0 ? "no collectors" : $"{connected} of {DisplayText.Count(nodes.Count, "collector")}";
        // In steps of five seconds: a banner that changes every second cannot be read, nor listened to.
        long? silentFor = nodes.Count > 0 && connected == 0 ? Math.Max(0, nowMs - nodes.Max(node => node.LastFrameMs)) / 5000 * 5 : null;
        return new DataHealth(
            cluster, problem, collectors, silent.Count == 0 ? null : TextSummary.List(silent, 5),
            connected, nodes.Count, silentFor, old ? (long)age.TotalSeconds : null);
    }
}
