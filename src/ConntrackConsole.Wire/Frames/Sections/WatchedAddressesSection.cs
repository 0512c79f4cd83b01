namespace ConntrackConsole.Wire.Sections;

internal static class WatchedAddressesSection
{
    public static int MaxLength(NodeFrame frame) => 4 + (frame.WatchedAddresses.Count * 40);

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32((uint)frame.WatchedAddresses.Count);
        foreach (var row in frame.WatchedAddresses)
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
            frame.WatchedAddresses.Add(new WatchedAddress(reader.Address(), reader.U32(), reader.U32(), reader.U32(), reader.U32(), reader.U32()));
    }
}
