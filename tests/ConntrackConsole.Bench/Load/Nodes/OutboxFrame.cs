using System.Buffers.Text;
using System.Text;

namespace ConntrackConsole.Bench.Load.Nodes;

/// <summary>A frame that is not acknowledged, as the message of the hub that carries it.</summary>
internal sealed class OutboxFrame(ulong sequence, long madeMs, bool isMeasured, byte[] message)
{
    /// <summary>Stream of new frames.</summary>
    public const string Live = "live";

    /// <summary>Stream of older frames.</summary>
    public const string Late = "late";

    private const string Head = "{\"type\":2,\"invocationId\":\"";
    private const string Middle = "\",\"item\":\"";
    private const string Tail = "\"}\u001e";

    public ulong Sequence => sequence;

    public long MadeMs => madeMs;

    /// <summary>Whether its way counts for the lag.</summary>
    public bool IsMeasured => isMeasured;

    /// <summary>The connection that has sent it; 0: none.</summary>
    public int SentBy { get; set; }

    public static OutboxFrame Of(ulong sequence, long madeMs, bool isMeasured, ReadOnlySpan<byte> frame)
    {
        int start = Head.Length + Live.Length + Middle.Length;
        int length = Base64.GetMaxEncodedToUtf8Length(frame.Length);
        byte[] message = new byte[start + length + Tail.Length];
        Encoding.UTF8.GetBytes(Head + Live + Middle, message);
        Base64.EncodeToUtf8(frame, message.AsSpan(start), out _, out _);
        Encoding.UTF8.GetBytes(Tail, message.AsSpan(start + length));
        return new OutboxFrame(sequence, madeMs, isMeasured, message);
    }

    /// <summary>The message for a stream; both names have the same length.</summary>
    public ReadOnlyMemory<byte> Message(string stream)
    {
        Encoding.UTF8.GetBytes(stream, message.AsSpan(Head.Length));
        return message;
    }
}
