using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;

namespace ConntrackConsole.Lifecycle;

/// <summary>Stands in for a pod that was deleted between two runs: only its name is known, and its address if it had one.</summary>
internal static class PlaceholderPod
{
    public static PodInfo Of(OwnerSpan span)
    {
        ArgumentNullException.ThrowIfNull(span);
        return Of(span.PodUid, span.FullName, span.Node, [span.Ip]);
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

    private static PodInfo Of(string uid, string fullName, string node, IReadOnlyList<Ip> ips)
    {
        int slash = fullName.IndexOf('/', StringComparison.Ordinal);
        return new PodInfo(
            uid, slash < 0 ? "" : fullName[..slash], fullName[(slash + 1)..], node, "Unknown", ips, false, 0, null, null, false, null, null);
    }
}
