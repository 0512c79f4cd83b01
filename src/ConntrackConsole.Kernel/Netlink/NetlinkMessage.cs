using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ConntrackConsole.Kernel.Netlink;

/// <summary>Flags of a netlink message (linux/netlink.h).</summary>
[Flags]
internal enum NetlinkFlags : ushort
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>A request to the kernel.</summary>
    Request = 0x1,
    /// <summary>Part of a multi-message reply.</summary>
    Multi = 0x2,
    /// <summary>Requests an acknowledgement.</summary>
    Ack = 0x4,
    /// <summary>The table changed during the dump: entries may be missing or duplicated.</summary>
    DumpInterrupted = 0x10,
    /// <summary>All entries (NLM_F_ROOT | NLM_F_MATCH). Only for GET: on other requests these bits mean something else.</summary>
    Dump = 0x300,
    /// <summary>With NEW: replace. On an acknowledgement: it does not repeat the request (NLM_F_CAPPED).</summary>
    Replace = 0x100,
    /// <summary>With NEW: fail if it exists. On an acknowledgement: TLVs follow (NLM_F_ACK_TLVS).</summary>
    Exclusive = 0x200,
    /// <summary>With NEW: create.</summary>
    Create = 0x400,
    /// <summary>With NEW: append.</summary>
    Append = 0x800,
}

/// <summary>One netlink message inside a receive buffer; valid until the buffer is reused.</summary>
internal readonly ref struct NetlinkMessage
{
    /// <summary>Length of struct nlmsghdr in bytes.</summary>
    public const int HeaderLength = 16;
    internal const ushort TypeNoop = 1;
    internal const ushort TypeError = 2;
    internal const ushort TypeDone = 3;
    internal const ushort TypeOverrun = 4;

    internal NetlinkMessage(ReadOnlySpan<byte> bytes)
    {
        Type = MemoryMarshal.Read<ushort>(bytes[4..]);
        Flags = (NetlinkFlags)MemoryMarshal.Read<ushort>(bytes[6..]);
        Sequence = MemoryMarshal.Read<uint>(bytes[8..]);
        PortId = MemoryMarshal.Read<uint>(bytes[12..]);
        Payload = bytes[HeaderLength..];
    }

    /// <summary>nlmsg_type; for nfnetlink the subsystem is the high byte.</summary>
    public ushort Type { get; }

    /// <summary>nlmsg_flags.</summary>
    public NetlinkFlags Flags { get; }

    /// <summary>nlmsg_seq: the request's number; 0 in events.</summary>
    public uint Sequence { get; }

    /// <summary>nlmsg_pid: in events, the port of the socket that requested the change; 0 = the kernel itself.</summary>
    public uint PortId { get; }

    /// <summary>The bytes after the header, without padding.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>The attributes after a family header of <paramref name="headerLength"/> bytes (4 for nfgenmsg).</summary>
    /// <exception cref="NetlinkException">The message is shorter than the header.</exception>
    public NetlinkAttributes Attributes(int headerLength)
    {
        if (Payload.Length < headerLength)
            Malformed.Throw("message", Type, Payload.Length, headerLength);
        return new NetlinkAttributes(Payload[headerLength..]);
    }
}

/// <summary>The messages in a receive buffer, in order.</summary>
/// <param name="buffer">The bytes of one datagram.</param>
internal ref struct NetlinkMessages(ReadOnlySpan<byte> buffer)
{
    private ReadOnlySpan<byte> _rest = buffer;

    /// <summary>The current message.</summary>
    public NetlinkMessage Current { get; private set; }

    /// <summary>Returns this enumerator.</summary>
    public readonly NetlinkMessages GetEnumerator() => this;

    /// <summary>Moves to the next message.</summary>
    /// <exception cref="NetlinkException">A length is too small or extends beyond the end.</exception>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;
        if (_rest.Length < NetlinkMessage.HeaderLength)
            Malformed.Throw("header", 0, _rest.Length, NetlinkMessage.HeaderLength);
        uint length = MemoryMarshal.Read<uint>(_rest);
        if (length < NetlinkMessage.HeaderLength || length > (uint)_rest.Length)
            Malformed.Throw("message length", MemoryMarshal.Read<ushort>(_rest[4..]), _rest.Length, (int)length);
        Current = new NetlinkMessage(_rest[..(int)length]);
        _rest = _rest[Math.Min(_rest.Length, ((int)length + 3) & ~3)..];
        return true;
    }
}

/// <summary>
/// Enumerates netlink attributes (struct nlattr) without allocation. Callers skip unknown types; a short attribute is an
/// error with its position.
/// </summary>
/// <param name="bytes">The attributes.</param>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private const int HeaderLength = 4;
    private const ushort TypeMask = 0x3FFF; // without NLA_F_NESTED and NLA_F_NET_BYTEORDER

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Type of the current attribute, without its flag bits.</summary>
    public ushort Type { get; private set; }

    /// <summary>Value of the current attribute.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Moves to the next attribute.</summary>
    /// <exception cref="NetlinkException">A length is too small or extends beyond the end.</exception>
    public bool MoveNext()
    {
        var rest = _rest;
        if (rest.Length < HeaderLength)
            return false; // Up to three bytes of padding may be at the end.
        ushort length = MemoryMarshal.Read<ushort>(rest);
        ushort type = (ushort)(MemoryMarshal.Read<ushort>(rest[2..]) & TypeMask);
        if (length < HeaderLength || length > rest.Length)
            Malformed.Throw("attribute", type, rest.Length, length);
        Type = type;
        Value = rest[HeaderLength..length];
        _rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
        return true;
    }

    /// <summary>The attributes nested in the current one.</summary>
    public readonly NetlinkAttributes Nested() => new(Value);

    /// <summary>The value as a byte.</summary>
    /// <exception cref="NetlinkException">The value is empty.</exception>
    public readonly byte U8() => Checked(1)[0];

    /// <summary>The value as a 16-bit number in network order, as used by nfnetlink.</summary>
    /// <exception cref="NetlinkException">The value is shorter.</exception>
    public readonly ushort U16Network() => BinaryPrimitives.ReadUInt16BigEndian(Checked(2));

    /// <summary>The value as a 16-bit number in host order, as used by generic netlink.</summary>
    /// <exception cref="NetlinkException">The value is shorter.</exception>
    public readonly ushort U16Host() => MemoryMarshal.Read<ushort>(Checked(2));

    /// <summary>The value as a 32-bit number in network order, as used by nfnetlink.</summary>
    /// <exception cref="NetlinkException">The value is shorter.</exception>
    public readonly uint U32Network() => BinaryPrimitives.ReadUInt32BigEndian(Checked(4));

    /// <summary>The value as a 64-bit number in network order.</summary>
    /// <exception cref="NetlinkException">The value is shorter.</exception>
    public readonly ulong U64Network() => BinaryPrimitives.ReadUInt64BigEndian(Checked(8));

    /// <summary>The value as a 32-bit number in host order, as used by rtnetlink.</summary>
    /// <exception cref="NetlinkException">The value is shorter.</exception>
    public readonly uint U32Host() => MemoryMarshal.Read<uint>(Checked(4));

    private readonly ReadOnlySpan<byte> Checked(int length)
    {
        if (Value.Length < length)
            Malformed.Throw("attribute value", Type, Value.Length, length);
        return Value;
    }
}

internal static class Malformed
{
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public static void Throw(string what, ushort type, int have, int need) =>
        throw new NetlinkException(Errno.Ok, $"A malformed netlink {what} (type {type}): {need} bytes expected, {have} present.");
}
