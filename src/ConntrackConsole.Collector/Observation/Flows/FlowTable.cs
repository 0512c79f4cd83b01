using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// All tracked flows of the node, updated by events, with counts by group and state. Single-threaded. About 64 bytes per flow;
/// neither an event nor a dumped entry allocates, apart from growth, which is incremental.
/// </summary>
internal sealed partial class FlowTable
{
    private Grouping _grouping;
    private readonly FlowRows _rows = new();
    private readonly AddressPool _addresses = new();
    private readonly GroupCounter _groups = new();
    private GroupCache _groupCache = new();
    private readonly RowIndex _byOrig;
    private readonly RowIndex _byReply; // TCP only, to match resets.
    private readonly List<int> _wantedGroups = [];
    private readonly Incoming[] _incoming = new Incoming[32];
    private int _pending;
    private int _count;
    private int _silent;
    private ushort _generation;
    private volatile uint _touched; // Prevents the reads from being optimised away.

    public FlowTable(Grouping grouping)
    {
        _grouping = grouping;
        _byOrig = new RowIndex(row => OrigHash(in _rows.Name(row)));
        _byReply = new RowIndex(row => ReplyHash(in _rows.Name(row)));
    }

    /// <summary>Advanced by the caller once per second.</summary>
    public ExpiryBound Expiry { get; } = new();

    /// <summary>Flows in the table.</summary>
    public int Count
    {
        get
        {
            ProcessPending();
            return _count;
        }
    }

    /// <summary>
    /// Flows that were first seen in a dump and have emitted no event since. With nf_conntrack_events=2 these never emit one, so
    /// that only another dump detects their end.
    /// </summary>
    public int Silent
    {
        get
        {
            ProcessPending();
            return _silent;
        }
    }

    /// <summary>Reserves capacity.</summary>
    public void Reserve(int flows)
    {
        _byOrig.Reserve(Math.Min(flows, RowIndex.MaxRows));
        _byReply.Reserve(Math.Min(flows, RowIndex.MaxRows));
    }

    /// <summary>Inserts the flow of an event, or updates its state.</summary>
    public void Upsert(in Flow flow)
    {
        ProcessPending();
        Put(in flow, fromDump: false);
    }

    /// <summary>
    /// Starts a resynchronisation: flows that are not confirmed by <see cref="Confirm"/> before <see cref="EndResync"/> are
    /// removed.
    /// </summary>
    public void BeginResync()
    {
        ProcessPending();
        _generation++;
    }

    /// <summary>Inserts or updates a dumped flow.</summary>
    public void Confirm(in Flow flow) => Put(in flow, fromDump: true);

    /// <summary>Removes the flows that the dump did not contain.</summary>
    public void EndResync()
    {
        ProcessPending();
        for (int row = 0; row < _rows.Used; row++)
        {
            if (_rows.State(row).Generation != _generation && (_rows.Name(row).Flags & RowFlags.InUse) != 0)
                RemoveAt(row);
        }
    }

    /// <summary>Removes a destroyed flow; one with another id is a later flow with the same tuple and is kept.</summary>
    public bool Remove(in Flow flow) => Remove(in flow, out _, out _);

    /// <summary>
    /// As <see cref="Remove(in Flow)"/>, and returns the last known state, or else the event's state, and the bound of the flow's timeout
    /// (<see cref="ExpiryBound"/>; 0 = unknown).
    /// </summary>
    public bool Remove(in Flow flow, out FlowState last, out uint bound)
    {
        ProcessPending();
        last = flow.State;
        bound = 0;
        int row = FindByOrig(flow.Orig, flow.Zone);
        if (row < 0 || _rows.Name(row).Id != flow.Id)
            return false;
        last = _rows.State(row).State;
        bound = _rows.Bound(row);
        RemoveAt(row);
        return true;
    }

    /// <summary>Takes over the remaining timeout of a flow that was looked up individually.</summary>
    public void Renew(in Flow flow)
    {
        ProcessPending();
        int row = FindByOrig(flow.Orig, flow.Zone);
        if (row >= 0 && _rows.Name(row).Id == flow.Id)
            _rows.Bound(row) = Expiry.Of(flow.TimeoutSeconds);
    }

    /// <summary>Finds the flow with this original tuple (zone 0).</summary>
    public bool TryFindByOrig(in FlowTuple tuple, out FlowTuples flow)
    {
        ProcessPending();
        return Found(FindByOrig(in tuple, 0), out flow);
    }

    /// <summary>Finds the TCP flow with this reply tuple.</summary>
    public bool TryFindByReply(in FlowTuple tuple, out FlowTuples flow)
    {
        ProcessPending();
        int row = -1;
        if (TryPack(in tuple, out var packed))
        {
            bool v6 = !tuple.Src.IsV4;
            row = _byReply.Find(ReplyHash(in packed, v6), new ReplyMatch(_rows, packed, v6));
        }

        return Found(row, out flow);
    }

