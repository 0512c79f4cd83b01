using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Packets;
using ConntrackConsole.Kernel.Routes;
using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>
/// The TCP resets of this node as packets, from one packet socket in its network namespace (CAP_NET_RAW). A reset counts
/// <list type="bullet">
/// <item>as <em>sent</em> when it leaves its pod: on the pod's veth, routed or a bridge port;</item>
/// <item>as <em>received</em> when it arrives from elsewhere for an address of this node: on the hardware, or on a link to
/// another node. The sender's own node records the same reset as sent; a sender outside of the cluster has no node.</item>
/// </list>
/// Addresses are those before any translation on this node.
/// </summary>
/// <remarks>
/// Outgoing packets are ignored: they are already translated, and a pod's reset to an external address would look like
/// the node's own (masquerading). So resets sent by the node's own processes are not seen, nor resets inside a pod,
/// nor IPv6 with extension headers. Every packet that the node forwards costs about 0.4 µs more while this is open.
/// </remarks>
internal sealed unsafe class PacketResets : IDisposable
{
    private const int QueueBytes = 4 * 1024 * 1024;
    private const int StatisticsIntervalMs = 1000;

    // An older timestamp is not the queueing delay of a packet: the wall clock was set.
    private const long MaxQueueDelayMs = 60_000;

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

    /// <summary>Starts listening in the calling thread's network namespace.</summary>
    /// <param name="locality">Decides what is local. The caller keeps ownership, but only the reader may use it from now on.</param>
    /// <param name="resets">The source, or null.</param>
    /// <param name="why">If it cannot be opened: one sentence with the reason and what to do.</param>
    public static bool TryOpen(Locality locality, [NotNullWhen(true)] out PacketResets? resets, [NotNullWhen(false)] out string? why)
    {
        ArgumentNullException.ThrowIfNull(locality);
        resets = null;
        why = null;
        // Protocol 0: receives nothing until it is bound, so that no packet arrives before the filter is attached.
        int fd = PacketNative.Socket(
            PacketNative.AF_PACKET, PacketNative.SOCK_DGRAM | PacketNative.SOCK_NONBLOCK | PacketNative.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            why = TraceNative.LastError is Errno.EPERM or Errno.EACCES
                ? "No permission for packet sockets: run as root or grant CAP_NET_RAW."
                : $"The kernel refused a packet socket: {TraceNative.LastError.Describe()}.";
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

    /// <summary>Returns what arrived since the last call, oldest first.</summary>
    /// <returns>The number written, limited by the length: call again while it equals the length.</returns>
    public int Drain(Span<ResetRecord> into) => _queue.Drain(into);

    /// <summary>Resets lost since the last call because the kernel's or our queue was full. Not 0 = a gap.</summary>
    public long TakeLost() => _queue.TakeLost();

    /// <summary>Stops listening.</summary>
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
        // Both are optional: a smaller queue overflows earlier and reports the loss, and the filter
        // itself rejects outgoing packets.
        _ = PacketNative.SetSockOpt(socket, PacketNative.SOL_SOCKET, PacketNative.SO_RCVBUFFORCE, &queue, sizeof(int));
        _ = PacketNative.SetSockOpt(socket, PacketNative.SOL_PACKET, PacketNative.PACKET_IGNORE_OUTGOING, &one, sizeof(int));
        fixed (BpfInstruction* instructions = PacketFilter.Program)
        {
            var program = new BpfProgram { Length = (ushort)PacketFilter.Program.Length, Instructions = instructions };
            if (PacketNative.SetSockOpt(socket, PacketNative.SOL_SOCKET, PacketNative.SO_ATTACH_FILTER, &program, (uint)sizeof(BpfProgram)) < 0)
                return false;
        }

        _ = PacketNative.TryLastStamp(socket, out _); // Enables timestamps from now on.
        // ETH_P_ALL: with ETH_P_IP the packets of bridged pods appear only on the bridge.
        var any = new PacketNative.SockAddrLl
        {
            Family = PacketNative.AF_PACKET,
            ProtocolNetworkOrder = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(PacketNative.ETH_P_ALL),
        };
        return PacketNative.Bind(socket, &any, (uint)sizeof(PacketNative.SockAddrLl)) >= 0;
    }

    private void Read()
    {
        byte* packet = stackalloc byte[ResetPacket.SnapLength];
        Span<LibC.PollFd> waiting =
        [
            new() { Fd = (int)_socket.DangerousGetHandle(), Events = LibC.POLLIN },
            new() { Fd = (int)_wake.DangerousGetHandle(), Events = LibC.POLLIN },
        ];
        while (!_stopping)
        {
            _ = LibC.Poll(waiting, StatisticsIntervalMs);
            while (!_stopping)
            {
                var from = default(PacketNative.SockAddrLl);
                uint fromLength = (uint)sizeof(PacketNative.SockAddrLl);
                nint length = PacketNative.ReceiveFrom(_socket, packet, ResetPacket.SnapLength, 0, &from, &fromLength);
                if (length >= 0)
                    Classify(new ReadOnlySpan<byte>(packet, (int)length), in from, ArrivalMs());
                else if (TraceNative.LastError is not (Errno.EINTR or Errno.ENETDOWN))
                    break; // EAGAIN: all read. ENETDOWN: some interface went down, which does not affect this socket.
            }

            CountDrops();
        }
    }

    // Use the kernel's timestamp: if this thread was scheduled late, its clock shows when it read the packet, and the
    // same reset, reported by a tracepoint or by the other node, would look like a different one.
    private long ArrivalMs()
    {
        long nowMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        return PacketNative.TryLastStamp(_socket, out long arrivalMs) && arrivalMs <= nowMs && arrivalMs > nowMs - MaxQueueDelayMs ? arrivalMs : nowMs;
    }

    private void Classify(ReadOnlySpan<byte> bytes, in PacketNative.SockAddrLl from, long atMs)
    {
        if (!ResetPacket.TryParse(bytes, out var packet) || packet.Src.IsLoopback || packet.Dst.IsLoopback)
            return;
        bool received;
        switch (_leaves.Of((uint)from.Interface))
        {
            case Leaf.BridgePort: // Only pods are attached to such a bridge, whatever source the packet claims.
                received = false;
                break;
            case Leaf.PodLink when _locality.IsLocal(packet.Src):
                received = false;
                break;
            case Leaf.PodLink or Leaf.Hardware when from.PacketType == PacketNative.PACKET_HOST && _locality.IsLocal(packet.Dst):
                received = true;
                break;
            default:
                return; // lo, bridges, tunnels and transit traffic: also seen at a leaf.
        }

        _queue.Add(new ResetRecord(
            atMs, received, packet.Src, packet.Sport, packet.Dst, packet.Dport, TcpState.Unknown, 0, ResetOrigin.Packet, packet.Sequence));
    }

    private void CountDrops()
    {
        var statistics = default(PacketNative.Statistics);
        uint length = (uint)sizeof(PacketNative.Statistics);
        // Reading resets the kernel's counters.
        if (PacketNative.GetSockOpt(_socket, PacketNative.SOL_PACKET, PacketNative.PACKET_STATISTICS, &statistics, &length) == 0
            && statistics.Drops != 0)
        {
            _queue.AddLost(statistics.Drops);
        }
    }
}
