namespace ConntrackConsole.Wire.Sections;

// count u32, then for each: index of its watched detail u32, entries varint. A section of its own: an older console skips it.
internal static class UdpSendingSection
{
    public static bool HasAny(NodeFrame frame) => frame.WatchedDetails.Exists(row => row.UdpSending > 0);

    public static int MaxLength(NodeFrame frame) => 4 + (frame.WatchedDetails.Count * 9);

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32((uint)frame.WatchedDetails.Count(row => row.UdpSending > 0));
        for (int i = 0; i < frame.WatchedDetails.Count; i++)
        {
            if (frame.WatchedDetails[i].UdpSending == 0)
                continue;
            writer.U32((uint)i);
            writer.Varint(frame.WatchedDetails[i].UdpSending);
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        for (uint left = reader.Count(minimumEach: 5); left > 0; left--)
        {
            uint index = reader.U32();
            uint sending = reader.Varint();
            if (index >= frame.WatchedDetails.Count)
            {
                reader.Fail("the index of a watched detail");
                return;
            }

            frame.WatchedDetails[(int)index] = frame.WatchedDetails[(int)index] with { UdpSending = sending };
        }
    }
}
