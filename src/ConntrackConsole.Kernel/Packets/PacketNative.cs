using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Packets;

/// <summary>System calls and constants of packet sockets (linux/if_packet.h), which the base class library does not support.</summary>
internal static unsafe partial class PacketNative
{
    public const int AF_PACKET = 17;
    public const int SOCK_DGRAM = 2;
    public const int SOCK_NONBLOCK = 0x800;
    public const int SOCK_CLOEXEC = 0x80000;
    public const int MSG_DONTWAIT = 0x40;
    public const ushort ETH_P_ALL = 3;
    public const byte PACKET_HOST = 0;
    public const int SOL_SOCKET = 1;
    public const int SO_RCVBUF = 8;
    public const int SO_RCVBUFFORCE = 33;
    public const int SO_ATTACH_FILTER = 26;
    public const int SOL_PACKET = 263;
    public const int PACKET_STATISTICS = 6;
    public const int PACKET_IGNORE_OUTGOING = 23; // 4.20

    // SIOCGSTAMPNS_NEW (linux/sockios.h, 5.1): two 64-bit numbers on every architecture.
    private const nuint SIOCGSTAMPNS = 0x80108907;

    [StructLayout(LayoutKind.Sequential)]
    public struct SockAddrLl
    {
        public ushort Family;
        public ushort ProtocolNetworkOrder;
        public int Interface;
        public ushort HardwareType;
        public byte PacketType;
        public byte AddressLength;
        public ulong Address;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Statistics
    {
        public uint Packets;
        public uint Drops;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(SafeFileHandle socket, SockAddrLl* address, uint length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSockOpt(SafeFileHandle socket, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetSockOpt(SafeFileHandle socket, int level, int name, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "recvfrom", SetLastError = true)]
    public static partial nint ReceiveFrom(SafeFileHandle socket, byte* buffer, nuint length, int flags, SockAddrLl* from, uint* fromLength);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoCtl(SafeFileHandle socket, nuint request, void* argument);

    /// <summary>
    /// Arrival time of the packet received last, in milliseconds of Unix time. The first call enables
    /// timestamping, so call it once before the first packet.
    /// </summary>
    /// <returns>False if there is no timestamp: no packet was received, or the kernel is older than 5.1.</returns>
    public static bool TryLastStamp(SafeFileHandle socket, out long unixMs)
    {
        long* time = stackalloc long[2];
        bool hasStamp = IoCtl(socket, SIOCGSTAMPNS, time) == 0;
        unixMs = hasStamp ? (time[0] * 1000) + (time[1] / 1_000_000) : 0;
        return hasStamp;
    }
}
