using System.Runtime.InteropServices;

namespace ConntrackConsole.Kernel.Netlink;

/// <summary>
/// Buffers for many small datagrams that one recvmmsg(2) fills. At 200,000 events per second the calls themselves are most of
/// the cost: a batch halves it.
/// </summary>
internal sealed unsafe class NetlinkBatch
{
    /// <summary>Maximum number of datagrams per call.</summary>
    public const int Capacity = 64;

    // An event has some 200 bytes, 700 with labels, security context and NAT sequence adjustment.
    private const int SlotLength = 2048;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Capacity * SlotLength, pinned: true);
    private readonly LibC.MMsgHdr[] _headers = GC.AllocateArray<LibC.MMsgHdr>(Capacity, pinned: true);
    private readonly LibC.IoVec[] _vectors = GC.AllocateArray<LibC.IoVec>(Capacity, pinned: true);
    private readonly LibC.SockAddrNl[] _senders = GC.AllocateArray<LibC.SockAddrNl>(Capacity, pinned: true);

    internal NetlinkBatch()
    {
        for (int index = 0; index < Capacity; index++)
        {
            _vectors[index] = new LibC.IoVec
            {
                Base = (void*)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, index * SlotLength),
                Length = SlotLength,
            };
            _headers[index].Header = new LibC.MsgHdr
            {
                Name = (void*)Marshal.UnsafeAddrOfPinnedArrayElement(_senders, index),
                NameLength = (uint)sizeof(LibC.SockAddrNl),
                Iov = (LibC.IoVec*)Marshal.UnsafeAddrOfPinnedArrayElement(_vectors, index),
                IovCount = 1,
            };
        }
    }

    /// <summary>Number of datagrams received.</summary>
    public int Count { get; private set; }

    /// <summary>True if a datagram was longer than its buffer, so that a message of it is lost.</summary>
    internal bool IsCut { get; private set; }

    /// <summary>A datagram; empty if it did not come from the kernel, as such a datagram is not trusted.</summary>
    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return _senders[index].PortId != 0
                ? default
                : _bytes.AsSpan(index * SlotLength, (int)Math.Min(_headers[index].Length, SlotLength));
        }
    }

    internal bool Fill(int fd)
    {
        Count = 0;
        IsCut = false;
        int count = LibC.ReceiveMany(
            fd, (LibC.MMsgHdr*)Marshal.UnsafeAddrOfPinnedArrayElement(_headers, 0), Capacity, LibC.MSG_DONTWAIT, null);
        if (count < 0)
            return false;
        for (int index = 0; index < count; index++)
        {
            if ((_headers[index].Header.Flags & LibC.MSG_TRUNC) != 0)
                IsCut = true;
        }

        Count = IsCut ? 0 : count;
        return true;
    }
}
