namespace ConntrackConsole.Wire.Sections;

internal static class RefusalsSection
{
    public static int MaxLength(NodeFrame frame) => 4 + (frame.Refusals.Count * 42);

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32((uint)frame.Refusals.Count);
        foreach (var refusal in frame.Refusals)
        {
            writer.U64((ulong)refusal.AtMs);
            writer.Address(refusal.Src);
            writer.Address(refusal.Vip);
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        for (uint left = reader.Count(minimumEach: 10); left > 0; left--)
            frame.Refusals.Add(new ServiceRefusal((long)reader.U64(), reader.Address(), reader.Address()));
    }
}
