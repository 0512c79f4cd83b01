using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <content>How tuples are packed into rows, read from them, hashed and matched.</content>
internal sealed partial class FlowTable
{
    private FlowTuple OrigAt(int row)
    {
        ref readonly var state = ref _rows.State(row);
        return Unpack(in _rows.Name(row).Orig, state.Proto, (state.Flags & RowFlags.V6) != 0);
    }

    private FlowTuple ReplyAt(int row)
    {
        ref readonly var state = ref _rows.State(row);
        return Unpack(PackedReplyAt(in _rows.Name(row), in state), state.Proto, (state.Flags & RowFlags.V6) != 0);
    }

    private PackedTuple PackedReplyAt(in FlowIdentity name, in FlowRowState state) =>
        state.Group >= 0 ? _groups.OriginOf(state.Group).Reply(in name.Orig) : _replies[~state.Group].Tuple;

    private ushort ZoneAt(in FlowRowState state) => state.Group >= 0 ? (ushort)0 : _replies[~state.Group].Zone;

    private bool TryPack(in FlowTuple tuple, out PackedTuple packed)
    {
        packed = default;
        if (!_addresses.TryPack(tuple.Src, out uint src) || !_addresses.TryPack(tuple.Dst, out uint dst))
            return false;
        packed = new PackedTuple(src, dst, tuple.Sport, tuple.Dport);
        return true;
    }

    private PackedTuple Pack(in FlowTuple tuple) => new(_addresses.Pack(tuple.Src), _addresses.Pack(tuple.Dst), tuple.Sport, tuple.Dport);

    private FlowTuple Unpack(in PackedTuple tuple, byte proto, bool v6) =>
        new(_addresses.Unpack(tuple.Src, v6), _addresses.Unpack(tuple.Dst, v6), proto, tuple.Sport, tuple.Dport);

    private static ulong OrigHash(in PackedTuple tuple, byte proto, ushort zone, bool v6) =>
        RowHash.Of(tuple.Src, tuple.Dst, tuple.Ports, ((uint)zone << 16) | ((uint)proto << 8) | (v6 ? 1u : 0));

    private ulong OrigHash(int row)
    {
        ref readonly var state = ref _rows.State(row);
        return OrigHash(in _rows.Name(row).Orig, state.Proto, ZoneAt(in state), (state.Flags & RowFlags.V6) != 0);
    }

    private ulong ReplyHash(int row)
    {
        ref readonly var state = ref _rows.State(row);
        return ReplyHash(in _replies[~state.Group].Tuple, (state.Flags & RowFlags.V6) != 0);
    }

    private static ulong ReplyHash(in PackedTuple tuple, bool v6) => RowHash.Of(tuple.Src, tuple.Dst, tuple.Ports, v6 ? 1u : 0);

    // One flow on its way into the table.
    private struct Incoming
    {
        public PackedTuple Orig;
        public PackedTuple Reply;
        public uint Id;
        public ushort Zone;
        public byte Proto;
        public RowFlags Flags;
        public FlowState State;
        public uint Bound;
        public ulong Hash;

        /// <summary>True if the group and the original tuple determine the reply.</summary>
        public readonly bool IsReplyDetermined => Reply.Dst == Orig.Src && Reply.Dport == Orig.Sport && Zone == 0
            && (Flags & (RowFlags.V6 | RowFlags.OnlyLooksTranslated)) == 0 && !Protocols.IsPortless(Proto);

        public static void Of(in Flow flow, uint bound, out Incoming incoming)
        {
            ref readonly var orig = ref flow.OrigRef;
            ref readonly var reply = ref flow.ReplyRef;
            incoming.Orig = new PackedTuple(orig.Src.V4Number, orig.Dst.V4Number, orig.Sport, orig.Dport);
            incoming.Reply = new PackedTuple(reply.Src.V4Number, reply.Dst.V4Number, reply.Sport, reply.Dport);
            incoming.Id = flow.Id;
            incoming.Zone = flow.Zone;
            incoming.Proto = orig.Proto;
            incoming.Flags = flow.OnlyLooksTranslated ? RowFlags.OnlyLooksTranslated : RowFlags.None;
            incoming.State = flow.State;
            incoming.Bound = bound;
            incoming.Hash = OrigHash(in incoming.Orig, incoming.Proto, incoming.Zone, v6: false);
        }
    }

    private readonly struct OrigMatch(FlowTable table, PackedTuple tuple, byte proto, ushort zone, bool v6) : IRowMatch
    {
        public bool Is(int row)
        {
            if (table._rows.Name(row).Orig != tuple)
                return false;
            ref readonly var state = ref table._rows.State(row);
            return state.Proto == proto && ((state.Flags & RowFlags.V6) != 0) == v6 && table.ZoneAt(in state) == zone;
        }
    }

    private readonly struct ReplyMatch(FlowTable table, PackedTuple tuple, bool v6) : IRowMatch
    {
        public bool Is(int row)
        {
            ref readonly var state = ref table._rows.State(row);
            return ((state.Flags & RowFlags.V6) != 0) == v6 && table._replies[~state.Group].Tuple == tuple;
        }
    }
}
