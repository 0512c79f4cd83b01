using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ConntrackConsole.Kernel.Netlink;

/// <summary>Netlink families supported by this library (linux/netlink.h).</summary>
internal enum NetlinkFamily
{
    /// <summary>Links, addresses, routes.</summary>
    Route = 0,
    /// <summary>conntrack and nftables.</summary>
    Netfilter = 12,
    /// <summary>Families with a name instead of a number, such as IPVS.</summary>
    Generic = 16,
}

/// <summary>Outcome of a receive.</summary>
internal enum ReceiveOutcome
{
    /// <summary>A datagram.</summary>
    Data,
    /// <summary>Nothing arrived within the timeout.</summary>
    Timeout,
    /// <summary>The kernel dropped messages for this socket since the last receive (ENOBUFS, reported once; delivery continues).</summary>
    Overrun,
}

/// <summary>
/// A netlink socket of the network namespace of the thread that opened it, with one reused receive buffer. Not
/// thread-safe.
/// </summary>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    // The kernel fills dump datagrams up to the size of the largest buffer it has seen, at most 32 KiB.
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

    /// <summary>The port that the kernel assigned to this socket: events caused by its requests carry it.</summary>
    public uint PortId { get; }

    /// <summary>Opens and binds a socket.</summary>
    /// <param name="family">The family.</param>
    /// <param name="bufferLength">Maximum datagram length in bytes; a dump needs the whole default.</param>
    /// <exception cref="NetlinkException">The kernel refused (family not supported, no descriptor left).</exception>
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

        // Both only add detail to errors; kernels before 4.12 lack them, which is harmless.
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
    /// Sets the receive queue's limit in bytes (the kernel doubles it for its own overhead). With CAP_NET_ADMIN it may exceed
    /// net.core.rmem_max; without, it is capped there.
    /// </summary>
    public void SetReceiveQueue(int bytes)
    {
        if (LibC.SetSockOpt(_handle, LibC.SOL_SOCKET, LibC.SO_RCVBUFFORCE, &bytes, sizeof(int)) < 0)
            _ = LibC.SetSockOpt(_handle, LibC.SOL_SOCKET, LibC.SO_RCVBUF, &bytes, sizeof(int));
    }

    /// <summary>The next request's sequence number, never 0 (which events carry).</summary>
    public uint NextSequence() => ++_sequence == 0 ? ++_sequence : _sequence;

    /// <summary>Sends one datagram of one or more messages to the kernel.</summary>
    /// <exception cref="NetlinkException">The kernel rejected it.</exception>
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

    /// <summary>Receives one datagram from the kernel.</summary>
    /// <param name="timeoutMs">Maximum wait in milliseconds; 0 = do not wait, -1 = no limit.</param>
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
                    continue; // Another process may write to our port; only the kernel (port 0) is trusted.
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
    /// Receives the queued datagrams, up to <see cref="NetlinkBatch.Capacity"/>, with one system call. For
    /// small datagrams: events and acknowledgements. Use <see cref="Receive"/> for dumps.
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

    /// <summary>Interprets a receive that returned nothing; null = try again, data may have arrived.</summary>
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
        // After a signal the caller's own clock decides whether to continue waiting.
        return ready > 0 || timeoutMs < 0 || Marshal.GetLastPInvokeError() != (int)Errno.EINTR;
    }

    /// <summary>Sends a request and enumerates its reply; see <see cref="NetlinkAnswer"/>.</summary>
    /// <param name="request">One message with a sequence number from <see cref="NextSequence"/>.</param>
    public NetlinkAnswer Query(ReadOnlySpan<byte> request)
    {
        Send(request);
        return new NetlinkAnswer(this, MemoryMarshal.Read<uint>(request[8..]));
    }

    /// <summary>Sends a request with <see cref="NetlinkFlags.Ack"/> and waits for the acknowledgement.</summary>
    /// <exception cref="NetlinkException">The kernel refused; the message is the kernel's own if it sent one.</exception>
    public void Execute(ReadOnlySpan<byte> request)
    {
        var error = TryExecute(request);
        if (error != Errno.Ok)
            throw new NetlinkException(error, $"The kernel refused a netlink request: {error.Describe()}.");
    }

    /// <summary>As <see cref="Execute"/>, but returns the kernel's error instead of throwing.</summary>
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
