using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ConntrackConsole.Lab.Workload;

/// <summary>A connection's next sequence number in each direction.</summary>
internal readonly record struct TcpSequences(uint Send, uint Receive);

/// <summary>Reads a live connection's sequence numbers through TCP_REPAIR (needs CAP_NET_ADMIN).</summary>
internal static class TcpRepair
{
    private const int Level = 6; // IPPROTO_TCP
    private const int Repair = 19, RepairQueue = 20, QueueSequence = 21;
    private const int On = 1, OffNoWindowProbe = -1; // A probe on leaving would be a segment that the client sees.
    private const int ReceiveQueue = 1, SendQueue = 2;

    /// <summary>Nothing else may send on the socket during this call.</summary>
    /// <exception cref="SocketException">The connection is no longer established, or capabilities are missing.</exception>
    public static TcpSequences Read(Socket socket)
    {
        Set(socket, Repair, On);
        try
        {
            Set(socket, RepairQueue, SendQueue);
            uint send = Get(socket);
            Set(socket, RepairQueue, ReceiveQueue);
            return new TcpSequences(send, Get(socket));
        }
        finally
        {
            Set(socket, Repair, OffNoWindowProbe);
        }
    }

    private static void Set(Socket socket, int option, int value) =>
        socket.SetRawSocketOption(Level, option, MemoryMarshal.AsBytes<int>([value]));

    private static uint Get(Socket socket)
    {
        Span<byte> value = stackalloc byte[4];
        socket.GetRawSocketOption(Level, QueueSequence, value);
        return MemoryMarshal.Read<uint>(value);
    }
}
