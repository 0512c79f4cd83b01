using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Packets;
using ConntrackConsole.Kernel.Routes;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>
/// The TCP resets of this node as packets, by one packet socket in its network namespace (CAP_NET_RAW). A reset counts
/// <list type="bullet">
/// <item>as <em>made</em> where it leaves its pod: on the pod's own cable, routed or a bridge's port;</item>
/// <item>as <em>received</em> where it arrives from elsewhere for an address of this node: on the hardware, or on a cable to
/// another node. Its maker's own node tells the same reset as made; a maker outside of the cluster has no node.</item>
/// </list>
/// Addresses are those before any translation on this node.
/// </summary>
/// <remarks>
/// Packets on their way out are not looked at: they are translated already, and a pod's reset to the world would look like
/// the node's own (masquerading). So resets that the node's own processes make are not seen, nor what stays inside a pod,
/// nor IPv6 with extension headers. Every packet that the node forwards costs about 0.4 µs more while this is open.
/// </remarks>
public sealed unsafe class PacketResets : IDisposable
{
    private const int QueueBytes = 4 * 1024 * 1024;
    private const int StatisticsEveryMs = 1000;

    // A stamp older than this is no stamp of a packet that just waited: the wall clock was set.
    private const long LongestWaitMs = 60_000;

    private readonly SafeFileHandle _socket;
    private readonly SafeFileHandle _wake = TraceNative.OpenEvent();
    private readonly Locality _locality;
    private readonly PodLeaves _leaves;
    private readonly ResetQueue _queue = new();
    private readonly Thread _reader;
    private volatile bool _stopping;

    private PacketResets(SafeFileHandle socket, Locality locality, PodLeaves leaves)
    {
        _socket = socket;
        _locality = locality;
        _leaves = leaves;
        _reader = new Thread(Read) { IsBackground = true, Name = "reset packets" };
    }

    /// <summary>Starts to listen in the calling thread's network namespace.</summary>
    /// <param name="locality">What counts as local. It stays the caller's, but only the reader uses it from now on.</param>
    /// <param name="resets">The source, or null.</param>
    /// <param name="why">Where there is none: one sentence with the reason and what would help.</param>
    public static bool TryOpen(Locality locality, [NotNullWhen(true)] out PacketResets? resets, [NotNullWhen(false)] out string? why)
    {
        ArgumentNullException.ThrowIfNull(locality);
        resets = null;
        why = null;
        // Protocol 0: deaf until it is bound, so that no packet comes before the filter.
        int fd = PacketNative.Socket(
            PacketNative.AF_PACKET, PacketNative.SOCK_DGRAM | PacketNative.SOCK_NONBLOCK | PacketNative.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            why = TraceNative.LastError is Errno.EPERM or Errno.EACCES
                ? "No permission for packet sockets: run as root or give the program CAP_NET_RAW."
                : $"This kernel gives no packet socket: {TraceNative.LastError.Describe()}.";
            return false;
        }

        var socket = new SafeFileHandle(fd, ownsHandle: true);
        try
        {
            if (Configure(socket))
            {
                resets = new PacketResets(socket, locality, new PodLeaves());
                resets._reader.Start();
                return true;
            }

            why = $"The packet socket cannot be set up: {TraceNative.LastError.Describe()}.";
        }
        catch (NetlinkException failure)
        {
            why = failure.Message;
        }

        socket.Dispose();
        return false;
    }

    /// <summary>Takes what came since the last call, oldest first.</summary>
    /// <returns>How many were written; as many as fit, so call again while it equals the length.</returns>
    public int Drain(Span<ResetRecord> into) => _queue.Drain(into);

    /// <summary>Resets that the kernel or the queue had no room for since the last call. Not 0 = a gap.</summary>
    public long TakeLost() => _queue.TakeLost();

