using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>Counts flows by group and state, and lists the groups that changed since the last write.</summary>
internal sealed class GroupCounter
{
    private readonly Dictionary<GroupKey, int> _index = [];
    private readonly Dictionary<Ip, int> _byBackend = []; // Head of a list linked through Group.NextOfBackend.
    private readonly Stack<int> _free = new();
    private Group[] _groups = new Group[64];
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
            Array.Resize(ref _groups, _groups.Length * 2);
        ref int first = ref CollectionsMarshal.GetValueRefOrAddDefault(_byBackend, key.Backend, out bool has);
        _groups[index] = new Group { Key = key, NextOfBackend = has ? first : -1 };
        first = index;
        return index;
    }

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
        if (!_byBackend.TryGetValue(backend, out int index))
            return 0;
        for (; index >= 0; index = _groups[index].NextOfBackend)
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
        ref int first = ref CollectionsMarshal.GetValueRefOrNullRef(_byBackend, group.Key.Backend);
        if (first != index)
        {
            int before = first;
            while (_groups[before].NextOfBackend != index)
                before = _groups[before].NextOfBackend;
            _groups[before].NextOfBackend = group.NextOfBackend;
        }
        else if (group.NextOfBackend >= 0)
        {
            first = group.NextOfBackend;
        }
        else
        {
            _byBackend.Remove(group.Key.Backend);
        }

        _free.Push(index);
    }

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
        public int NextOfBackend;
        public bool Changed;
    }
}
