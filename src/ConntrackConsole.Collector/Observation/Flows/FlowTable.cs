using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// All tracked flows of the node, updated by events, with counts by group and state. Single-threaded. About 34 bytes per flow, 60 if
/// the reply is not determined by the group; neither an event nor a dumped entry allocates, apart from growth, which is incremental.
/// </summary>
internal sealed partial class FlowTable
{
    private Grouping _grouping;
    private readonly FlowRows _rows = new();
    private readonly FlowReplies _replies = new();
    private readonly AddressPool _addresses = new();
    private readonly GroupCounter _groups = new();
    private GroupCache _groupCache = new();
    private readonly RowIndex _byOrig;
    private readonly RowIndex _byReply; // Only flows in FlowReplies, and of them TCP, to match resets.
    private readonly List<int> _wantedGroups = [];
    private readonly Incoming[] _incoming = new Incoming[32];
    private int _pending;
    private int _count;
    private int _silent;
    private byte _generation;
    private volatile uint _touched; // Prevents the reads from being optimised away.

    public FlowTable(Grouping grouping)
    {
        _grouping = grouping;
        _byOrig = new RowIndex(OrigHash);
        _byReply = new RowIndex(ReplyHash);
    }

    /// <summary>Size of the rows and their indexes, without groups and the addresses of IPv6.</summary>
    public long Bytes => _rows.Bytes + _replies.Bytes + _byOrig.Bytes + _byReply.Bytes;

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
    public void Reserve(int flows) => _byOrig.Reserve(Math.Min(flows, RowIndex.MaxRows));

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
            ref readonly var state = ref _rows.State(row);
            if (state.Generation != _generation && (state.Flags & RowFlags.InUse) != 0)
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
        if (row >= 0 && _rows.Name(row).Id == flow.Id && _rows.State(row).State != FlowState.SynSent)
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
        return Found(FindByReply(in tuple), out flow);
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
            ref readonly var state = ref _rows.State(row);
            if ((state.Flags & RowFlags.InUse) == 0)
                continue; // In a free row Group is the link to the next free row.
            int group = GroupAt(in state);
            if ((uint)group >= (uint)wanted.Length || !wanted[group])
                continue;
            ref readonly var name = ref _rows.Name(row);
            output.Add(new TrackedFlow(OrigAt(row), ReplyAt(row), ZoneAt(in state), name.Id, state.State));
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
        if (!flow.OrigRef.Src.IsV4)
        {
            PutV6(in flow, fromDump);
            return;
        }

