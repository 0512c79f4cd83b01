using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire.Sections;

// overflow counts by kind, then each: kind u8, flags u8 (1 received, 2 packet), reason u8, atMs, addresses and ports, sequence
internal static class ResetsSection
{
    public static int MaxLength(NodeFrame frame) => 4 + (4 * ResetOverflow.Length) + (frame.Resets.Count * 96);

    public static bool HasAny(NodeFrame frame) =>
        frame.Resets.Count > 0 || ((ReadOnlySpan<uint>)frame.MoreResets).ContainsAnyExcept(0u);

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        foreach (uint more in frame.MoreResets)
            writer.U32(more);
        writer.U32((uint)frame.Resets.Count);
        foreach (var reset in frame.Resets)
        {
            writer.U8((byte)reset.Kind);
            writer.U8((byte)((reset.Received ? 1 : 0) | ((byte)reset.Origin << 1)));
            writer.U8(reset.Reason);
            writer.U64((ulong)reset.AtMs);
            writer.Address(reset.Src);
            writer.U16(reset.Sport);
            writer.Address(reset.Dst);
            writer.U16(reset.Dport);
            writer.Address(reset.Vip);
            writer.U16(reset.Vport);
            writer.Address(reset.Backend);
            writer.U16(reset.Bport);
            writer.U32(reset.Sequence);
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        for (int kind = 0; kind < ResetOverflow.Length; kind++)
            frame.MoreResets[kind] = reader.U32();
        for (uint left = reader.Count(minimumEach: 27); left > 0; left--)
        {
            var kind = (ResetKind)reader.Member(0, (byte)ResetKind.NewBackend, "a kind of reset");
            byte flags = reader.Member(0, 3, "a reset's flags");
            byte reason = reader.U8();
            frame.Resets.Add(new Reset(
                (long)reader.U64(), kind, reader.Address(), reader.U16(), reader.Address(), reader.U16(),
                reader.Address(), reader.U16(), reader.Address(), reader.U16(), reason, (flags & 1) != 0,
                (ResetOrigin)(flags >> 1), reader.U32()));
        }
    }
}
