using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>An attempt to connect that its client gave up, or that was refused.</summary>
/// <param name="AtMs">When it ended, in milliseconds of Unix time.</param>
/// <param name="Src">Its client.</param>
/// <param name="Sport">The client's port.</param>
/// <param name="Dst">Its destination as the client sees it: a Service's own address.</param>
/// <param name="Dport">The destination's port.</param>
internal readonly record struct AttemptRecord(long AtMs, Ip Src, ushort Sport, Ip Dst, ushort Dport);

/// <summary>
/// Decodes a record of sock:inet_sock_set_state (since Linux 4.16): include/trace/events/sock.h. Since Linux 5.14 a repeated SYN renews no
/// entry, and there is no event of one: only the sockets show that several connections used the same entry.
/// </summary>
internal sealed class AttemptLayout
{
    public const string Tracepoint = "sock/inet_sock_set_state";

    /// <summary>From SYN_SENT to CLOSE: for the tracepoint's filter file.</summary>
    public const string Filter = "oldstate == 2 && newstate == 7";

    private const int SynSent = 2, Close = 7;

    private readonly ResetLayout _addresses;
    private readonly TraceField _oldState, _newState;

    private AttemptLayout(int id, ResetLayout addresses, TraceField oldState, TraceField newState)
    {
        Id = id;
        (_addresses, _oldState, _newState) = (addresses, oldState, newState);
    }

    public int Id { get; }

    /// <param name="text">The event's format file; null if the kernel has none.</param>
    /// <param name="layout">The layout, or null.</param>
    public static bool TryCreate(string? text, [NotNullWhen(true)] out AttemptLayout? layout)
    {
        layout = null;
        if (text is null || !TraceFormat.TryParse(text, out var format, out _) || format.Id < 0
            || !format.TryField("oldstate", 4, out var oldState) || !format.TryField("newstate", 4, out var newState)
            || !ResetLayout.TryCreate(format, received: false, out var addresses, out _))
            return false;
        layout = new AttemptLayout(format.Id, addresses, oldState, newState);
        return true;
    }

    /// <param name="record">The record from its common_type on, of this event.</param>
    /// <param name="atMs">Its time.</param>
    /// <param name="attempt">The attempt.</param>
    public bool TryDecode(ReadOnlySpan<byte> record, long atMs, out AttemptRecord attempt)
    {
        attempt = default;
        if (record.Length < Math.Max(_oldState.Offset, _newState.Offset) + 4
            || BinaryPrimitives.ReadInt32LittleEndian(record[_oldState.Offset..]) != SynSent
            || BinaryPrimitives.ReadInt32LittleEndian(record[_newState.Offset..]) != Close
            || !_addresses.TryDecode(record, atMs, out var ends))
            return false;
        attempt = new AttemptRecord(atMs, ends.Src, ends.Sport, ends.Dst, ends.Dport);
        return true;
    }
}
