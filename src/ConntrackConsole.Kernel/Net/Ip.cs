using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace ConntrackConsole.Kernel.Net;

/// <summary>
/// An IPv4 or IPv6 address without heap allocation. IPv4 and its IPv4-mapped IPv6 form are different values here, as they
/// are for conntrack; <see cref="TryParse"/> rejects the mapped form so that one address has one spelling.
/// </summary>
public readonly struct Ip : IEquatable<Ip>, IComparable<Ip>
{
    // Network byte order read as big-endian numbers; IPv4 is in the low 32 bits of _low.
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly byte _bytes;

    private Ip(ulong high, ulong low, byte bytes)
    {
        _high = high;
        _low = low;
        _bytes = bytes;
    }

    /// <summary>No address (the default value).</summary>
    public bool IsNone => _bytes == 0;

    /// <summary>True for IPv4.</summary>
    public bool IsV4 => _bytes == 4;

    /// <summary>Length on the wire in bytes: 0 (none), 4 or 16.</summary>
    public int Length => _bytes;

    /// <summary>127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => IsV4 ? (_low >> 24) == 127 : _bytes == 16 && _high == 0 && _low == 1;

    /// <summary>0.0.0.0 or ::.</summary>
    public bool IsUnspecified => _bytes != 0 && _high == 0 && _low == 0;

    /// <summary>Creates an IPv4 address from its number in host order (0x7F000001 is 127.0.0.1).</summary>
    public static Ip V4(uint hostOrder) => new(0, hostOrder, 4);

    /// <summary>The number of an IPv4 address in host order; meaningless for others.</summary>
    public uint V4Number => (uint)_low;

    /// <summary>Reads 4 or 16 bytes in network order.</summary>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static Ip FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => new(0, BinaryPrimitives.ReadUInt32BigEndian(bytes), 4),
        16 => new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), 16),
        _ => throw new ArgumentException($"An address has 4 or 16 bytes, not {bytes.Length}.", nameof(bytes)),
    };

    /// <summary>Writes <see cref="Length"/> bytes in network order.</summary>
    /// <returns>The number of bytes written.</returns>
    public int WriteBytes(Span<byte> destination)
    {
        if (_bytes == 4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
        }
        else if (_bytes == 16)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        }

        return _bytes;
    }

    /// <summary>
    /// Parses the common text form. Rejected: zone ids, brackets, IPv4-mapped IPv6, and IPv4 in any other form than four
    /// decimal numbers without leading zeros ("10.1", "0x0a.1.2.3" and "010.0.0.1" are read differently by different tools).
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Ip ip)
    {
        ip = default;
        if (text is null || text.AsSpan().ContainsAny("%[] ") || !IPAddress.TryParse(text, out var parsed)
            || parsed.IsIPv4MappedToIPv6)
        {
            return false;
        }

        if (parsed.AddressFamily == AddressFamily.InterNetwork && parsed.ToString() != text)
            return false;
        ip = From(parsed);
        return true;
    }

    /// <summary>Parses as <see cref="TryParse"/>.</summary>
    /// <exception cref="FormatException">The text is not an IP address in its plain form.</exception>
    public static Ip Parse(string text) =>
        TryParse(text, out var ip) ? ip : throw new FormatException($"'{text}' is not an IP address in its plain form.");

    /// <summary>Converts from the base class library's address.</summary>
    public static Ip From(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return FromBytes(bytes[..length]);
    }

    /// <summary>Converts to the base class library's address.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..WriteBytes(bytes)]);
    }

    /// <summary>True if the first <paramref name="prefixLength"/> bits equal those of <paramref name="network"/>.</summary>
    public bool IsIn(Ip network, int prefixLength) =>
        _bytes != 0 && network._bytes == _bytes && Masked(prefixLength) == network.Masked(prefixLength);

    /// <summary>The network of <paramref name="prefixLength"/> bits that contains this address.</summary>
    public Ip Masked(int prefixLength)
    {
        if (_bytes == 4)
            return V4(prefixLength == 0 ? 0 : (uint)_low & (uint.MaxValue << (32 - prefixLength)));
        var mask = prefixLength == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - prefixLength);
        return new Ip(_high & (ulong)(mask >> 64), _low & (ulong)mask, _bytes);
    }

    /// <inheritdoc/>
    public bool Equals(Ip other) => _low == other._low && _high == other._high && _bytes == other._bytes;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Ip other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_high, _low, _bytes);

    /// <summary>IPv4 before IPv6, then by number.</summary>
    public int CompareTo(Ip other)
    {
        int order = _bytes.CompareTo(other._bytes);
        if (order == 0)
            order = _high.CompareTo(other._high);
        return order != 0 ? order : _low.CompareTo(other._low);
    }

    /// <summary>The common text form, without brackets; "" for none.</summary>
    public override string ToString() => _bytes == 0 ? "" : ToIPAddress().ToString();

    /// <summary>Equality.</summary>
    public static bool operator ==(Ip left, Ip right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(Ip left, Ip right) => !left.Equals(right);

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <(Ip left, Ip right) => left.CompareTo(right) < 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >(Ip left, Ip right) => left.CompareTo(right) > 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <=(Ip left, Ip right) => left.CompareTo(right) <= 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >=(Ip left, Ip right) => left.CompareTo(right) >= 0;
}
