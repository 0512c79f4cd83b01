namespace ConntrackConsole.Wire.Sections;

internal static class OverflowSection
{
    public const int MaxLength = 8;

    public static bool HasAny(NodeFrame frame) => frame.MoreLateAnswers > 0 || frame.MoreRefusals > 0;

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32(frame.MoreLateAnswers);
        writer.U32(frame.MoreRefusals);
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        frame.MoreLateAnswers = reader.U32();
        frame.MoreRefusals = reader.U32();
    }
}
