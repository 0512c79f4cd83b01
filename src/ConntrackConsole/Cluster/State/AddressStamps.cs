using System.Collections.Concurrent;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Cluster.State;

/// <summary>
/// When the owner of an address, or its place in the slices, last changed: what was derived from them holds as long as the stamp is the
/// same. Read the stamp before what is derived. One writer; the readers need no lock.
/// </summary>
internal sealed class AddressStamps
{
    // Changes of more addresses are one change of all of them.
    private const int MaxAddresses = 200_000;

    private readonly ConcurrentDictionary<Ip, long> _changed = new();
    private long _last;
    private long _allChanged;

    public long Of(Ip ip) => Math.Max(Volatile.Read(ref _allChanged), _changed.GetValueOrDefault(ip));

    /// <summary>Of a change of every address at once, as each change of a Service is.</summary>
    public long OfAll => Volatile.Read(ref _allChanged);

    /// <summary>Anything may have changed for every address.</summary>
    public void TouchAll()
    {
        Volatile.Write(ref _allChanged, ++_last);
        _changed.Clear();
    }

    /// <summary>The addresses that a change concerns; null for all of them.</summary>
    public static IEnumerable<Ip>? Touched(ClusterMap before, ClusterMap after, ClusterChange change)
    {
        var forgotten = before.Gone.DroppedUntil(after.Gone);
        switch (change)
        {
            case PodChange { Pod: var pod }:
                return [.. PodIndex.OwnAddresses(pod), .. PodIndex.OwnAddresses(before.Pods.GetValueOrDefault(pod.Uid)), .. forgotten];
            case SliceChange { Slice: var slice } when before.Slices.IsEmpty == after.Slices.IsEmpty:
                return SliceAddresses.Changed(before.SliceIndex.AddressesOf(slice.Uid), after.SliceIndex.AddressesOf(slice.Uid));
            case NodeChange { Node: var node }:
                return before.NodeIndex.IsLost(node.Name) == after.NodeIndex.IsLost(node.Name)
                    && AddressesOf(before, node).SequenceEqual(AddressesOf(after, node)) ? [] : null;
            case WorkloadChange or EventChange:
                return [];
            default:
                return null;
        }
    }

    private static IReadOnlyList<Ip> AddressesOf(ClusterMap map, NodeInfo node) => map.Nodes.GetValueOrDefault(node.Name)?.Addresses ?? [];

    /// <summary>Call it when everyone can read what changed.</summary>
    public void Touch(IEnumerable<Ip> addresses)
    {
        if (_changed.Count > MaxAddresses)
            TouchAll();
        long stamp = ++_last;
        foreach (var ip in addresses)
            _changed[ip] = stamp;
    }
}
