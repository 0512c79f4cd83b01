using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Bench;

/// <summary>
/// Creates and removes Service flows in a namespace's table as fast as the kernel accepts them: ctnetlink messages, 64 in one
/// send, without acknowledgements. Entry i is client 10.1.x.x → 10.96.0.(1..50):80, answered by one of a few hundred pods. The kernel
/// translates its destination, as it does for kube-proxy, or with <see cref="MakeUntranslated"/> only the tuples say so.
/// </summary>
internal static class Entries
{
    private const int Chunk = 64;
    private const ushort New = 0x100;
    private const ushort Delete = 0x102;

    public const int PodCount = 500;

    /// <summary>Flows [from, from + count); if <paramref name="pod"/> is given, all of them are answered by it.</summary>
    public static void Make(NetlinkSocket socket, int from, int count, string? pod = null) => Send(socket, New, from, count, pod, translated: true);

    /// <summary>As <see cref="Make"/>, three times as fast.</summary>
    public static void MakeUntranslated(NetlinkSocket socket, int from, int count) => Send(socket, New, from, count, null, translated: false);

    public static void Remove(NetlinkSocket socket, int from, int count) => Send(socket, Delete, from, count, null, translated: false);

    private static void Send(NetlinkSocket socket, ushort type, int from, int count, string? pod, bool translated)
    {
        var named = pod is null ? default : Ip.Parse(pod);
        var buffer = new byte[Chunk * 384];
        for (int start = from; start < from + count; start += Chunk)
        {
            var writer = new NetlinkWriter(buffer);
            for (int entry = start; entry < Math.Min(start + Chunk, from + count); entry++)
            {
                var client = Ip.V4(0x0A010000u + (uint)(entry / 50_000));
                ushort sport = (ushort)(10_000 + (entry % 50_000));
                var vip = Ip.V4(0x0A600001u + (uint)(entry % 50));
                var backend = pod is null ? Ip.V4(0x0AF40001u + (uint)(entry % PodCount)) : named;
                writer.Begin(type, NetlinkFlags.Request | (type == New ? NetlinkFlags.Create | NetlinkFlags.Exclusive : 0), 0);
                writer.Raw([2, 0, 0, 0]);
                Tuple(ref writer, 1, client, vip, sport, 80);
                if (type == New)
                {
                    if (translated)
                    {
                        Tuple(ref writer, 2, vip, client, 80, sport);
                        Translate(ref writer, backend, 8080);
                    }
                    else
                    {
                        Tuple(ref writer, 2, backend, client, 8080, sport);
                    }

                    writer.U32Network(3, 0x2 | 0x4 | 0x8); // seen reply, assured, confirmed
                    writer.U32Network(7, 7200);
                    int info = writer.BeginNested(4);
                    int tcp = writer.BeginNested(1);
                    writer.U8(1, (byte)FlowState.Established);
                    writer.EndNested(tcp);
                    writer.EndNested(info);
                }

                writer.End();
            }

            socket.Send(writer.Written);
        }
    }

    // CTA_NAT_DST with one address and one port: the kernel changes the reply tuple and sets the status bit.
    private static void Translate(ref NetlinkWriter writer, Ip backend, ushort port)
    {
        Span<byte> address = stackalloc byte[4];
        backend.WriteBytes(address);
        int nat = writer.BeginNested(13);
        writer.Attribute(1, address);
        writer.Attribute(2, address);
        int ports = writer.BeginNested(3);
        writer.U16Network(1, port);
        writer.U16Network(2, port);
        writer.EndNested(ports);
        writer.EndNested(nat);
    }

    private static void Tuple(ref NetlinkWriter writer, ushort type, Ip src, Ip dst, ushort sport, ushort dport)
    {
        Span<byte> address = stackalloc byte[4];
        int tuple = writer.BeginNested(type);
        int ip = writer.BeginNested(1);
        src.WriteBytes(address);
        writer.Attribute(1, address);
        dst.WriteBytes(address);
        writer.Attribute(2, address);
        writer.EndNested(ip);
        int proto = writer.BeginNested(2);
        writer.U8(1, Protocols.Tcp);
        writer.U16Network(2, sport);
        writer.U16Network(3, dport);
        writer.EndNested(proto);
        writer.EndNested(tuple);
    }
}
