namespace ConntrackConsole.Wire.Sections;

internal static class SettingsSection
{
    public static int MaxLength(NodeFrame frame) => 4 + (frame.Settings.Count * (8 + (3 * 256)));

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32((uint)frame.Settings.Count);
        foreach (var change in frame.Settings)
        {
            writer.U64((ulong)change.AtMs);
            writer.Text(change.Name);
            writer.Text(change.Before);
            writer.Text(change.After);
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        for (uint left = reader.Count(minimumEach: 11); left > 0; left--)
            frame.Settings.Add(new SettingChange((long)reader.U64(), reader.Text(), reader.Text(), reader.Text()));
    }
}
