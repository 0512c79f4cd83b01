using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire.Sections;

// proto u8, vip (255 = as the group before), vport u16, backend, bport u16, state mask u16, a varint for each state in it
internal static class GroupsSection
{
    private const byte SameAddress = 255;

    // Later states are in sections of their own: a console refuses a mask with a bit that it does not know.
    private const int States = (int)FlowState.Assured + 1;

    public static int MaxLength(NodeFrame frame) => 4 + (frame.Groups.Count * 112);

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32((uint)frame.Groups.Count);
        Ip previousVip = default;
        bool first = true;
        foreach (var (key, counts) in frame.Groups)
        {
            writer.U8(key.Proto);
            if (!first && key.Vip == previousVip)
                writer.U8(SameAddress);
            else
                writer.Address(key.Vip);
            first = false;
            previousVip = key.Vip;
            writer.U16(key.Vport);
            writer.Address(key.Backend);
            writer.U16(key.Bport);
            var written = counts;
            written[(int)FlowState.None] += written[(int)FlowState.Offloaded]; // as in OffloadedSection
            ushort mask = 0;
            for (int state = 0; state < States; state++)
            {
                if (written[state] != 0)
                    mask |= (ushort)(1 << state);
            }

            writer.U16(mask);
            for (int state = 0; state < States; state++)
            {
                if (written[state] != 0)
                    writer.Varint(written[state]);
            }
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        Ip vip = default;
        for (uint left = reader.Count(minimumEach: 9); left > 0; left--)
        {
            byte proto = reader.U8();
            if (!reader.TrySkip(SameAddress))
                vip = reader.Address();
            ushort vport = reader.U16();
            var key = new GroupKey(proto, vip, vport, reader.Address(), reader.U16());
            ushort mask = reader.U16();
            if (mask >> States != 0)
                reader.Fail("a state that this version does not know");
            var counts = default(StateCounts);
            for (int state = 0; state < States; state++)
            {
                if ((mask & (1 << state)) != 0)
                    counts[state] = reader.Varint();
            }

            frame.Groups.Add(new GroupCounts(key, counts));
        }
    }
}
