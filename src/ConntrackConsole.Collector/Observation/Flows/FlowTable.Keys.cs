using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <content>The keys by which rows are found, and what an event or a dumped entry brings.</content>
internal sealed partial class FlowTable
{
    private static ulong OrigHash(in FlowIdentity name) => OrigHash(in name.Orig, name.Proto, name.Zone, (name.Flags & RowFlags.V6) != 0);

    private static ulong OrigHash(in PackedTuple tuple, byte proto, ushort zone, bool v6) =>
        RowHash.Of(tuple.Src, tuple.Dst, tuple.Ports, ((uint)zone << 16) | ((uint)proto << 8) | (v6 ? 1u : 0));

    private static ulong ReplyHash(in FlowIdentity name) => ReplyHash(in name.Reply, (name.Flags & RowFlags.V6) != 0);

    private static ulong ReplyHash(in PackedTuple tuple, bool v6) => RowHash.Of(tuple.Src, tuple.Dst, tuple.Ports, v6 ? 1u : 0);

    private struct Incoming
    {
        public FlowIdentity Name;
        public FlowState State;
        public uint Earliest;
        public ulong Hash;
        public ulong ReplyHash;

        public static void Of(in Flow flow, uint earliest, out Incoming incoming)
        {
            var orig = flow.Orig;
            var reply = flow.Reply;
            incoming.Name.Orig = new PackedTuple(orig.Src.V4Number, orig.Dst.V4Number, orig.Sport, orig.Dport);
            incoming.Name.Reply = new PackedTuple(reply.Src.V4Number, reply.Dst.V4Number, reply.Sport, reply.Dport);
            incoming.Name.Id = flow.Id;
            incoming.Name.Zone = flow.Zone;
            incoming.Name.Proto = orig.Proto;
            incoming.Name.Flags = RowFlags.None;
            incoming.State = flow.State;
            incoming.Earliest = earliest;
            incoming.Hash = OrigHash(in incoming.Name);
            incoming.ReplyHash = ReplyHash(in incoming.Name);
        }
    }

    private readonly struct OrigMatch(FlowRows rows, PackedTuple tuple, byte proto, ushort zone, bool v6) : IRowMatch
    {
        public bool Is(int row)
        {
            ref readonly var name = ref rows.Name(row);
            return name.Orig == tuple && name.Proto == proto && name.Zone == zone && ((name.Flags & RowFlags.V6) != 0) == v6;
        }
    }

    private readonly struct ReplyMatch(FlowRows rows, PackedTuple tuple, bool v6) : IRowMatch
    {
        public bool Is(int row)
        {
            ref readonly var name = ref rows.Name(row);
            return name.Reply == tuple && ((name.Flags & RowFlags.V6) != 0) == v6;
        }
    }
}
