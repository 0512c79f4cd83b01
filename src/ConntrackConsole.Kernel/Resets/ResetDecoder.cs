using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>Distinguishes the events of a ring by their number and decodes each with its own layout.</summary>
internal sealed class ResetDecoder
{
    public const string SendReset = "tcp/tcp_send_reset";
    public const string ReceiveReset = "tcp/tcp_receive_reset";

    private readonly int _sentId;
    private readonly int _receivedId;
    private readonly ResetLayout _sent;
    private readonly ResetLayout _received;
    private readonly TraceField _type;
    private readonly IReadOnlyDictionary<int, string> _reasons;

    private ResetDecoder(TraceFormat sentFormat, ResetLayout sent, TraceFormat receivedFormat, ResetLayout received, TraceField type)
    {
        _sentId = sentFormat.Id;
        _receivedId = receivedFormat.Id;
        _sent = sent;
        _received = received;
        _type = type;
        _reasons = sentFormat.Symbols("reason");
    }

    /// <summary>Null where the kernel has no tracepoint of ICMP messages (before 6.11).</summary>
    public RefusalLayout? Refusals { get; private set; }

    /// <summary>Null where the kernel has no tracepoint of sockets' states.</summary>
    public AttemptLayout? Attempts { get; private set; }

    /// <summary>Null where the kernel has no tracepoint of retransmissions with the socket's state.</summary>
    public RepeatedSynLayout? Repeated { get; private set; }

    public bool HasReasons => _sent.HasReason;

    /// <summary>Reads both format files through <paramref name="read"/> (path below the instance → text, or null).</summary>
    public static bool TryCreate(
        Func<string, string?> read, [NotNullWhen(true)] out ResetDecoder? decoder, [NotNullWhen(false)] out string? why)
    {
        decoder = null;
        if (!TryEvent(read, SendReset, received: false, out var sentFormat, out var sent, out why)
            || !TryEvent(read, ReceiveReset, received: true, out var receivedFormat, out var received, out why))
        {
            return false;
        }

        // The common fields are the same in every event of a kernel.
        if (!sentFormat.TryField("common_type", 2, out var type) || sentFormat.Id < 0 || receivedFormat.Id < 0)
        {
            why = "The format files of the TCP reset tracepoints contain no event ID.";
            return false;
        }

        decoder = new ResetDecoder(sentFormat, sent, receivedFormat, received, type) 
        {
            Refusals = RefusalLayout.TryCreate(read($"events/{RefusalLayout.Tracepoint}/format"), out var refusals) ? refusals : null,
            Attempts = AttemptLayout.TryCreate(read($"events/{AttemptLayout.Tracepoint}/format"), out var attempts) ? attempts : null,
            Repeated = RepeatedSynLayout.TryCreate(read($"events/{RepeatedSynLayout.Tracepoint}/format"), out var repeated) ? repeated : null,
        };
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
        if (id == _sentId)
            return _sent.TryDecode(record, atMs, out reset);
        return id == _receivedId && _received.TryDecode(record, atMs, out reset);
    }

    public bool TryDecodeRefusal(ReadOnlySpan<byte> record, long atMs, out RefusalRecord refusal)
    {
        refusal = default;
        return Refusals is { } layout && IsOf(layout.Id, record) && layout.TryDecode(record, atMs, out refusal);
    }

    public bool TryDecodeAttempt(ReadOnlySpan<byte> record, long atMs, out AttemptRecord attempt)
    {
        attempt = default;
        return Attempts is { } layout && IsOf(layout.Id, record) && layout.TryDecode(record, atMs, out attempt);
    }

    public bool TryDecodeRepeatedSyn(ReadOnlySpan<byte> record, long atMs, out AttemptRecord attempt)
    {
        attempt = default;
        return Repeated is { } layout && IsOf(layout.Id, record) && layout.TryDecode(record, atMs, out attempt);
    }

    private bool IsOf(int id, ReadOnlySpan<byte> record) =>
        record.Length >= _type.Offset + 2 && BinaryPrimitives.ReadUInt16LittleEndian(record[_type.Offset..]) == id;

    private static bool TryEvent(
        Func<string, string?> read, string tracepoint, bool received,
        [NotNullWhen(true)] out TraceFormat? format, [NotNullWhen(true)] out ResetLayout? layout, [NotNullWhen(false)] out string? why)
    {
        format = null;
        layout = null;
        if (read($"events/{tracepoint}/format") is not { } text)
        {
            why = $"This kernel has no tracepoint {tracepoint} (added in Linux 4.16), or its format cannot be read.";
            return false;
        }

        return TraceFormat.TryParse(text, out format, out why) && ResetLayout.TryCreate(format, received, out layout, out why);
    }
}