        // The index is far larger than the CPU caches, so dumped entries are processed in batches: first all hashes, then one
        // read of each slot (the cache misses overlap), then the work.
        Incoming.Of(in flow, BoundOf(in flow, fromDump), out _incoming[_pending++]);
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
                touched ^= _byOrig.Touch(flow.Hash);
            _touched = touched;
        }

        foreach (ref readonly var flow in waiting)
            PutV4(in flow, fromDump);
    }

    private void PutV4(in Incoming flow, bool fromDump)
    {
        int row = _byOrig.Find(flow.Hash, new OrigMatch(this, flow.Orig, flow.Proto, flow.Zone, v6: false));
        if (row >= 0)
        {
            if (TryUpdate(row, in flow, fromDump))
                return;
            RemoveAt(row); // Another flow has the tuple now; the DESTROY was lost (or comes late, with the old id).
        }

        if ((flow.Flags & RowFlags.OnlyLooksTranslated) != 0)
        {
            // Rare: not worth a place in the cache.
            var orig = Unpack(in flow.Orig, flow.Proto, v6: false);
            Insert(in flow, _groups.Of(_grouping.Of(in orig, Unpack(in flow.Reply, flow.Proto, v6: false), onlyLooksTranslated: true)), fromDump);
            return;
        }

        ref var place = ref _groupCache.Of(in flow.Orig, in flow.Reply, flow.Proto, _groups.Version);
        if (!place.Is(in flow.Orig, in flow.Reply, flow.Proto))
        {
            var group = _grouping.Of(Unpack(in flow.Orig, flow.Proto, v6: false), Unpack(in flow.Reply, flow.Proto, v6: false));
            place.Set(in flow.Orig, in flow.Reply, flow.Proto, _groups.Of(in group));
        }

        Insert(in flow, place.Group, fromDump);
    }

    private void PutV6(in Flow flow, bool fromDump)
    {
        uint bound = BoundOf(in flow, fromDump);
        int row = FindByOrig(flow.Orig, flow.Zone);
        if (row >= 0)
        {
            if (TryPack(flow.Reply, out var reply) && TryUpdate(row, new Incoming { Reply = reply, Id = flow.Id, State = flow.State, Bound = bound }, fromDump))
                return;
            RemoveAt(row);
        }

        var incoming = new Incoming
        {
            Orig = Pack(flow.Orig),
            Reply = Pack(flow.Reply),
            Id = flow.Id,
            Zone = flow.Zone,
            Proto = flow.Orig.Proto,
            Flags = RowFlags.V6 | (flow.OnlyLooksTranslated ? RowFlags.OnlyLooksTranslated : RowFlags.None),
            State = flow.State,
            Bound = bound,
        };
        incoming.Hash = OrigHash(in incoming.Orig, incoming.Proto, incoming.Zone, v6: true);
        Insert(in incoming, _groups.Of(_grouping.Of(flow.Orig, flow.Reply, flow.OnlyLooksTranslated)), fromDump);
    }

    // False if the row is another flow with the same original tuple.
    private bool TryUpdate(int row, in Incoming seen, bool fromDump)
    {
        ref readonly var name = ref _rows.Name(row);
        ref var state = ref _rows.State(row);
        if (name.Id != seen.Id || seen.Reply != PackedReplyAt(in name, in state))
            return false;
        state.Generation = _generation;
        if (state.State == FlowState.SynSent && seen.State is FlowState.SynRecv or FlowState.Established && !fromDump)
            NoteAnswer(row, _rows.Bound(row));
        if (seen.State != FlowState.SynSent || state.State != FlowState.SynSent)
            _rows.Bound(row) = seen.Bound;
        if (state.State != seen.State)
        {
            int group = GroupAt(in state);
            _groups.Add(group, state.State, -1);
            state.State = seen.State;
            _groups.Add(group, seen.State, +1);
        }

        if (!fromDump && (state.Flags & RowFlags.Silent) != 0)
        {
            state.Flags &= ~RowFlags.Silent;
            _silent--;
        }

        return true;
    }

    private void Insert(in Incoming flow, int group, bool fromDump)
    {
        int row = _rows.Take();
        _rows.Name(row) = new FlowIdentity { Orig = flow.Orig, Id = flow.Id };
        bool isDetermined = flow.IsReplyDetermined;
        _rows.State(row) = new FlowRowState
        {
            Group = isDetermined ? group : ~_replies.Add(new FlowReply { Tuple = flow.Reply, Group = group, Zone = flow.Zone }),
            State = flow.State,
            Proto = flow.Proto,
            Flags = flow.Flags | RowFlags.InUse | (fromDump ? RowFlags.Silent : 0),
            Generation = _generation,
        };
        _rows.Bound(row) = flow.Bound;
        _groups.Add(group, flow.State, +1);
        _count++;
        if (fromDump)
            _silent++;
        _byOrig.Add(flow.Hash, row);
        if (!isDetermined && flow.Proto == Protocols.Tcp)
            _byReply.Add(ReplyHash(in flow.Reply, (flow.Flags & RowFlags.V6) != 0), row);
    }

    private void RemoveAt(int row)
    {
        ref readonly var state = ref _rows.State(row);
        _byOrig.Remove(OrigHash(row), row);
        _groups.Add(GroupAt(in state), state.State, -1);
        _count--;
        if ((state.Flags & RowFlags.Silent) != 0)
            _silent--;
        if (state.Group < 0)
        {
            if (state.Proto == Protocols.Tcp)
                _byReply.Remove(ReplyHash(row), row);
            if ((state.Flags & RowFlags.V6) != 0)
                Release(in _rows.Name(row).Orig, in _replies[~state.Group].Tuple);
            _replies.Free(~state.Group);
        }

        _rows.Free(row);
    }

    private void Release(in PackedTuple orig, in PackedTuple reply)
    {
        _addresses.Release(orig.Src);
        _addresses.Release(orig.Dst);
        _addresses.Release(reply.Src);
        _addresses.Release(reply.Dst);
    }

    private int FindByOrig(in FlowTuple tuple, ushort zone)
    {
        if (!TryPack(in tuple, out var packed))
            return -1;
        bool v6 = !tuple.Src.IsV4;
        return _byOrig.Find(OrigHash(in packed, tuple.Proto, zone, v6), new OrigMatch(this, packed, tuple.Proto, zone, v6));
    }

    // A reply that the group determines leads to the original tuple: there is one for each Service of the backend.
    private int FindByReply(in FlowTuple tuple)
    {
        if (tuple.Proto != Protocols.Tcp || !TryPack(in tuple, out var packed))
            return -1;
        bool v6 = !tuple.Src.IsV4;
        int row = _byReply.Find(ReplyHash(in packed, v6), new ReplyMatch(this, packed, v6));
        if (row >= 0 || v6)
            return row;
        row = FindWithReply(new PackedTuple(packed.Dst, packed.Src, packed.Dport, packed.Sport), in packed);
        for (int group = _groups.FirstOfEndpoint(Protocols.Tcp, tuple.Src, tuple.Sport); row < 0 && group >= 0; group = _groups.NextOfEndpoint(group))
        {
            ref readonly var key = ref _groups.KeyOf(group);
            row = FindWithReply(new PackedTuple(packed.Dst, key.Vip.V4Number, packed.Dport, key.Vport), in packed);
        }

        return row;
    }

    private int FindWithReply(in PackedTuple orig, in PackedTuple reply)
    {
        int row = _byOrig.Find(OrigHash(in orig, Protocols.Tcp, 0, v6: false), new OrigMatch(this, orig, Protocols.Tcp, 0, v6: false));
        return row >= 0 && PackedReplyAt(in _rows.Name(row), in _rows.State(row)) == reply ? row : -1;
    }

    private bool Found(int row, out FlowTuples flow)
    {
        flow = default;
        if (row < 0)
            return false;
        ref readonly var state = ref _rows.State(row);
        flow = new FlowTuples(OrigAt(row), ReplyAt(row), state.State, OnlyLooksTranslated: (state.Flags & RowFlags.OnlyLooksTranslated) != 0);
        return true;
    }
}
