using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Testing;

/// <summary>A TCP segment without data that was not sent by a socket.</summary>
internal static class TcpSegment
{
    public const byte Rst = 4, Ack = 16;

    /// <summary>Sends it through a raw socket of the calling thread's namespace.</summary>
    public static void Send(IPEndPoint from, IPEndPoint to, byte flags, uint sequence, uint acknowledged)
    {
        using var raw = new Socket(to.AddressFamily, SocketType.Raw, ProtocolType.Tcp);
        raw.Bind(new IPEndPoint(from.Address, 0));
        byte[] segment = new byte[20];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)to.Port);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), acknowledged);
        segment[12] = 5 << 4;
        segment[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), 1024);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), Checksum(from.Address, to.Address, segment));
        raw.SendTo(segment, new IPEndPoint(to.Address, 0));
    }

    /// <summary>The next sequence numbers that a connection's socket sends and expects (TCP_REPAIR, linux/tcp.h; needs CAP_NET_ADMIN).</summary>
    public static (uint Next, uint Expected) Numbers(Socket socket)
    {
        const int tcp = 6, repair = 19, repairQueue = 20, queueSequence = 21, receiveQueue = 1, sendQueue = 2, offWithoutProbe = -1;
        Set(repair, 1);
        var numbers = (Number(sendQueue), Number(receiveQueue));
        Set(repair, offWithoutProbe);
        return numbers;

        void Set(int option, int value) => socket.SetRawSocketOption(tcp, option, BitConverter.GetBytes(value));

        uint Number(int queue)
        {
            Set(repairQueue, queue);
            Span<byte> bytes = stackalloc byte[4];
            socket.GetRawSocketOption(tcp, queueSequence, bytes);
            return BitConverter.ToUInt32(bytes);
        }
    }

    private static ushort Checksum(IPAddress from, IPAddress to, byte[] segment)
    {
        uint sum = Protocols.Tcp + (uint)segment.Length;
        foreach (byte[] part in (byte[][])[from.GetAddressBytes(), to.GetAddressBytes(), segment])
        {
            for (int i = 0; i < part.Length; i += 2)
                sum += BinaryPrimitives.ReadUInt16BigEndian(part.AsSpan(i));
        }

        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }
}
