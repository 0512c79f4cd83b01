namespace ConntrackConsole.Wire.Sections;

internal static class GapsSection
{
    public static int MaxLength(NodeFrame frame) => 4 + (frame.Gaps.Count * 24);

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32((uint)frame.Gaps.Count);
        foreach (var gap in frame.Gaps)
        {
            writer.U8((byte)gap.Kind);
            writer.U64((ulong)gap.FromMs);
            writer.U64((ulong)gap.ToMs);
            writer.U32(gap.Lost);
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        for (uint left = reader.Count(minimumEach: 21); left > 0; left--)
        {
            var kind = (GapKind)reader.Member(1, (byte)GapKind.DumpOnly, "a kind of gap");
            frame.Gaps.Add(new Gap(kind, (long)reader.U64(), (long)reader.U64(), reader.U32()));
        }
    }
}
