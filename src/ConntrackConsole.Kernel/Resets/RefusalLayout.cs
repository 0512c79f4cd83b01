using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>A packet that the kernel answered with ICMP port unreachable (IPv4).</summary>
/// <param name="AtMs">When, in milliseconds of Unix time.</param>
/// <param name="Src">Sender of the packet, which gets the ICMP message.</param>
/// <param name="Dst">Its destination, before any translation where a rule rejected it.</param>
internal readonly record struct RefusalRecord(long AtMs, Ip Src, Ip Dst);

/// <summary>Decodes a record of icmp:icmp_send (since Linux 6.11): include/trace/events/icmp.h. IPv4 only; ports are those of UDP only.</summary>
internal sealed class RefusalLayout
{
    public const string Tracepoint = "icmp/icmp_send";

    /// <summary>Destination unreachable, port unreachable: for the tracepoint's filter file.</summary>
    public const string Filter = "type == 3 && code == 3";

    private const int DestinationUnreachable = 3, PortUnreachable = 3;

    private readonly TraceField _type, _code, _saddr, _daddr;
    private readonly int _length;

    private RefusalLayout(int id, TraceField type, TraceField code, TraceField saddr, TraceField daddr)
    {
        Id = id;
        (_type, _code, _saddr, _daddr) = (type, code, saddr, daddr);
        foreach (var field in (ReadOnlySpan<TraceField>)[type, code, saddr, daddr])
            _length = Math.Max(_length, field.Offset + field.Size);
    }

    public int Id { get; }

    /// <param name="text">The event's format file; null if the kernel has none.</param>
    /// <param name="layout">The layout, or null.</param>
    public static bool TryCreate(string? text, [NotNullWhen(true)] out RefusalLayout? layout)
    {
        layout = null;
        if (text is null || !TraceFormat.TryParse(text, out var format, out _) || format.Id < 0
            || !format.TryField("type", 4, out var type) || !format.TryField("code", 4, out var code)
            || !format.TryField("saddr", 4, out var saddr) || !format.TryField("daddr", 4, out var daddr))
            return false;
        layout = new RefusalLayout(format.Id, type, code, saddr, daddr);
        return true;
    }

    /// <param name="record">The record from its common_type on, of this event.</param>
    /// <param name="atMs">Its time.</param>
    /// <param name="refusal">The refusal.</param>
    public bool TryDecode(ReadOnlySpan<byte> record, long atMs, out RefusalRecord refusal)
    {
        refusal = default;
        if (record.Length < _length || BinaryPrimitives.ReadInt32LittleEndian(record[_type.Offset..]) != DestinationUnreachable
            || BinaryPrimitives.ReadInt32LittleEndian(record[_code.Offset..]) != PortUnreachable)
            return false;
        refusal = new RefusalRecord(atMs, Ip.FromBytes(record.Slice(_saddr.Offset, 4)), Ip.FromBytes(record.Slice(_daddr.Offset, 4)));
        return true;
    }
}
