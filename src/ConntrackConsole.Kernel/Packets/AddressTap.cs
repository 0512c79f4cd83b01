using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Wire;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Packets;

/// <summary>
/// Counts the packets of this network namespace that carry an address as their source or destination, before any
/// translation of the way in: packet(7) with a filter in the kernel that passes nothing else. Needs CAP_NET_RAW.
/// </summary>
/// <remarks>
/// A packet that comes in by one interface and leaves by another is counted twice, and what another namespace or an eBPF
/// program short-cuts is not seen: "none" means something, "how many" does not.
/// </remarks>
public sealed unsafe partial class AddressTap : IDisposable
{
    private const int AF_PACKET = 17, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x80000, SOL_SOCKET = 1, SO_ATTACH_FILTER = 26, SO_RCVBUF = 8;
    private const int MSG_DONTWAIT = 0x40;
    private const ushort EthIp = 0x0800, EthIpV6 = 0x86DD, EthAll = 3;
    private const uint AdProtocol = 0xFFFFF000; // SKF_AD_OFF + SKF_AD_PROTOCOL
    private const int Snap = 64;

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
    /// <returns>Null with the reason where the kernel gives none.</returns>
    public static AddressTap? TryOpen(Ip address, out string? why)
    {
        why = null;
        // Protocol 0: nothing is received before the filter is there and bind names a protocol.
        var socket = new SafeFileHandle(Socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ownsHandle: true);
        var error = socket.IsInvalid ? (Errno)Marshal.GetLastPInvokeError() : Attach(socket, address);
        if (error == Errno.Ok)
            return new AddressTap(socket, address);
        socket.Dispose();
        why = error is Errno.EPERM or Errno.EACCES
            ? "Packets are not seen: CAP_NET_RAW is missing."
            : $"Packets are not seen: the kernel gives no packet socket ({error.Describe()}).";
        return null;
    }

    /// <summary>Takes in what came since the last call. Never waits.</summary>
    public void Drain()
    {
        Span<byte> packet = stackalloc byte[Snap];
        fixed (byte* at = packet)
        {
            // Bounded, so that a flood cannot keep the caller here.
            for (int packets = 0; packets < 1_000_000; packets++)
            {
                nint length = Receive(_socket, at, Snap, MSG_DONTWAIT);
                if (length < 0)
                    return;
                Count(packet[..(int)Math.Min(length, Snap)]);
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
        _ = SetSockOpt(socket, SOL_SOCKET, SO_RCVBUF, &queue, sizeof(int));
        var code = Filter(address);
        fixed (Instruction* at = code)
        {
            var program = new Program { Length = (ushort)code.Length, Code = at };
            if (SetSockOpt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, (uint)sizeof(Program)) < 0)
                return (Errno)Marshal.GetLastPInvokeError();
        }

        Span<byte> to = stackalloc byte[20]; // struct sockaddr_ll: every interface, every protocol
        to.Clear();
        MemoryMarshal.Write(to, (ushort)AF_PACKET);
        to[3] = (byte)EthAll;
        fixed (byte* at = to)
            return Bind(socket, at, 20) < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.Ok;
    }

    // Classic BPF: the right family, then the words of the source, then those of the destination.
    private static Instruction[] Filter(Ip address)
    {
        Span<byte> bytes = stackalloc byte[16];
        int words = address.WriteBytes(bytes) / 4;
        int source = words == 1 ? 12 : 8, destination = source + (4 * words);
        var code = new List<Instruction> { new(0x28, AdProtocol), new(0x15, words == 1 ? EthIp : EthIpV6) };
        int pass = 2 + (4 * words) + 1, drop = pass - 1;
        code[1] = code[1] with { Else = (byte)(drop - 2) };
        for (int word = 0; word < words; word++)
        {
            code.Add(new(0x20, (uint)(source + (4 * word))));
            bool last = word == words - 1;
            int next = code.Count + 1, toDestination = 2 + (2 * words);
            code.Add(new(0x15, Number(bytes, word), (byte)(last ? pass - next : 0), (byte)(toDestination - next)));
        }

        for (int word = 0; word < words; word++)
        {
            code.Add(new(0x20, (uint)(destination + (4 * word))));
            bool last = word == words - 1;
            int next = code.Count + 1;
            code.Add(new(0x15, Number(bytes, word), (byte)(last ? pass - next : 0), (byte)(drop - next)));
        }

        code.Add(new(0x06, 0));
        code.Add(new(0x06, Snap));
        return [.. code];
    }

    private static uint Number(ReadOnlySpan<byte> bytes, int word) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes[(4 * word)..]);

    // struct sock_filter
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Instruction(ushort Code, byte Then, byte Else, uint Value)
    {
        public Instruction(ushort code, uint value, byte then = 0, byte @else = 0)
            : this(code, then, @else, value)
        {
        }
    }

    // struct sock_fprog
    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        public ushort Length;
        public Instruction* Code;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeHandle fd, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetSockOpt(SafeHandle fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeHandle fd, byte* buffer, nuint length, int flags);
}
