namespace ConntrackConsole.Wire.Sections;

// state u8, expire_nodest_conn u8 (0, 1, 2 = unknown), connections that did not fit u32, then the servers.
internal static class IpvsSection
{
    private const byte UnknownSwitch = 2;
    private const int MaxEach = 1 + 17 + 2 + 17 + 2 + 1 + 4 + 4;

    public static int MaxLength(NodeFrame frame) => frame.Ipvs is { } reading ? 10 + (reading.Servers.Count * MaxEach) : 0;

    public static void Write(NodeFrame frame, ref FrameWriter writer)
    {
        var reading = frame.Ipvs!;
        writer.U8((byte)reading.State);
        writer.U8(reading.ExpireNodestConn switch { null => UnknownSwitch, true => 1, false => 0 });
        writer.U32(reading.MoreConnections);
        writer.U32((uint)reading.Servers.Count);
        foreach (var server in reading.Servers)
        {
            writer.U8(server.Proto);
            writer.Address(server.Vip);
            writer.U16(server.Vport);
            writer.Address(server.Server);
            writer.U16(server.Port);
            writer.U8(server.IsRemoved ? (byte)1 : (byte)0);
            writer.U32(server.Connections);
            writer.U32(server.MaxSeconds);
        }
    }

    public static void Read(ref FrameReader reader, NodeFrame frame)
    {
        var state = (IpvsReadState)reader.Member(0, (byte)IpvsReadState.Unreadable, "a state of IPVS's table");
        byte expires = reader.Member(0, UnknownSwitch, "a switch");
        uint more = reader.U32();
        uint count = reader.Count(minimumEach: 16);
        if (count > IpvsReading.MaxServers)
        {
            reader.Fail($"{count} servers of IPVS, more than {IpvsReading.MaxServers},");
            return;
        }

        var servers = new List<IpvsServerConnections>((int)count);
        for (uint left = count; left > 0; left--)
        {
            servers.Add(new IpvsServerConnections(
                reader.U8(), reader.Address(), reader.U16(), reader.Address(), reader.U16(), reader.Member(0, 1, "a flag") == 1, reader.U32(), reader.U32()));
        }

        frame.Ipvs = new IpvsReading(state, expires == UnknownSwitch ? null : expires == 1, servers, more);
    }
}
