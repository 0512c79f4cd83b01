using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire.Sections;

// For each group with offloaded flows: its index in the groups section (u32) and their number (varint). A console that does not
// know the state reads them there as NONE, as the kernel's message without a state was always read; this one moves them.
internal static class OffloadedSection
{
    public static bool HasAny(NodeFrame frame)
    {
        foreach (var (_, counts) in frame.Groups)
        {
            if (counts[(int)FlowState.Offloaded] != 0)
                return true;
        }

        return false;
    }

    public static int MaxLength(NodeFrame frame) => HasAny(frame) ? 4 + (frame.Groups.Count * 9) : 0;

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        uint groups = 0;
        foreach (var (_, counts) in frame.Groups)
            groups += counts[(int)FlowState.Offloaded] != 0 ? 1u : 0;
        writer.U32(groups);
        for (int index = 0; index < frame.Groups.Count; index++)
        {
            if (frame.Groups[index].Counts[(int)FlowState.Offloaded] is var count and not 0)
            {
                writer.U32((uint)index);
                writer.Varint(count);
            }
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        for (uint left = reader.Count(minimumEach: 5); left > 0; left--)
        {
            uint index = reader.U32();
            uint count = reader.Varint();
            var (key, counts) = index < (uint)frame.Groups.Count ? frame.Groups[(int)index] : default;
            if (count == 0 || counts[(int)FlowState.None] < count)
            {
                reader.Fail("offloaded flows of a group without them");
                return;
            }

            counts[(int)FlowState.None] -= count;
            counts[(int)FlowState.Offloaded] += count;
            frame.Groups[(int)index] = new GroupCounts(key, counts);
        }
    }
}
