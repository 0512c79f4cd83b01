using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>
/// Decodes a record of tcp:tcp_retransmit_skb (with the socket's state since Linux 4.16): include/trace/events/tcp.h. Where the first SYN was
/// dropped before its entry was complete (insert_failed), conntrack has no event of it: only the repetition shows that a connection is late.
/// </summary>
internal sealed class RepeatedSynLayout
{
    public const string Tracepoint = "tcp/tcp_retransmit_skb";

    /// <summary>Of a socket in SYN_SENT: for the tracepoint's filter file.</summary>
    public const string Filter = "state == 2";

    private const int SynSent = 2;

    private readonly ResetLayout _addresses;
    private readonly TraceField _state;

    private RepeatedSynLayout(int id, ResetLayout addresses, TraceField state) => (Id, _addresses, _state) = (id, addresses, state);

    public int Id { get; }

    /// <param name="text">The event's format file; null if the kernel has none.</param>
    /// <param name="layout">The layout, or null.</param>
    public static bool TryCreate(string? text, [NotNullWhen(true)] out RepeatedSynLayout? layout)
    {
        layout = null;
        if (text is null || !TraceFormat.TryParse(text, out var format, out _) || format.Id < 0 || !format.TryField("state", 4, out var state)
            || !ResetLayout.TryCreate(format, received: false, out var addresses, out _))
            return false;
        layout = new RepeatedSynLayout(format.Id, addresses, state);
        return true;
    }

    /// <param name="record">The record from its common_type on, of this event.</param>
    /// <param name="atMs">Its time.</param>
    /// <param name="attempt">The connection.</param>
    public bool TryDecode(ReadOnlySpan<byte> record, long atMs, out AttemptRecord attempt)
    {
        attempt = default;
        if (record.Length < _state.Offset + 4 || BinaryPrimitives.ReadInt32LittleEndian(record[_state.Offset..]) != SynSent
            || !_addresses.TryDecode(record, atMs, out var ends))
            return false;
        attempt = new AttemptRecord(atMs, ends.Src, ends.Sport, ends.Dst, ends.Dport);
        return true;
    }
}
