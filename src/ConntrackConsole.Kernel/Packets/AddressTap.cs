using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Packets;

/// <summary>
/// Counts the packets of this network namespace with a given source or destination address, before any
/// translation on ingress: packet(7) with a filter in the kernel that passes nothing else. Needs CAP_NET_RAW.
/// </summary>
/// <remarks>
/// A packet that enters by one interface and leaves by another is counted twice, and packets that another namespace or an eBPF
/// program short-cuts are not seen: zero is meaningful, the exact number is not.
/// </remarks>
internal sealed unsafe class AddressTap : IDisposable
{
    private const ushort EthIp = 0x0800, EthIpV6 = 0x86DD;
    private const uint AdProtocol = 0xFFFFF000; // SKF_AD_OFF + SKF_AD_PROTOCOL
    private const int SnapLength = 64;

    private readonly SafeFileHandle _socket;
    private readonly Ip _address;

    private AddressTap(SafeFileHandle socket, Ip address)
    {
        _socket = socket;
        _address = address;
    }

    /// <summary>Packets from the address since the tap was opened.</summary>
    public long From { get; private set; }

    /// <summary>Packets to the address.</summary>
    public long To { get; private set; }

    /// <summary>Opens a tap in the calling thread's namespace.</summary>
    /// <returns>Null with the reason if it cannot be opened.</returns>
    public static AddressTap? TryOpen(Ip address, out string? why)
    {
        why = null;
        // Protocol 0: nothing is received before the filter is attached and bind sets a protocol.
        var socket = new SafeFileHandle(
            PacketNative.Socket(PacketNative.AF_PACKET, PacketNative.SOCK_DGRAM | PacketNative.SOCK_CLOEXEC, 0), ownsHandle: true);
        var error = socket.IsInvalid ? (Errno)Marshal.GetLastPInvokeError() : Attach(socket, address);
        if (error == Errno.Ok)
            return new AddressTap(socket, address);
        socket.Dispose();
        why = error is Errno.EPERM or Errno.EACCES
            ? "Packets cannot be observed: CAP_NET_RAW is missing."
            : $"Packets cannot be observed: the kernel refused a packet socket ({error.Describe()}).";
        return null;
    }

    /// <summary>Counts the packets that arrived since the last call. Never waits.</summary>
    public void Drain()
    {
        Span<byte> packet = stackalloc byte[SnapLength];
        fixed (byte* at = packet)
        {
            // Bounded, so that a flood cannot block the caller.
            for (int packets = 0; packets < 1_000_000; packets++)
            {
                nint length = PacketNative.ReceiveFrom(_socket, at, SnapLength, PacketNative.MSG_DONTWAIT, null, null);
                if (length < 0)
                    return;
                Count(packet[..(int)Math.Min(length, SnapLength)]);
            }
        }
    }

    /// <summary>Closes the socket.</summary>
    public void Dispose() => _socket.Dispose();

    private void Count(ReadOnlySpan<byte> packet)
    {
        int bytes = _address.Length, source = bytes == 4 ? 12 : 8;
        if (packet.Length < source + (2 * bytes))
            return;
        if (Ip.FromBytes(packet.Slice(source, bytes)) == _address)
            From++;
        else
            To++;
    }

    private static Errno Attach(SafeFileHandle socket, Ip address)
    {
        int queue = 1 << 20;
        _ = PacketNative.SetSockOpt(socket, PacketNative.SOL_SOCKET, PacketNative.SO_RCVBUF, &queue, sizeof(int));
        var code = Filter(address);
        fixed (BpfInstruction* at = code)
        {
            var program = new BpfProgram { Length = (ushort)code.Length, Instructions = at };
            if (PacketNative.SetSockOpt(socket, PacketNative.SOL_SOCKET, PacketNative.SO_ATTACH_FILTER, &program, (uint)sizeof(BpfProgram)) < 0)
                return (Errno)Marshal.GetLastPInvokeError();
        }

        // Every interface, every protocol.
        var any = new PacketNative.SockAddrLl
        {
            Family = PacketNative.AF_PACKET,
            ProtocolNetworkOrder = BinaryPrimitives.ReverseEndianness(PacketNative.ETH_P_ALL),
        };
        return PacketNative.Bind(socket, &any, (uint)sizeof(PacketNative.SockAddrLl)) < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.Ok;
    }

    // Classic BPF: the right family, then the words of the source, then those of the destination.
    private static BpfInstruction[] Filter(Ip address)
    {
        Span<byte> bytes = stackalloc byte[16];
        int words = address.WriteBytes(bytes) / 4;
        int source = words == 1 ? 12 : 8, destination = source + (4 * words);
        var code = new List<BpfInstruction> { Op(0x28, AdProtocol), Op(0x15, words == 1 ? EthIp : EthIpV6) };
        int pass = 2 + (4 * words) + 1, drop = pass - 1;
        code[1] = code[1] with { False = (byte)(drop - 2) };
        for (int word = 0; word < words; word++)
        {
            code.Add(Op(0x20, (uint)(source + (4 * word))));
            bool last = word == words - 1;
            int next = code.Count + 1, toDestination = 2 + (2 * words);
            code.Add(Op(0x15, Number(bytes, word), (byte)(last ? pass - next : 0), (byte)(toDestination - next)));
        }

        for (int word = 0; word < words; word++)
        {
            code.Add(Op(0x20, (uint)(destination + (4 * word))));
            bool last = word == words - 1;
            int next = code.Count + 1;
            code.Add(Op(0x15, Number(bytes, word), (byte)(last ? pass - next : 0), (byte)(drop - next)));
        }

        code.Add(Op(0x06, 0));
        code.Add(Op(0x06, SnapLength));
        return [.. code];
    }

    private static uint Number(ReadOnlySpan<byte> bytes, int word) =>
        BinaryPrimitives.ReadUInt32BigEndian(bytes[(4 * word)..]);

    private static BpfInstruction Op(ushort code, uint value, byte ifTrue = 0, byte ifFalse = 0) => new(code, ifTrue, ifFalse, value);
}
