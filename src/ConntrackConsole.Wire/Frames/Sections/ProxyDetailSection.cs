namespace ConntrackConsole.Wire.Sections;

// nodeEligible u8 (0 no, 1 yes, 2 unknown), livez u16, family u8. A section of its own: an older console skips it, and reads the
// rest of the reading.
internal static class ProxyDetailSection
{
    private const byte UnknownEligibility = 2;

    public static bool HasAny(NodeFrame frame) => frame.Proxy is { } proxy && (proxy.Eligible is not null || proxy.LiveStatus != 0 || proxy.LaggingFamily != 0);

    public static int MaxLength(NodeFrame frame) => frame.Proxy is null ? 0 : 4;

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        var proxy = frame.Proxy!;
        writer.U8(proxy.Eligible switch { null => UnknownEligibility, true => 1, false => 0 });
        writer.U16(proxy.LiveStatus);
        writer.U8(proxy.LaggingFamily);
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        byte eligible = reader.Member(0, UnknownEligibility, "an eligibility");
        ushort live = reader.U16();
        byte family = reader.U8();
        if (family is not (0 or 4 or 6))
            reader.Fail("an IP family");
        if (frame.Proxy is { } proxy)
            frame.Proxy = proxy with { Eligible = eligible == UnknownEligibility ? null : eligible == 1, LiveStatus = live, LaggingFamily = family };
    }
}
