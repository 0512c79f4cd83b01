using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>A group and the nodes that have, or had within memory, entries of it.</summary>
internal sealed class ClusterGroup(GroupKey key)
{
    public GroupKey Key { get; } = key;

    /// <summary>The nodes, and where in the node it is.</summary>
    public List<(NodeTimeline Node, int Slot)> Members { get; } = [];

    /// <summary>The states that were derived for it last; null if none were. Written without the lock: a reference is replaced as a whole.</summary>
    public GroupStates? States { get; set; }

    /// <summary>The sum of its virtual address; null without one, and outside an index.</summary>
    public LaneSum? Sum { get; set; }
}

/// <summary>
/// Finds groups by virtual address and by backend, so that a question about one Service or one pod reads only its own groups.
/// Not thread-safe: the store of the timeline holds its lock.
/// </summary>
internal sealed class GroupIndex
{
    private readonly Dictionary<GroupKey, ClusterGroup> _groups = [];
    private readonly Dictionary<VirtualAddress, List<ClusterGroup>> _byVip = [];
    private readonly Dictionary<VirtualAddress, LaneSum> _sums = [];
    private readonly Dictionary<Ip, List<ClusterGroup>> _byBackend = [];

    private readonly Dictionary<Ip, int> _untranslatedUdp = [];

    /// <summary>Addresses of Services with UDP entries that nothing translates, and how many groups of them there are.</summary>
    public IReadOnlyDictionary<Ip, int> UntranslatedUdp => _untranslatedUdp;

    public IReadOnlyCollection<ClusterGroup> Groups => _groups.Values;

    /// <summary>Copies all groups to the start of an array.</summary>
    public void CopyTo(ClusterGroup[] groups) => _groups.Values.CopyTo(groups, 0);

    public ClusterGroup? Find(in GroupKey key) => _groups.GetValueOrDefault(key);

    public IReadOnlyCollection<VirtualAddress> Vips => _byVip.Keys;

    /// <summary>Increases with each virtual address that appears or is forgotten.</summary>
    public long VipsVersion { get; private set; }

    public ReadOnlySpan<ClusterGroup> At(in VirtualAddress vip) => Span(_byVip, vip);

    /// <summary>The sum of an address; null if none of its groups is known.</summary>
    public LaneSum? SumOf(in VirtualAddress vip) => _sums.GetValueOrDefault(vip);

    /// <summary>Size of all sums.</summary>
    public long SumBytes()
    {
        long bytes = 0;
        foreach (var sum in _sums.Values)
            bytes += sum.Bytes;
        return bytes;
    }

    public void TrimSums(long beforeMs)
    {
        foreach (var sum in _sums.Values)
            sum.Trim(LaneSum.SecondOf(beforeMs));
    }

    public ReadOnlySpan<ClusterGroup> To(Ip backend) => Span(_byBackend, backend);

    public void Add(NodeTimeline node, int slot)
    {
        ref var timeline = ref node.Groups[slot];
        var key = timeline.Key;
        if (!_groups.TryGetValue(key, out var group))
        {
            _groups[key] = group = timeline.Group.Members.Count == 0 ? timeline.Group : new ClusterGroup(key);
            if (!key.Vip.IsNone)
            {
                if (!_byVip.ContainsKey(VirtualAddress.Of(key)))
                    VipsVersion++;
                Put(_byVip, VirtualAddress.Of(key), group);
                group.Sum = CollectionsMarshal.GetValueRefOrAddDefault(_sums, VirtualAddress.Of(key), out _) ??= new LaneSum();
            }

            if (!key.Backend.IsNone)
                Put(_byBackend, key.Backend, group);
            if (IsUntranslatedUdp(key))
                CollectionsMarshal.GetValueRefOrAddDefault(_untranslatedUdp, key.Vip, out _)++;
        }

        timeline.Group = group;
        group.Members.Add((node, slot));
    }

    public void Remove(NodeTimeline node, int slot)
    {
        var group = node.Groups[slot].Group;
        int at = group.Members.FindIndex(m => ReferenceEquals(m.Node, node));
        if (at < 0)
            return;
        group.Members[at] = group.Members[^1];
        group.Members.RemoveAt(group.Members.Count - 1);
        if (group.Members.Count > 0)
            return;
        _groups.Remove(group.Key);
        var vip = VirtualAddress.Of(group.Key);
        Take(_byVip, vip, group);
        if (!_byVip.ContainsKey(vip) && _sums.Remove(vip))
            VipsVersion++;
        Take(_byBackend, group.Key.Backend, group);
        if (IsUntranslatedUdp(group.Key) && --CollectionsMarshal.GetValueRefOrAddDefault(_untranslatedUdp, group.Key.Vip, out _) <= 0)
            _untranslatedUdp.Remove(group.Key.Vip);
    }

    private static bool IsUntranslatedUdp(in GroupKey key) => key is { Proto: Protocols.Udp, Vip.IsNone: false } && key.Backend == key.Vip;

    private static ReadOnlySpan<ClusterGroup> Span<T>(Dictionary<T, List<ClusterGroup>> index, T at)
        where T : notnull => index.TryGetValue(at, out var groups) ? CollectionsMarshal.AsSpan(groups) : [];

    private static void Put<T>(Dictionary<T, List<ClusterGroup>> index, T at, ClusterGroup group)
        where T : notnull
    {
        if (!index.TryGetValue(at, out var groups))
            index[at] = groups = new List<ClusterGroup>(1);
        groups.Add(group);
    }

    private static void Take<T>(Dictionary<T, List<ClusterGroup>> index, T at, ClusterGroup group)
        where T : notnull
    {
        if (index.TryGetValue(at, out var groups) && groups.Remove(group) && groups.Count == 0)
            index.Remove(at);
    }
}
