namespace ConntrackConsole.Wire.Sections;

internal static class NotesSection
{
    public static int MaxLength(NodeFrame frame) => 8 + (frame.Notes.Count * 76);

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        writer.U32(frame.MoreNotes);
        writer.U32((uint)frame.Notes.Count);
        foreach (var note in frame.Notes)
        {
            writer.U64((ulong)note.AtMs);
            writer.U8((byte)note.Kind);
            writer.U8((byte)note.Cause);
            writer.Address(note.Src);
            writer.U16(note.Sport);
            writer.Address(note.Dst);
            writer.U16(note.Dport);
            writer.Address(note.Backend);
            writer.U16(note.Bport);
            writer.U32(note.PortId);
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        frame.MoreNotes = reader.U32();
        for (uint left = reader.Count(minimumEach: 23); left > 0; left--)
        {
            frame.Notes.Add(new FlowNote(
                (long)reader.U64(), (FlowNoteKind)reader.Member(1, (byte)FlowNoteKind.UnNated, "a kind of note"),
                (LossCause)reader.Member(0, (byte)LossCause.ByKernel, "a cause"), reader.Address(), reader.U16(),
                reader.Address(), reader.U16(), reader.Address(), reader.U16(), reader.U32()));
        }
    }
}
