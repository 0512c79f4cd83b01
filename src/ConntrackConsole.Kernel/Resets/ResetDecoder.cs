using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>Tells the two events of a ring apart by their number and decodes each with its own layout.</summary>
internal sealed class ResetDecoder
{
    public const string Made = "tcp/tcp_send_reset";
    public const string Received = "tcp/tcp_receive_reset";

    private readonly int _madeId;
    private readonly int _receivedId;
    private readonly ResetLayout _made;
    private readonly ResetLayout _received;
    private readonly TraceField _type;
    private readonly IReadOnlyDictionary<int, string> _reasons;

    private ResetDecoder(TraceFormat madeFormat, ResetLayout made, TraceFormat receivedFormat, ResetLayout received, TraceField type)
    {
        _madeId = madeFormat.Id;
        _receivedId = receivedFormat.Id;
        _made = made;
        _received = received;
        _type = type;
        _reasons = madeFormat.Symbols("reason");
    }

    public bool HasReasons => _made.HasReason;

    /// <summary>Reads both format files through <paramref name="read"/> (path below the instance → text, or null).</summary>
    public static bool TryCreate(
        Func<string, string?> read, [NotNullWhen(true)] out ResetDecoder? decoder, [NotNullWhen(false)] out string? why)
    {
        decoder = null;
        if (!TryEvent(read, Made, received: false, out var madeFormat, out var made, out why)
            || !TryEvent(read, Received, received: true, out var receivedFormat, out var received, out why))
        {
            return false;
        }

        // The common fields are the same in every event of a kernel.
        if (!madeFormat.TryField("common_type", 2, out var type) || madeFormat.Id < 0 || receivedFormat.Id < 0)
        {
            why = "The tracepoints of TCP resets have no number in their format files.";
            return false;
        }

        decoder = new ResetDecoder(madeFormat, made, receivedFormat, received, type);
        return true;
    }

    public string? ReasonName(byte reason) =>
        _reasons.TryGetValue(reason, out string? name) ? name : HasReasons ? $"REASON_{reason}" : null;

    public bool TryDecode(ReadOnlySpan<byte> record, long atMs, out ResetRecord reset)
    {
        reset = default;
        if (record.Length < _type.Offset + 2)
            return false;
        int id = BinaryPrimitives.ReadUInt16LittleEndian(record[_type.Offset..]);
        if (id == _madeId)
            return _made.TryDecode(record, atMs, out reset);
        return id == _receivedId && _received.TryDecode(record, atMs, out reset);
    }

    private static bool TryEvent(
        Func<string, string?> read, string tracepoint, bool received,
        [NotNullWhen(true)] out TraceFormat? format, [NotNullWhen(true)] out ResetLayout? layout, [NotNullWhen(false)] out string? why)
    {
        format = null;
        layout = null;
        if (read($"events/{tracepoint}/format") is not { } text)
        {
            why = $"This kernel has no tracepoint {tracepoint} (Linux 4.16 has it), or it cannot be read.";
            return false;
        }

        return TraceFormat.TryParse(text, out format, out why) && ResetLayout.TryCreate(format, received, out layout, out why);
    }
}
