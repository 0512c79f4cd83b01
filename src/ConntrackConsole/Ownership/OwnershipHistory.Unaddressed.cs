using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Ownership;

/// <summary>A pod that has no address of its own yet, or never gets one because it runs in the host network.</summary>
/// <param name="FullName">namespace/name.</param>
/// <param name="Node">Empty until it is scheduled.</param>
internal sealed record UnaddressedPod(string Uid, string FullName, string Node);

/// <summary>
/// Pods without an address span. They are kept while they exist, so that the next run can determine which of them were deleted
/// while the console was not watching. Deleted pods are removed; their termination record remains.
/// </summary>
internal sealed partial class OwnershipHistory
{
    private readonly Dictionary<string, UnaddressedPod> _unaddressed = [];

    internal IReadOnlyCollection<UnaddressedPod> Unaddressed => _unaddressed.Values;

    /// <summary>Restores the pods of an earlier run; before the first <see cref="Begin"/>.</summary>
    public void Restore(IEnumerable<UnaddressedPod> pods)
    {
        foreach (var pod in pods)
            _unaddressed[pod.Uid] = pod;
    }

    private void BeginUnaddressed(ClusterMap map)
    {
        foreach (string uid in _unaddressed.Keys.Except(map.Pods.Keys).ToList())
            FollowUnaddressed(map, uid);
        foreach (string uid in map.Pods.Keys)
            FollowUnaddressed(map, uid);
    }

    private void FollowUnaddressed(ClusterMap map, string uid)
    {
        var known = _unaddressed.GetValueOrDefault(uid);
        // A pod with ended containers already has a termination record, or is too old for one.
        if (map.Pods.GetValueOrDefault(uid) is { ContainersEnded: false } pod && PodIndex.OwnAddresses(pod).Count == 0)
        {
            if (known is not null && known.Node == pod.Node)
                return;
            Note(_unaddressed[uid] = new UnaddressedPod(uid, pod.FullName, pod.Node), true);
        }
        else if (known is not null)
        {
            _unaddressed.Remove(uid);
            Note(known, false);
        }
    }
}
