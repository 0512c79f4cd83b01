using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ConntrackConsole.Lab.Workload;

/// <summary>
/// One TCP segment far beyond the client's window, sent outside of the connection's socket by a raw socket (mechanism M1): conntrack
/// marks it INVALID and does not translate it back, so the client receives a packet of an unknown connection, from the pod's own
/// address, and resets it. The same raw socket receives the resets.
/// </summary>
internal sealed class BadSegment : IDisposable
{
    private const int IpHeader = 20, TcpHeader = 20;
    private const uint BeyondAnyWindow = 1u << 29; // windows are below 2^30; sequence numbers compare within 2^31
    private const byte FlagReset = 0x04, FlagPush = 0x08, FlagAck = 0x10;

    private readonly IPEndPoint _from;
    private readonly IPEndPoint _to;
    private readonly Socket _socket;
    private uint _acknowledged;

    public BadSegment(IPEndPoint from, IPEndPoint to)
    {
        _from = from;
        _to = to;
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Tcp) { ReceiveTimeout = 100 };
        _socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded, true);
        _socket.Bind(new IPEndPoint(from.Address, 0));
    }

    public void Send(TcpSequences sequences)
    {
        _acknowledged = sequences.Receive;
        _socket.SendTo(Encode(_from, _to, sequences.Send + BeyondAnyWindow, sequences.Receive), new IPEndPoint(_to.Address, 0));
    }

    /// <summary>Counts the resets that answer the segment: a reset has the sequence number that the segment acknowledged.</summary>
    public Task<int> CountResetsAsync(TimeSpan time) => Task.Run(() =>
    {
        byte[] packet = new byte[2048];
        int resets = 0;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < time;)
        {
            int length;
            try
            {
                length = _socket.Receive(packet);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
                continue;
            }

            if (IsAnswer(packet.AsSpan(0, length)))
                resets++;
        }

        return resets;
    });

    public void Dispose() => _socket.Dispose();

    /// <summary>The whole IPv4 packet.</summary>
    internal static byte[] Encode(IPEndPoint from, IPEndPoint to, uint sequence, uint acknowledge)
    {
        ReadOnlySpan<byte> data = "beyond the window\n"u8;
        byte[] packet = new byte[IpHeader + TcpHeader + data.Length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[8] = 64; // hops
        packet[9] = 6;  // TCP; the kernel fills in identification and checksum of the IP header
        from.Address.TryWriteBytes(packet.AsSpan(12), out _);
        to.Address.TryWriteBytes(packet.AsSpan(16), out _);
        var tcp = packet.AsSpan(IpHeader);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], (ushort)to.Port);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], acknowledge);
        tcp[12] = TcpHeader / 4 << 4;
        tcp[13] = FlagPush | FlagAck;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], 512);
        data.CopyTo(tcp[TcpHeader..]);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], Checksum(packet));
        return packet;
    }

    // RFC 9293 3.1: over a pseudo header of addresses, protocol and length, and the segment with a checksum of zero.
    private static ushort Checksum(ReadOnlySpan<byte> packet)
    {
        var tcp = packet[IpHeader..];
        uint sum = 6 + (uint)tcp.Length;
        for (int at = 12; at < IpHeader; at += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
        for (int at = 0; at < tcp.Length; at += 2)
            sum += at + 1 < tcp.Length ? BinaryPrimitives.ReadUInt16BigEndian(tcp[at..]) : (uint)tcp[at] << 8;
        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }

    private bool IsAnswer(ReadOnlySpan<byte> packet)
    {
        int header = (packet[0] & 15) * 4;
        if (packet.Length < header + TcpHeader || new IPAddress(packet.Slice(12, 4)).Equals(_to.Address) == false)
            return false;
        var tcp = packet[header..];
        return (tcp[13] & FlagReset) != 0
            && BinaryPrimitives.ReadUInt16BigEndian(tcp) == _to.Port
            && BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]) == _from.Port
            && BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]) == _acknowledged;
    }
}
