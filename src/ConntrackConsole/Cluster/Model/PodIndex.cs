using System.Collections.Immutable;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.Model;

/// <summary>
/// Pods by uid, by their own addresses, and by node. A pod in the host network has no address of its own: its podIP is the
/// node's.
/// </summary>
internal sealed record PodIndex
{
    public static readonly PodIndex Empty = new();

    public ImmutableDictionary<string, PodInfo> All { get; private init; } = ImmutableDictionary<string, PodInfo>.Empty;

    /// <summary>uids of the pods that are terminating or have ended containers: few, and scanned every second.</summary>
    public ImmutableHashSet<string> Ending { get; private init; } = [];

    /// <summary>uids, by node.</summary>
    public ImmutableDictionary<string, ImmutableHashSet<string>> ByNode { get; private init; } = ImmutableDictionary<string, ImmutableHashSet<string>>.Empty;

    private ImmutableDictionary<Ip, SmallList<string>> ByIp { get; init; } = ImmutableDictionary<Ip, SmallList<string>>.Empty;

    public static IReadOnlyList<Ip> OwnAddresses(PodInfo? pod) => pod is null or { HostNetwork: true } ? [] : pod.Ips;

    public PodInfo? At(Ip ip, SliceIndex slices)
    {
        var uids = ByIp.Of(ip);
        if (uids.Count == 1)
            return All[uids[0]];
        PodInfo? best = null;
        for (int i = 0; i < uids.Count; i++)
        {
            var pod = All[uids[i]];
            if (best is null || Rank(pod).CompareTo(Rank(best)) > 0)
                best = pod;
        }

        return best;

        // Two pods can have the same address for a moment: the running one owns it; if both run, the one that serves it, or the newer one.
        (int, bool, long) Rank(PodInfo pod) =>
            (pod.ContainersEnded ? 0 : pod.IsTerminating ? 1 : 2, slices.IsServing(ip, pod.Uid), pod.CreatedMs);
    }

    public PodIndex With(PodInfo pod)
    {
        var old = All.GetValueOrDefault(pod.Uid);
        return Moved(old, pod) with
        {
            All = All.SetItem(pod.Uid, pod),
            Ending = IsEnding(pod) ? Ending.Add(pod.Uid) : Ending.Remove(pod.Uid),
        };
    }

    public PodIndex Without(string uid) => All.TryGetValue(uid, out var old)
        ? Moved(old, null) with { All = All.Remove(uid), Ending = Ending.Remove(uid) }
        : this;

    // Most pod changes affect neither its addresses nor its node: then these indexes are not touched.
    private PodIndex Moved(PodInfo? old, PodInfo? now)
    {
        string uid = (now ?? old)!.Uid;
        var byIp = ByIp;
        var (had, has) = (OwnAddresses(old), OwnAddresses(now));
        foreach (var ip in had)
        {
            if (!has.Contains(ip))
                byIp = byIp.Removing(ip, uid);
        }

        foreach (var ip in has)
        {
            if (!had.Contains(ip))
                byIp = byIp.Adding(ip, uid);
        }

        var byNode = ByNode;
        if (PlaceOf(old) is var from && PlaceOf(now) is var to && from != to)
        {
            if (from is not null && byNode.TryGetValue(from, out var left))
                byNode = left.Count > 1 ? byNode.SetItem(from, left.Remove(uid)) : byNode.Remove(from);
            if (to is not null)
                byNode = byNode.SetItem(to, byNode.GetValueOrDefault(to, []).Add(uid));
        }

        return this with { ByIp = byIp, ByNode = byNode };
    }

    private static string? PlaceOf(PodInfo? pod) => pod is null or { HostNetwork: true } or { Node: "" } ? null : pod.Node;

    private static bool IsEnding(PodInfo pod) => !pod.HostNetwork && (pod.IsTerminating || pod.ContainersEnded);
}
