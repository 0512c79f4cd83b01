using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// Where the replies of a group's flows come from. Unless the source is translated too, this and the original tuple are the reply tuple.
/// </summary>
/// <param name="Src">The backend, if it is an IPv4 address.</param>
/// <param name="Sport">Its port.</param>
/// <param name="IsTranslated">False if they come from the original destination.</param>
internal readonly record struct ReplyOrigin(uint Src, ushort Sport, bool IsTranslated)
{
    public static ReplyOrigin Of(in GroupKey key) => key.IsOther || key.IsDirect || (key.Vip == key.Backend && key.Vport == key.Bport)
        ? default
        : new ReplyOrigin(key.Backend.V4Number, key.Bport, true);

    /// <summary>The reply to a flow with this original tuple.</summary>
    public PackedTuple Reply(in PackedTuple orig) => IsTranslated
        ? new PackedTuple(Src, orig.Src, Sport, orig.Sport)
        : new PackedTuple(orig.Dst, orig.Src, orig.Dport, orig.Sport);
}

/// <summary>Counts flows by group and state, and lists the groups that changed since the last write.</summary>
internal sealed class GroupCounter
{
    private readonly Dictionary<GroupKey, int> _index = [];
    private readonly GroupChains<Ip> _byBackend = new();
    private readonly GroupChains<ServiceAddress> _byEndpoint = new(); // Only groups with a translated destination.
    private readonly Stack<int> _free = new();
    private Group[] _groups = new Group[64];
    private ReplyOrigin[] _origins = new ReplyOrigin[64]; // Apart, because a dump reads one for each flow.
    private int _used;
    private int[] _changed = new int[64];
    private int _changedCount;

    /// <summary>Changes whenever a group's number becomes free for reuse.</summary>
    public int Version { get; private set; }

    /// <summary>The number of a group; an empty group is removed after it was written.</summary>
    public int Of(in GroupKey key)
    {
        ref int index = ref CollectionsMarshal.GetValueRefOrAddDefault(_index, key, out bool exists);
        if (exists)
            return index;
        if (!_free.TryPop(out index))
            index = _used++;
        if (index == _groups.Length)
        {
            Array.Resize(ref _groups, _groups.Length + (_groups.Length / 2));
            Array.Resize(ref _origins, _groups.Length);
        }

        _groups[index] = new Group { Key = key };
        _origins[index] = ReplyOrigin.Of(in key);
        _byBackend.Add(key.Backend, index);
        if (_origins[index].IsTranslated)
            _byEndpoint.Add(EndpointOf(in key), index);
        return index;
    }

    public ref readonly ReplyOrigin OriginOf(int index) => ref _origins[index];

    /// <summary>A group of flows that this backend answers in a Service's place, or -1. A backend has one a Service and port.</summary>
    public int FirstOfEndpoint(byte proto, Ip backend, ushort port) => _byEndpoint.First(new ServiceAddress(proto, backend, port));

    /// <summary>The next one, or -1.</summary>
    public int NextOfEndpoint(int index) => _byEndpoint.Next(index);

    public ref readonly GroupKey KeyOf(int index) => ref _groups[index].Key;

    public void Add(int index, FlowState state, int change)
    {
        ref var group = ref _groups[index];
        group.Counts[(int)state] = (uint)(group.Counts[(int)state] + change);
        group.Total += change;
        if (group.Changed)
            return;
        group.Changed = true;
        if (_changedCount == _changed.Length)
            Array.Resize(ref _changed, _changed.Length * 2);
        _changed[_changedCount++] = index;
    }

    /// <summary>Adds the groups with this backend address and returns their total number of flows.</summary>
    public int OfBackend(Ip backend, List<int> groups)
    {
        int total = 0;
        for (int index = _byBackend.First(backend); index >= 0; index = _byBackend.Next(index))
        {
            if (_groups[index].Total == 0)
                continue;
            groups.Add(index);
            total += (int)_groups[index].Total;
        }

        return total;
    }

    /// <summary>Writes the groups: all of them, or those that changed since the last call.</summary>
    public void Write(List<GroupCounts> output, bool all)
    {
        if (all)
        {
            foreach (ref var group in _groups.AsSpan(0, _used))
            {
                if (group.Total != 0)
                    output.Add(new GroupCounts(group.Key, group.Counts));
            }
        }

        foreach (int index in _changed.AsSpan(0, _changedCount))
        {
            ref var group = ref _groups[index];
            group.Changed = false;
            // A flow that began and ended since the last write changes nothing: an idle node's own probes of kube-proxy are such.
            if (!all && group.Counts != group.Written)
                output.Add(new GroupCounts(group.Key, group.Counts));
            group.Written = group.Counts;
            if (group.Total == 0)
                Forget(index);
        }

        _changedCount = 0;
        output.Sort(static (a, b) => Compare(a.Key, b.Key)); // Backends of a VIP are adjacent, so that the address is encoded once.
    }

    private void Forget(int index)
    {
        Version++;
        ref var group = ref _groups[index];
        _index.Remove(group.Key);
        _byBackend.Remove(group.Key.Backend, index);
        if (_origins[index].IsTranslated)
            _byEndpoint.Remove(EndpointOf(in group.Key), index);
        _free.Push(index);
    }

    private static ServiceAddress EndpointOf(in GroupKey key) => new(key.Proto, key.Backend, key.Bport);

    private static int Compare(in GroupKey a, in GroupKey b)
    {
        int order = a.Vip.CompareTo(b.Vip);
        if (order == 0)
            order = a.Vport.CompareTo(b.Vport);
        if (order == 0)
            order = a.Proto.CompareTo(b.Proto);
        if (order == 0)
            order = a.Backend.CompareTo(b.Backend);
        return order != 0 ? order : a.Bport.CompareTo(b.Bport);
    }

    private struct Group
    {
        public GroupKey Key;
        public StateCounts Counts;
        public StateCounts Written;
        public long Total;
        public bool Changed;
    }
}
