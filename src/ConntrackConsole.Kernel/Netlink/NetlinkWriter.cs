using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ConntrackConsole.Kernel.Netlink;

/// <summary>
/// Writes netlink messages into the caller's buffer: <see cref="Begin"/>, header and attributes, <see cref="End"/>;
/// several in a row form a batch.
/// </summary>
/// <param name="buffer">Destination; <see cref="InvalidOperationException"/> if it is too small.</param>
internal ref struct NetlinkWriter(Span<byte> buffer)
{
    private const ushort NestedFlag = 0x8000;

    private readonly Span<byte> _buffer = buffer;
    private int _messageAt = -1;

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes written so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    /// <summary>Starts a message.</summary>
    public void Begin(ushort type, NetlinkFlags flags, uint sequence)
    {
        _messageAt = Length;
        var header = Take(NetlinkMessage.HeaderLength);
        header.Clear();
        MemoryMarshal.Write(header[4..], type);
        MemoryMarshal.Write(header[6..], (ushort)flags);
        MemoryMarshal.Write(header[8..], sequence);
    }

    /// <summary>Ends the message and fills in its length.</summary>
    public readonly void End() => MemoryMarshal.Write(_buffer[_messageAt..], (uint)(Length - _messageAt));

    /// <summary>Appends raw bytes, such as a family header, padded to four.</summary>
    public void Raw(scoped ReadOnlySpan<byte> bytes)
    {
        var place = Take((bytes.Length + 3) & ~3);
        place.Clear();
        bytes.CopyTo(place);
    }

    /// <summary>Appends an attribute of raw bytes.</summary>
    public void Attribute(ushort type, scoped ReadOnlySpan<byte> value)
    {
        var place = Take((4 + value.Length + 3) & ~3);
        place.Clear();
        MemoryMarshal.Write(place, (ushort)(4 + value.Length));
        MemoryMarshal.Write(place[2..], type);
        value.CopyTo(place[4..]);
    }

    /// <summary>Appends a zero-terminated string (ASCII).</summary>
    public void Text(ushort type, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Span<byte> bytes = stackalloc byte[256];
        int length = System.Text.Encoding.ASCII.GetBytes(value, bytes);
        bytes[length] = 0;
        Attribute(type, bytes[..(length + 1)]);
    }

    /// <summary>Appends a byte.</summary>
    public void U8(ushort type, byte value) => Attribute(type, [value]);

    /// <summary>Appends a 16-bit number in network order.</summary>
    public void U16Network(ushort type, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>Appends a 32-bit number in network order.</summary>
    public void U32Network(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>Appends a 64-bit number in network order.</summary>
    public void U64Network(ushort type, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>Appends a 32-bit number in host order, as used by rtnetlink.</summary>
    public void U32Host(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        MemoryMarshal.Write(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>Opens a nested attribute.</summary>
    /// <returns>The argument for <see cref="EndNested"/>.</returns>
    public int BeginNested(ushort type)
    {
        int at = Length;
        var header = Take(4);
        MemoryMarshal.Write(header[2..], (ushort)(type | NestedFlag));
        return at;
    }

    /// <summary>Closes a nested attribute.</summary>
    public readonly void EndNested(int at) => MemoryMarshal.Write(_buffer[at..], (ushort)(Length - at));

    private Span<byte> Take(int length)
    {
        if (_buffer.Length - Length < length)
            throw new InvalidOperationException($"The netlink buffer of {_buffer.Length} bytes is too small.");
        var place = _buffer.Slice(Length, length);
        Length += length;
        return place;
    }
}
