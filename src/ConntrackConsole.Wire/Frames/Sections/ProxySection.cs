namespace ConntrackConsole.Wire.Sections;

internal static class ProxySection
{
    public static int MaxLength(NodeFrame frame) => frame.Proxy is null ? 0 : 128;

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        var proxy = frame.Proxy!;
        writer.U64((ulong)proxy.AtMs);
        writer.U8(proxy.Answers ? (byte)1 : (byte)0);
        writer.U8((byte)proxy.Mode);
        writer.U16(proxy.HealthStatus);
        writer.F64(proxy.ProcessStart);
        writer.F64(proxy.LastSync);
        writer.F64(proxy.LastQueued);
        writer.F64(proxy.SyncP99);
        writer.F64(proxy.EndpointChanges);
        writer.F64(proxy.EndpointChangesPending);
        writer.F64(proxy.ServiceChangesPending);
        writer.F64(proxy.SyncFailures);
        writer.F64(proxy.ReconcilerDeleted);
        writer.F64(proxy.InvalidDropped);
        writer.F64(proxy.ApiErrors);
    }

    public static void Read(ref FrameReader reader, NodeFrame frame) => frame.Proxy = new ProxyReading(
        (long)reader.U64(), reader.Member(0, 1, "a flag") == 1, (ProxyMode)reader.Member(0, (byte)ProxyMode.Ipvs, "a proxy mode"),
        reader.U16(), reader.F64(), reader.F64(), reader.F64(), reader.F64(), reader.F64(), reader.F64(), reader.F64(),
        reader.F64(), reader.F64(), reader.F64(), reader.F64());
}
