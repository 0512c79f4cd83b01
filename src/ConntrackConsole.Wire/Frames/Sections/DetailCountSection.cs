namespace ConntrackConsole.Wire.Sections;

// count u32, then for each: index of its watched detail u32, entries or milliseconds varint. A section for each number: an older console skips what it does not know.
internal static class DetailCountSection
{
    public static FrameSection Of(byte tag, Func<WatchedDetail, uint> get, Func<WatchedDetail, uint, WatchedDetail> set) => new(
        tag, frame => 4 + (frame.WatchedDetails.Count * 9), frame => frame.WatchedDetails.Exists(row => get(row) > 0),
        (NodeFrame frame, ref FrameWriter writer) => Write(frame, ref writer, get), (ref FrameReader reader, NodeFrame frame) => Read(ref reader, frame, set));

    private static void Write(NodeFrame frame, ref FrameWriter writer, Func<WatchedDetail, uint> get)
    {
        writer.U32((uint)frame.WatchedDetails.Count(row => get(row) > 0));
        for (int i = 0; i < frame.WatchedDetails.Count; i++)
        {
            if (get(frame.WatchedDetails[i]) is var count and > 0)
            {
                writer.U32((uint)i);
                writer.Varint(count);
            }
        }
    }

    private static void Read(ref FrameReader reader, NodeFrame frame, Func<WatchedDetail, uint, WatchedDetail> set)
    {
        for (uint left = reader.Count(minimumEach: 5); left > 0; left--)
        {
            uint index = reader.U32();
            uint count = reader.Varint();
            if (index >= frame.WatchedDetails.Count)
            {
                reader.Fail("the index of a watched detail");
                return;
            }

            frame.WatchedDetails[(int)index] = set(frame.WatchedDetails[(int)index], count);
        }
    }
}
