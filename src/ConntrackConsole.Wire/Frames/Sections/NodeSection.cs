namespace ConntrackConsole.Wire.Sections;

// Counters of the node and of the collector itself.
internal static class NodeSection
{
    public const int MaxLength = 32;

    public static void WriteHostTcp(NodeFrame frame, ref FrameWriter writer)
    {
        var tcp = frame.HostTcp!.Value;
        writer.U32(tcp.OutRsts);
        writer.U32(tcp.EstabResets);
        writer.U32(tcp.AttemptFails);
        writer.U32(tcp.RetransSegs);
    }

    public static void ReadHostTcp(ref FrameReader reader, NodeFrame frame) =>
        frame.HostTcp = new HostTcp(reader.U32(), reader.U32(), reader.U32(), reader.U32());

    public static void WriteCost(NodeFrame frame, ref FrameWriter writer)
    {
        var cost = frame.Cost!.Value;
        writer.U8((byte)cost.Mode);
        writer.U32(cost.CpuMs);
        writer.U32(cost.RssKiB);
        writer.U32(cost.Events);
        writer.U32(cost.Flows);
        writer.I32(cost.ClockOffsetMs);
        writer.U32(cost.OutboxFrames);
    }

    public static void ReadCost(ref FrameReader reader, NodeFrame frame) => frame.Cost = new CollectorCost(
        (FollowMode)reader.Member(0, (byte)FollowMode.DumpOnly, "a mode"), reader.U32(), reader.U32(), reader.U32(), reader.U32(),
        reader.I32(), reader.U32());
}
