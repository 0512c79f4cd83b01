using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;

namespace ConntrackConsole.Lifecycle;

/// <summary>Stands in for a pod that was deleted between two runs: only its name is known, and its address if it had one.</summary>
internal static class PlaceholderPod
{
    /// <summary>One pod for all its addresses, in the order of podIP and podIPs: spans have none, but the pods of the cluster have.</summary>
    public static IEnumerable<PodInfo> Of(IEnumerable<OwnerSpan> spans, ClusterMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        var firsts = map.Pods.Values.Where(p => p.Ips.Count > 1).Select(p => p.Ips[0].IsV4).ToList();
        bool isV4First = 2 * firsts.Count(v4 => v4) >= firsts.Count;
        foreach (var pod in spans.Where(s => s.PodUid.Length > 0).GroupBy(s => s.PodUid))
        {
            var span = pod.First();
            yield return Of(span.PodUid, span.FullName, span.Node, [.. pod.Select(s => s.Ip).OrderBy(ip => ip.IsV4 != isV4First).ThenBy(ip => ip)]);
        }
    }

    public static PodInfo Of(UnaddressedPod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        return Of(pod.Uid, pod.FullName, pod.Node, []);
    }

    /// <summary>A ReplicaSet's pods are named after it, followed by a dash and five characters.</summary>
    public static (string Namespace, string Set)? SetOf(PodInfo pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        int dash = pod.Name.LastIndexOf('-');
        return dash > 0 && pod.Name.Length == dash + 6 ? (pod.Namespace, pod.Name[..dash]) : null;
    }

    /// <summary>How many of these pods each ReplicaSet had, by its name.</summary>
    public static Dictionary<(string Namespace, string Set), int> CountBySet(IEnumerable<PodInfo> pods) =>
        pods.Select(SetOf).OfType<(string Namespace, string Set)>().GroupBy(set => set).ToDictionary(set => set.Key, set => set.Count());

    private static PodInfo Of(string uid, string fullName, string node, IReadOnlyList<Ip> ips)
    {
        int slash = fullName.IndexOf('/', StringComparison.Ordinal);
        return new PodInfo(
            uid, slash < 0 ? "" : fullName[..slash], fullName[(slash + 1)..], node, "Unknown", ips, false, 0, null, null, false, null, null);
    }
}
