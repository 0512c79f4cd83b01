namespace ConntrackConsole.Wire.Sections;

internal static class RadarSection
{
    public static int MaxLength(NodeFrame frame) => 4 + (frame.Radar.Count * 40);

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32((uint)frame.Radar.Count);
        foreach (var row in frame.Radar)
        {
            writer.Address(row.PodIp);
            writer.U32(row.Entries);
            writer.U32(row.Checked);
            writer.U32(row.Unacknowledged);
            writer.U32(row.Idle);
            writer.U32(row.Alive);
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        for (uint left = reader.Count(minimumEach: 21); left > 0; left--)
            frame.Radar.Add(new RadarRow(reader.Address(), reader.U32(), reader.U32(), reader.U32(), reader.U32(), reader.U32()));
    }
}
