using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>
/// Decodes a tcp_send_reset or tcp_receive_reset record into a <see cref="ResetRecord"/>. Two layouts exist:
/// sockaddrs (tcp_send_reset since 6.10) and separate addresses and ports in host order (tcp_receive_reset, and
/// tcp_send_reset before). include/trace/events/tcp.h.
/// </summary>
internal sealed class ResetLayout
{
    private const int SockaddrV6Size = 28;
    private const ushort AfInet = 2;
    private const ushort AfInet6 = 10;

    private readonly bool _received;
    private readonly bool _sockaddrs;
    private readonly int _saddr;
    private readonly int _daddr;
    private readonly int _sport;
    private readonly int _dport;
    private readonly int _state;
    private readonly int _reason;
    private readonly int _length;

    private ResetLayout(bool received, bool sockaddrs, TraceField saddr, TraceField daddr, TraceField sport, TraceField dport, TraceField state, TraceField reason)
    {
        _received = received;
        _sockaddrs = sockaddrs;
        _saddr = saddr.Offset;
        _daddr = daddr.Offset;
        _sport = sport.Offset;
        _dport = dport.Offset;
        _state = state.Size == 0 ? -1 : state.Offset;
        _reason = reason.Size == 0 ? -1 : reason.Offset;
        foreach (var field in (ReadOnlySpan<TraceField>)[saddr, daddr, sport, dport, state, reason])
            _length = Math.Max(_length, field.Offset + field.Size);
    }

    /// <summary>True if the records contain the kernel's reason (tcp_send_reset since 6.10).</summary>
    public bool HasReason => _reason >= 0;

    /// <summary>Resolves the fields.</summary>
    /// <param name="format">The event's format file.</param>
    /// <param name="received">True for tcp_receive_reset.</param>
    /// <param name="layout">The layout, or null.</param>
    /// <param name="error">If a field is missing: one sentence.</param>
    public static bool TryCreate(
        TraceFormat format, bool received, [NotNullWhen(true)] out ResetLayout? layout, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(format);
        layout = null;
        error = null;
        format.TryField("state", 4, out var state);
        format.TryField("reason", 4, out var reason);
        if (format.TryField("saddr", SockaddrV6Size, out var saddr) && format.TryField("daddr", SockaddrV6Size, out var daddr))
        {
            layout = new ResetLayout(received, sockaddrs: true, saddr, daddr, default, default, state, reason);
            return true;
        }

        // The _v6 fields hold IPv4 addresses too, in mapped form, whatever the socket's family: one rule for all.
        if (format.TryField("saddr_v6", 16, out saddr) && format.TryField("daddr_v6", 16, out daddr)
            && format.TryField("sport", 2, out var sport) && format.TryField("dport", 2, out var dport))
        {
            layout = new ResetLayout(received, sockaddrs: false, saddr, daddr, sport, dport, state, reason);
            return true;
        }

        error = $"The tracepoint {format.Name} of this kernel has an unsupported layout (no address fields).";
        return false;
    }

    /// <summary>Decodes a record; false if it is too short.</summary>
    /// <param name="record">The record from its common_type on.</param>
    /// <param name="atMs">Its time, in milliseconds of Unix time.</param>
    /// <param name="reset">The reset.</param>
    public bool TryDecode(ReadOnlySpan<byte> record, long atMs, out ResetRecord reset)
    {
        if (record.Length < _length)
        {
            reset = default;
            return false;
        }

        Ip source, destination;
        ushort sport, dport;
        if (_sockaddrs)
        {
            (source, sport) = Sockaddr(record[_saddr..]);
            (destination, dport) = Sockaddr(record[_daddr..]);
        }
        else
        {
            source = Unmap(record.Slice(_saddr, 16));
            destination = Unmap(record.Slice(_daddr, 16));
            sport = BinaryPrimitives.ReadUInt16LittleEndian(record[_sport..]);
            dport = BinaryPrimitives.ReadUInt16LittleEndian(record[_dport..]);
        }

        int state = _state < 0 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(record[_state..]);
        int reason = _reason < 0 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(record[_reason..]);
        // tcp_receive_reset has its socket's view: the RST came from the socket's peer.
        if (_received)
            (source, sport, destination, dport) = (destination, dport, source, sport);
        reset = new ResetRecord(
            atMs, _received, source, sport, destination, dport,
            (TcpState)(state is > 0 and <= (int)TcpState.NewSynRecv ? state : 0), (byte)Math.Clamp(reason, 0, 255));
        return true;
    }

    // struct sockaddr_in / sockaddr_in6: family in host order, port and address in network order.
    private static (Ip Address, ushort Port) Sockaddr(ReadOnlySpan<byte> bytes)
    {
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        return BinaryPrimitives.ReadUInt16LittleEndian(bytes) switch
        {
            AfInet => (Ip.FromBytes(bytes.Slice(4, 4)), port),
            AfInet6 => (Unmap(bytes.Slice(8, 16)), port),
            _ => default,
        };
    }

    // A dual-stack socket uses ::ffff:a.b.c.d for IPv4: conntrack and the packets have a.b.c.d.
    private static Ip Unmap(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];
        return Ip.FromBytes(bytes.StartsWith(mapped) ? bytes[12..] : bytes);
    }
}
