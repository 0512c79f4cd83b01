using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <content>The group of each flow, and how rows are matched.</content>
internal sealed partial class FlowTable
{
    /// <summary>Groups all flows again: the Services have changed. One pass over the table (some ms for 250,000 flows).</summary>
    public void Regroup(Grouping grouping)
    {
        ProcessPending();
        _grouping = grouping;
        _groupCache = new GroupCache();
        for (int row = 0; row < _rows.Used; row++)
        {
            ref readonly var name = ref _rows.Name(row);
            if ((name.Flags & RowFlags.InUse) == 0)
                continue;
            ref var state = ref _rows.State(row);
            int group = _groups.Of(GroupOf(in name));
            if (group == state.Group)
                continue;
            _groups.Add(state.Group, state.State, -1);
            _groups.Add(group, state.State, +1);
            state.Group = group;
        }
    }

    private GroupKey GroupOf(in FlowIdentity name) => _grouping.Of(
        Unpack(in name.Orig, in name), Unpack(in name.Reply, in name), (name.Flags & RowFlags.OnlyLooksTranslated) != 0);

    private struct Incoming
    {
        public FlowIdentity Name;
        public FlowState State;
        public uint Bound;
        public ulong Hash;
        public ulong ReplyHash;

        public static void Of(in Flow flow, uint bound, out Incoming incoming)
        {
            var orig = flow.Orig;
            var reply = flow.Reply;
            incoming.Name.Orig = new PackedTuple(orig.Src.V4Number, orig.Dst.V4Number, orig.Sport, orig.Dport);
            incoming.Name.Reply = new PackedTuple(reply.Src.V4Number, reply.Dst.V4Number, reply.Sport, reply.Dport);
            incoming.Name.Id = flow.Id;
            incoming.Name.Zone = flow.Zone;
            incoming.Name.Proto = orig.Proto;
            incoming.Name.Flags = flow.OnlyLooksTranslated ? RowFlags.OnlyLooksTranslated : RowFlags.None;
            incoming.State = flow.State;
            incoming.Bound = bound;
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
