namespace ConntrackConsole.Cluster;

/// <summary>A pod that came and went between two looks: only its name and address are left of it.</summary>
public static class LostPod
{
    public static PodInfo Of(OwnerSpan span)
    {
        ArgumentNullException.ThrowIfNull(span);
        int slash = span.FullName.IndexOf('/', StringComparison.Ordinal);
        return new PodInfo(
            span.PodUid, slash < 0 ? "" : span.FullName[..slash], span.FullName[(slash + 1)..], span.Node, "Unknown", [span.Ip], false,
            0, null, null, false, null, null);
    }

    /// <summary>A ReplicaSet names its pods after itself, with a dash and five characters behind.</summary>
    public static (string Namespace, string Set)? SetOf(PodInfo pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        int dash = pod.Name.LastIndexOf('-');
        return dash > 0 && pod.Name.Length == dash + 6 ? (pod.Namespace, pod.Name[..dash]) : null;
    }
}
