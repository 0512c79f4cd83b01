using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Ownership;

/// <summary>A pod that has no address of its own yet, or, in the host's network, never will.</summary>
/// <param name="FullName">namespace/name.</param>
/// <param name="Node">Empty until it is scheduled.</param>
public sealed record UnaddressedPod(string Uid, string FullName, string Node);

/// <summary>
/// Pods that no span of an address names: known while they are here, so that the next run can tell which of them went while
/// nobody watched. Of those that are gone nothing is kept; their ending tells of them.
/// </summary>
public sealed partial class OwnershipHistory
{
    private readonly Dictionary<string, UnaddressedPod> _unaddressed = [];

    internal IReadOnlyCollection<UnaddressedPod> Unaddressed => _unaddressed.Values;

    /// <summary>Those that an earlier run left; before the first <see cref="Begin"/>.</summary>
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
        // One whose containers ended has its ending already, or is too old for one.
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
