namespace ConntrackConsole.Wire.Sections;

internal static class WatchedDetailsSection
{
    public static int MaxLength(NodeFrame frame) => 4 + (frame.WatchedDetails.Count * 40);

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32((uint)frame.WatchedDetails.Count);
        foreach (var row in frame.WatchedDetails)
        {
            writer.Address(row.PodIp);
            writer.U8((byte)row.Path);
            writer.U32(row.Link);
            writer.Varint(row.Waiting);
            writer.Varint(row.Answering);
            writer.Varint(row.SynReused);
            writer.Varint(row.UdpRefreshed);
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        for (uint left = reader.Count(minimumEach: 10); left > 0; left--)
        {
            frame.WatchedDetails.Add(new WatchedDetail(
                reader.Address(), (PathState)reader.Member(0, (byte)PathState.LeafGone, "a path"), reader.U32(), reader.Varint(), reader.Varint(), reader.Varint(), reader.Varint()));
        }
    }
}
