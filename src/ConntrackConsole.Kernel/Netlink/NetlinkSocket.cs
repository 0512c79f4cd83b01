using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ConntrackConsole.Kernel.Netlink;

/// <summary>Netlink families that this library speaks (linux/netlink.h).</summary>
public enum NetlinkFamily
{
    /// <summary>Links, addresses, routes.</summary>
    Route = 0,
    /// <summary>conntrack and nftables.</summary>
    Netfilter = 12,
    /// <summary>Families that have a name instead of a number: IPVS.</summary>
    Generic = 16,
}

/// <summary>What a receive brought.</summary>
public enum ReceiveOutcome
{
    /// <summary>A datagram.</summary>
    Data,
    /// <summary>Nothing within the time.</summary>
    Timeout,
    /// <summary>The kernel dropped messages for this socket since the last receive (ENOBUFS, told once; delivery goes on).</summary>
    Overrun,
}

/// <summary>
/// A netlink socket of the network namespace of the thread that opened it, with one reused receive buffer. Not for use by
/// two threads at once.
/// </summary>
public sealed unsafe class NetlinkSocket : IDisposable
{
    // The kernel fills dump datagrams up to the size of the largest buffer it has seen, 32 KiB at most.
    private const int BufferLength = 64 * 1024;

    private readonly SafeSocketHandle _handle;
    private NetlinkBatch? _batch;
    private readonly byte[] _buffer;
    private uint _sequence;

    private NetlinkSocket(SafeSocketHandle handle, NetlinkFamily family, uint portId, int bufferLength)
    {
        _buffer = GC.AllocateUninitializedArray<byte>(bufferLength, pinned: true);
        _handle = handle;
        Family = family;
        PortId = portId;
    }

    /// <summary>The family.</summary>
    public NetlinkFamily Family { get; }

    /// <summary>The port that the kernel gave this socket: events caused by our own requests carry it.</summary>
    public uint PortId { get; }

    /// <summary>Opens and binds a socket.</summary>
    /// <param name="family">The family.</param>
    /// <param name="bufferLength">Bytes of the longest datagram; a dump needs the whole of the default.</param>
    /// <exception cref="NetlinkException">The kernel refused (no netlink of this family, no descriptor left).</exception>
    public static NetlinkSocket Open(NetlinkFamily family, int bufferLength = BufferLength)
    {
        int fd = LibC.Socket(LibC.AF_NETLINK, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, (int)family);
        if (fd < 0)
            throw Failed("open a netlink socket");
        var handle = new SafeSocketHandle(fd, ownsHandle: true);
        var address = new LibC.SockAddrNl { Family = LibC.AF_NETLINK };
        uint length = (uint)sizeof(LibC.SockAddrNl);
        int one = 1;
        if (LibC.Bind(handle, &address, length) < 0 || LibC.GetSockName(handle, &address, &length) < 0)
        {
            var failure = Failed("bind a netlink socket");
            handle.Dispose();
            throw failure;
        }

        // Both only make errors tell more; kernels before 4.12 lack them and are right without.
        _ = LibC.SetSockOpt(handle, LibC.SOL_NETLINK, LibC.NETLINK_EXT_ACK, &one, sizeof(int));
        _ = LibC.SetSockOpt(handle, LibC.SOL_NETLINK, LibC.NETLINK_CAP_ACK, &one, sizeof(int));
        return new NetlinkSocket(handle, family, address.PortId, bufferLength);
    }

    /// <summary>Joins a multicast group (NFNLGRP_* or RTNLGRP_*).</summary>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN.</exception>
    public void Join(int group)
    {
        if (LibC.SetSockOpt(_handle, LibC.SOL_NETLINK, LibC.NETLINK_ADD_MEMBERSHIP, &group, sizeof(int)) < 0)
            throw Failed($"join netlink group {group}");
    }

    /// <summary>
    /// Sets the receive queue's limit in bytes (the kernel doubles it for its own overhead). With CAP_NET_ADMIN beyond
    /// net.core.rmem_max, without it up to that.
    /// </summary>
    public void SetReceiveQueue(int bytes)
    {
        if (LibC.SetSockOpt(_handle, LibC.SOL_SOCKET, LibC.SO_RCVBUFFORCE, &bytes, sizeof(int)) < 0)
            _ = LibC.SetSockOpt(_handle, LibC.SOL_SOCKET, LibC.SO_RCVBUF, &bytes, sizeof(int));
    }

    /// <summary>A number for the next request, never 0 (which events carry).</summary>
    public uint NextSequence() => ++_sequence == 0 ? ++_sequence : _sequence;

    /// <summary>Sends one datagram of one or more messages to the kernel.</summary>
    /// <exception cref="NetlinkException">The kernel did not take it.</exception>
    public void Send(ReadOnlySpan<byte> messages)
    {
        var kernel = new LibC.SockAddrNl { Family = LibC.AF_NETLINK };
        fixed (byte* bytes = messages)
        {
            while (LibC.SendTo(_handle, bytes, (nuint)messages.Length, 0, &kernel, (uint)sizeof(LibC.SockAddrNl)) < 0)
            {
                if (Marshal.GetLastPInvokeError() != (int)Errno.EINTR)
                    throw Failed("send a netlink request");
            }
        }
    }

