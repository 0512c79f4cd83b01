using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>
/// The groups of one node: values in one array, and their histories in a few pages. As objects of their own they made the pauses of
/// the garbage collector long, because there are millions of them and all of them live.
/// </summary>
internal sealed class NodeGroups
{
    private readonly HashSet<int> _slots;
    private readonly HashSet<int>.AlternateLookup<GroupKey> _byKey;
    private readonly Stack<int> _free = new();
    private GroupTimeline[] _groups = [];
    private StepPages _pages = new();

    public NodeGroups()
    {
        _slots = new HashSet<int>(new SlotComparer(this));
        _byKey = _slots.GetAlternateLookup<GroupKey>();
    }

    public int Count => _slots.Count;

    /// <summary>Where the groups are.</summary>
    public IReadOnlyCollection<int> Slots => _slots;

    /// <summary>Size of the groups' histories.</summary>
    public long Bytes => _pages.Bytes;

    /// <summary>A group; valid until another one is added.</summary>
    public ref GroupTimeline this[int slot] => ref _groups[slot];

    public bool TryFind(in GroupKey key, out int slot) => _byKey.TryGetValue(key, out slot);

    public HashSet<int>.Enumerator GetEnumerator() => _slots.GetEnumerator();

    /// <returns>Where it is.</returns>
    public int Add(ClusterGroup group)
    {
        if (!_free.TryPop(out int slot))
        {
            slot = _slots.Count;
            if (slot == _groups.Length)
                Array.Resize(ref _groups, Math.Max(8, slot + (slot / 4)));
        }

        _groups[slot] = new GroupTimeline(group);
        _slots.Add(slot);
        return slot;
    }

    public void Remove(int slot)
    {
        _slots.Remove(slot);
        _groups[slot].Drop(_pages);
        _groups[slot] = default;
        _free.Push(slot);
    }

    public void Set(int slot, in StateCounts counts, long atMs)
    {
        _groups[slot].Set(counts, atMs, _pages);
        if (_pages.IsWasteful)
            Compact();
    }

    /// <summary>Removes the history before a moment.</summary>
    /// <returns>The groups of which nothing is left; null for no group.</returns>
    public List<int>? Trim(long beforeMs)
    {
        List<int>? gone = null;
        foreach (int slot in _slots)
        {
            if (_groups[slot].Trim(beforeMs, _pages))
                (gone ??= []).Add(slot);
        }

        if (_pages.IsWasteful)
            Compact();
        return gone;
    }

    private void Compact()
    {
        long needed = 0;
        foreach (int slot in _slots)
            needed += _groups[slot].Needs;
        var pages = new StepPages(needed);
        foreach (int slot in _slots)
            _groups[slot].MoveTo(pages);
        _pages = pages;
    }

    private sealed class SlotComparer(NodeGroups table) : IEqualityComparer<int>, IAlternateEqualityComparer<GroupKey, int>
    {
        public bool Equals(int x, int y) => x == y;

        public int GetHashCode(int slot) => table._groups[slot].Key.GetHashCode();

        public bool Equals(GroupKey key, int slot) => table._groups[slot].Key == key;

        public int GetHashCode(GroupKey key) => key.GetHashCode();

        public int Create(GroupKey key) => throw new NotSupportedException("Groups are added by slot.");
    }
}
