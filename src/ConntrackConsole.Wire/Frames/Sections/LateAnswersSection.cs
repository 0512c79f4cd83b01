namespace ConntrackConsole.Wire.Sections;

internal static class LateAnswersSection
{
    public static int MaxLength(NodeFrame frame) => 4 + (frame.LateAnswers.Count * 70);

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32((uint)frame.LateAnswers.Count);
        foreach (var answer in frame.LateAnswers)
        {
            writer.U64((ulong)answer.AtMs);
            writer.U32(answer.WaitedMs);
            writer.Address(answer.Src);
            writer.U16(answer.Sport);
            writer.Address(answer.Vip);
            writer.U16(answer.Vport);
            writer.Address(answer.Backend);
            writer.U16(answer.Bport);
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        for (uint left = reader.Count(minimumEach: 21); left > 0; left--)
        {
            frame.LateAnswers.Add(new LateAnswer(
                (long)reader.U64(), reader.U32(), reader.Address(), reader.U16(), reader.Address(), reader.U16(), reader.Address(), reader.U16()));
        }
    }
}