    /// <summary>
    /// Lists the flows in groups with one of these backend addresses. Costs one look-up per address without flows, otherwise one
    /// scan over eight bytes per flow until the last one is found (1 ms for 250,000).
    /// </summary>
    public void EnumerateByBackend(IEnumerable<Ip> backends, List<TrackedFlow> output)
    {
        ProcessPending();
        _wantedGroups.Clear();
        int left = 0;
        foreach (var backend in backends)
            left += _groups.OfBackend(backend, _wantedGroups);
        if (left == 0)
            return;
        bool[] wanted = new bool[_wantedGroups.Max() + 1];
        foreach (int group in _wantedGroups)
            wanted[group] = true;
        for (int row = 0; left > 0 && row < _rows.Used; row++)
        {
            ref readonly var rowState = ref _rows.State(row);
            if ((uint)rowState.Group >= (uint)wanted.Length || !wanted[rowState.Group])
                continue;
            ref readonly var name = ref _rows.Name(row);
            if ((name.Flags & RowFlags.InUse) == 0)
                continue; // In a free row Group is the link to the next free row.
            output.Add(new TrackedFlow(Unpack(in name.Orig, in name), Unpack(in name.Reply, in name), name.Zone, name.Id, rowState.State));
            left--;
        }
    }

    /// <summary>Writes the groups to a frame: all of them, or those that changed since the last call.</summary>
    public void WriteGroups(List<GroupCounts> output, bool all)
    {
        ProcessPending();
        _groups.Write(output, all);
    }

    // Processes dumped entries that are still waiting for a full batch.
    private void ProcessPending()
    {
        if (_pending != 0)
            PutPending(fromDump: true);
    }

    private void Put(in Flow flow, bool fromDump)
    {
        if (!flow.Orig.Src.IsV4)
        {
            PutV6(in flow, fromDump);
            return;
        }

        // The index is far larger than the CPU caches, so dumped entries are processed in batches: first all hashes, then one
        // read of each slot (the cache misses overlap), then the work.
        Incoming.Of(in flow, Expiry.Of(flow.TimeoutSeconds), out _incoming[_pending++]);
        if (fromDump && _pending < _incoming.Length)
            return;
        PutPending(fromDump);
    }

    private void PutPending(bool fromDump)
    {
        var waiting = _incoming.AsSpan(0, _pending);
        _pending = 0;
        if (waiting.Length > 1)
        {
            uint touched = 0;
            foreach (ref readonly var flow in waiting)
                touched ^= _byOrig.Touch(flow.Hash) ^ _byReply.Touch(flow.ReplyHash);
            _touched = touched;
        }

        foreach (ref readonly var flow in waiting)
            PutV4(in flow, fromDump);
    }

    private void PutV4(in Incoming flow, bool fromDump)
    {
        int row = _byOrig.Find(flow.Hash, new OrigMatch(_rows, flow.Name.Orig, flow.Name.Proto, flow.Name.Zone, v6: false));
        if (row >= 0)
        {
            if (TryUpdate(row, in flow.Name, flow.State, flow.Bound, fromDump))
                return;
            RemoveAt(row); // Another flow has the tuple now; the DESTROY was lost (or comes late, with the old id).
        }

        ref var place = ref _groupCache.Of(in flow.Name.Orig, in flow.Name.Reply, flow.Name.Proto, _groups.Version);
        if ((flow.Name.Flags & RowFlags.OnlyLooksTranslated) != 0)
        {
            Insert(in flow, _groups.Of(GroupOf(in flow.Name)), fromDump); // Rare: not worth a place in the cache.
            return;
        }

        if (!place.Is(in flow.Name.Orig, in flow.Name.Reply, flow.Name.Proto))
        {
            var group = GroupOf(in flow.Name);
            place.Set(in flow.Name.Orig, in flow.Name.Reply, flow.Name.Proto, _groups.Of(in group));
        }

        Insert(in flow, place.Group, fromDump);
    }

    private void PutV6(in Flow flow, bool fromDump)
    {
        int row = FindByOrig(flow.Orig, flow.Zone);
        if (row >= 0)
        {
            var known = new FlowIdentity { Id = flow.Id };
            if (TryPack(flow.Reply, out known.Reply) && TryUpdate(row, in known, flow.State, Expiry.Of(flow.TimeoutSeconds), fromDump))
                return;
            RemoveAt(row);
        }

        var name = new FlowIdentity
        {
            Orig = Pack(flow.Orig),
            Reply = Pack(flow.Reply),
            Id = flow.Id,
            Zone = flow.Zone,
            Proto = flow.Orig.Proto,
            Flags = RowFlags.V6 | (flow.OnlyLooksTranslated ? RowFlags.OnlyLooksTranslated : RowFlags.None),
        };
        var incoming = new Incoming { Name = name, State = flow.State, Bound = Expiry.Of(flow.TimeoutSeconds), Hash = OrigHash(in name), ReplyHash = ReplyHash(in name) };
        Insert(in incoming, _groups.Of(_grouping.Of(flow.Orig, flow.Reply, flow.OnlyLooksTranslated)), fromDump);
    }