    /// <summary>Receives one datagram of the kernel's.</summary>
    /// <param name="timeoutMs">How long to wait, in milliseconds; 0 = not at all, -1 = for ever.</param>
    /// <param name="datagram">The bytes, valid until the next receive.</param>
    /// <exception cref="NetlinkException">The socket failed.</exception>
    public ReceiveOutcome Receive(int timeoutMs, out ReadOnlySpan<byte> datagram)
    {
        datagram = default;
        while (true)
        {
            var sender = default(LibC.SockAddrNl);
            uint senderLength = (uint)sizeof(LibC.SockAddrNl);
            nint length;
            fixed (byte* bytes = _buffer)
                length = LibC.ReceiveFrom(_handle, bytes, (nuint)_buffer.Length, LibC.MSG_DONTWAIT | LibC.MSG_TRUNC, &sender, &senderLength);
            if (length >= 0)
            {
                if (sender.PortId != 0)
                    continue; // Another process may write to our port; only the kernel (port 0) is believed.
                if (length > _buffer.Length)
                    throw new NetlinkException(Errno.Ok, $"A netlink datagram of {length} bytes does not fit into {_buffer.Length}.");
                datagram = _buffer.AsSpan(0, (int)length);
                return ReceiveOutcome.Data;
            }

            if (NothingReceived(timeoutMs) is { } outcome)
                return outcome;
        }
    }

    /// <summary>
    /// Receives as many datagrams as are there, up to <see cref="NetlinkBatch.Capacity"/>, with one call of the kernel. For
    /// small datagrams: events and acknowledgements. A dump's come with <see cref="Receive"/>.
    /// </summary>
    /// <param name="timeoutMs">As for <see cref="Receive"/>.</param>
    /// <param name="batch">The datagrams, valid until the next call; empty unless the outcome is <see cref="ReceiveOutcome.Data"/>.</param>
    /// <exception cref="NetlinkException">The socket failed.</exception>
    public ReceiveOutcome ReceiveMany(int timeoutMs, out NetlinkBatch batch)
    {
        batch = _batch ??= new NetlinkBatch();
        while (true)
        {
            if (batch.Fill((int)_handle.DangerousGetHandle()))
                return batch.IsCut ? ReceiveOutcome.Overrun : ReceiveOutcome.Data;
            if (NothingReceived(timeoutMs) is { } outcome)
                return outcome;
        }
    }

    /// <summary>What a receive that gave nothing means; null = try again, now that there may be something.</summary>
    private ReceiveOutcome? NothingReceived(int timeoutMs)
    {
        switch ((Errno)Marshal.GetLastPInvokeError())
        {
            case Errno.EINTR:
                return null;
            case Errno.ENOBUFS:
                return ReceiveOutcome.Overrun;
            case Errno.EAGAIN:
                return timeoutMs == 0 || !WaitReadable(timeoutMs) ? ReceiveOutcome.Timeout : null;
            default:
                throw Failed("receive from a netlink socket");
        }
    }

    private bool WaitReadable(int timeoutMs)
    {
        var poll = new LibC.PollFd { Fd = (int)_handle.DangerousGetHandle(), Events = LibC.POLLIN };
        int ready = LibC.Poll(new Span<LibC.PollFd>(ref poll), timeoutMs);
        if (ready == 0)
            return false;
        // After a signal the caller's own clock decides whether to wait on.
        return ready > 0 || timeoutMs < 0 || Marshal.GetLastPInvokeError() != (int)Errno.EINTR;
    }

    /// <summary>Sends a request and walks its answer; see <see cref="NetlinkAnswer"/>.</summary>
    /// <param name="request">One message whose sequence number came from <see cref="NextSequence"/>.</param>
    public NetlinkAnswer Query(ReadOnlySpan<byte> request)
    {
        Send(request);
        return new NetlinkAnswer(this, MemoryMarshal.Read<uint>(request[8..]));
    }

    /// <summary>Sends a request with <see cref="NetlinkFlags.Ack"/> and waits for the acknowledgement.</summary>
    /// <exception cref="NetlinkException">The kernel refused; the message is the kernel's own where it gave one.</exception>
    public void Execute(ReadOnlySpan<byte> request)
    {
        var error = TryExecute(request);
        if (error != Errno.Ok)
            throw new NetlinkException(error, $"The kernel refused a netlink request: {error.Describe()}.");
    }

    /// <summary>As <see cref="Execute"/>, but gives the kernel's error back instead of throwing.</summary>
    public Errno TryExecute(ReadOnlySpan<byte> request)
    {
        var answer = Query(request);
        while (answer.MoveNext())
        {
        }

        return answer.Error;
    }

    /// <summary>Closes the socket.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        _batch = null;
    }

    private static NetlinkException Failed(string what)
    {
        var errno = (Errno)Marshal.GetLastPInvokeError();
        return new NetlinkException(errno, $"Cannot {what}: {errno.Describe()}.");
    }
}