    /// <summary>Stops to listen.</summary>
    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        _ = TraceNative.SignalEvent(_wake, 1);
        _reader.Join();
        _socket.Dispose();
        _wake.Dispose();
        _leaves.Dispose();
    }

    private static bool Configure(SafeFileHandle socket)
    {
        int queue = QueueBytes, one = 1;
        // Both are better to have, and all is right without: a smaller queue loses earlier and says so, and the filter
        // itself refuses outgoing packets.
        _ = PacketNative.SetSockOpt(socket, PacketNative.SOL_SOCKET, PacketNative.SO_RCVBUFFORCE, &queue, sizeof(int));
        _ = PacketNative.SetSockOpt(socket, PacketNative.SOL_PACKET, PacketNative.PACKET_IGNORE_OUTGOING, &one, sizeof(int));
        fixed (BpfInstruction* instructions = PacketFilter.Program)
        {
            var program = new BpfProgram { Length = (ushort)PacketFilter.Program.Length, Instructions = instructions };
            if (PacketNative.SetSockOpt(socket, PacketNative.SOL_SOCKET, PacketNative.SO_ATTACH_FILTER, &program, (uint)sizeof(BpfProgram)) < 0)
                return false;
        }

        _ = PacketNative.TryLastStamp(socket, out _); // From now on packets are stamped.
        // ETH_P_ALL: with ETH_P_IP the packets of bridged pods show on the bridge only.
        var any = new PacketNative.SockAddrLl
        {
            Family = PacketNative.AF_PACKET,
            ProtocolNetworkOrder = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(PacketNative.ETH_P_ALL),
        };
        return PacketNative.Bind(socket, &any, (uint)sizeof(PacketNative.SockAddrLl)) >= 0;
    }

    private void Read()
    {
        byte* packet = stackalloc byte[ResetPacket.Enough];
        Span<LibC.PollFd> waiting =
        [
            new() { Fd = (int)_socket.DangerousGetHandle(), Events = LibC.POLLIN },
            new() { Fd = (int)_wake.DangerousGetHandle(), Events = LibC.POLLIN },
        ];
        while (!_stopping)
        {
            _ = LibC.Poll(waiting, StatisticsEveryMs);
            while (!_stopping)
            {
                var from = default(PacketNative.SockAddrLl);
                uint fromLength = (uint)sizeof(PacketNative.SockAddrLl);
                nint length = PacketNative.ReceiveFrom(_socket, packet, ResetPacket.Enough, 0, &from, &fromLength);
                if (length >= 0)
                    Judge(new ReadOnlySpan<byte>(packet, (int)length), in from, CameMs());
                else if (TraceNative.LastError is not (Errno.EINTR or Errno.ENETDOWN))
                    break; // EAGAIN: all read. ENETDOWN tells that some interface went, and nothing of ours.
            }

            CountDrops();
        }
    }

    // The kernel's own stamp: where this thread had to wait for its turn, its clock says when it read the packet, and the
    // same reset, told by a tracepoint or by the other node, would look like another one.
    private long CameMs()
    {
        long nowMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        return PacketNative.TryLastStamp(_socket, out long cameMs) && cameMs <= nowMs && cameMs > nowMs - LongestWaitMs ? cameMs : nowMs;
    }

    private void Judge(ReadOnlySpan<byte> bytes, in PacketNative.SockAddrLl from, long atMs)
    {
        if (!ResetPacket.TryParse(bytes, out var packet) || packet.Src.IsLoopback || packet.Dst.IsLoopback)
            return;
        bool received;
        switch (_leaves.Of((uint)from.Interface))
        {
            case Leaf.BridgePort: // Only pods hang on such a bridge, whatever source the packet claims.
                received = false;
                break;
            case Leaf.Cable when _locality.IsLocal(packet.Src):
                received = false;
                break;
            case Leaf.Cable or Leaf.Hardware when from.PacketType == PacketNative.PACKET_HOST && _locality.IsLocal(packet.Dst):
                received = true;
                break;
            default:
                return; // lo, bridges, tunnels and what only passes: seen at a leaf as well.
        }

        _queue.Add(new ResetRecord(
            atMs, received, packet.Src, packet.Sport, packet.Dst, packet.Dport, TcpState.Unknown, 0, ResetOrigin.Packet, packet.Sequence));
    }

    private void CountDrops()
    {
        var statistics = default(PacketNative.Statistics);
        uint length = (uint)sizeof(PacketNative.Statistics);
        // Reading sets the kernel's counters back.
        if (PacketNative.GetSockOpt(_socket, PacketNative.SOL_PACKET, PacketNative.PACKET_STATISTICS, &statistics, &length) == 0
            && statistics.Drops != 0)
        {
            _queue.AddLost(statistics.Drops);
        }
    }
}