    // False if the row is another flow with the same original tuple.
    private bool TryUpdate(int row, in FlowIdentity seen, FlowState state, uint bound, bool fromDump)
    {
        ref var name = ref _rows.Name(row);
        if (name.Id != seen.Id || name.Reply != seen.Reply)
            return false;
        ref var rowState = ref _rows.State(row);
        rowState.Generation = _generation;
        _rows.Bound(row) = bound;
        if (rowState.State != state)
        {
            _groups.Add(rowState.Group, rowState.State, -1);
            rowState.State = state;
            _groups.Add(rowState.Group, state, +1);
        }

        if (!fromDump && (name.Flags & RowFlags.Silent) != 0)
        {
            name.Flags &= ~RowFlags.Silent;
            _silent--;
        }

        return true;
    }

    private void Insert(in Incoming flow, int group, bool fromDump)
    {
        int row = _rows.Take();
        ref var name = ref _rows.Name(row);
        name = flow.Name;
        name.Flags |= RowFlags.InUse | (fromDump ? RowFlags.Silent : 0);
        _rows.State(row) = new FlowRowState { Group = group, Generation = _generation, State = flow.State };
        _rows.Bound(row) = flow.Bound;
        _groups.Add(group, flow.State, +1);
        _count++;
        if (fromDump)
            _silent++;
        _byOrig.Add(flow.Hash, row);
        if (name.Proto == Protocols.Tcp)
            _byReply.Add(flow.ReplyHash, row);
    }

    private void RemoveAt(int row)
    {
        ref var name = ref _rows.Name(row);
        ref readonly var rowState = ref _rows.State(row);
        _byOrig.Remove(OrigHash(in name), row);
        if (name.Proto == Protocols.Tcp)
            _byReply.Remove(ReplyHash(in name), row);
        _groups.Add(rowState.Group, rowState.State, -1);
        _count--;
        if ((name.Flags & RowFlags.Silent) != 0)
            _silent--;
        if ((name.Flags & RowFlags.V6) != 0)
        {
            _addresses.Release(name.Orig.Src);
            _addresses.Release(name.Orig.Dst);
            _addresses.Release(name.Reply.Src);
            _addresses.Release(name.Reply.Dst);
        }

        _rows.Free(row);
    }

    private int FindByOrig(in FlowTuple tuple, ushort zone)
    {
        if (!TryPack(in tuple, out var packed))
            return -1;
        bool v6 = !tuple.Src.IsV4;
        return _byOrig.Find(OrigHash(in packed, tuple.Proto, zone, v6), new OrigMatch(_rows, packed, tuple.Proto, zone, v6));
    }

    private bool Found(int row, out FlowTuples flow)
    {
        flow = default;
        if (row < 0)
            return false;
        ref readonly var name = ref _rows.Name(row);
        flow = new FlowTuples(Unpack(in name.Orig, in name), Unpack(in name.Reply, in name), _rows.State(row).State,
            OnlyLooksTranslated: (name.Flags & RowFlags.OnlyLooksTranslated) != 0);
        return true;
    }

    private bool TryPack(in FlowTuple tuple, out PackedTuple packed)
    {
        packed = default;
        if (!_addresses.TryPack(tuple.Src, out uint src) || !_addresses.TryPack(tuple.Dst, out uint dst))
            return false;
        packed = new PackedTuple(src, dst, tuple.Sport, tuple.Dport);
        return true;
    }

    private PackedTuple Pack(in FlowTuple tuple) => new(_addresses.Pack(tuple.Src), _addresses.Pack(tuple.Dst), tuple.Sport, tuple.Dport);

    private FlowTuple Unpack(in PackedTuple tuple, in FlowIdentity name)
    {
        bool v6 = (name.Flags & RowFlags.V6) != 0;
        return new FlowTuple(_addresses.Unpack(tuple.Src, v6), _addresses.Unpack(tuple.Dst, v6), name.Proto, tuple.Sport, tuple.Dport);
    }

    private static ulong OrigHash(in FlowIdentity name) => OrigHash(in name.Orig, name.Proto, name.Zone, (name.Flags & RowFlags.V6) != 0);

    private static ulong OrigHash(in PackedTuple tuple, byte proto, ushort zone, bool v6) =>
        RowHash.Of(tuple.Src, tuple.Dst, tuple.Ports, ((uint)zone << 16) | ((uint)proto << 8) | (v6 ? 1u : 0));

    private static ulong ReplyHash(in FlowIdentity name) => ReplyHash(in name.Reply, (name.Flags & RowFlags.V6) != 0);

    private static ulong ReplyHash(in PackedTuple tuple, bool v6) => RowHash.Of(tuple.Src, tuple.Dst, tuple.Ports, v6 ? 1u : 0);
}
