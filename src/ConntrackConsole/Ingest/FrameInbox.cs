using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <param name="Run">When the collector that made it started.</param>
/// <param name="Bytes">The frame as it was received.</param>
internal sealed record ReceivedFrame(string Node, long Run, NodeFrame Frame, byte[] Bytes);

/// <summary>
/// Queues frames between the many connections and the only thread that writes the timeline. If it is full, senders wait: the
/// collectors keep what they cannot send.
/// </summary>
internal sealed class FrameInbox
{
    private readonly Channel<ReceivedFrame> _frames = Channel.CreateBounded<ReceivedFrame>(
        new BoundedChannelOptions(1_024) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    public ValueTask PutAsync(ReceivedFrame frame, CancellationToken ct) => _frames.Writer.WriteAsync(frame, ct);

    public ValueTask<bool> WaitAsync(CancellationToken ct) => _frames.Reader.WaitToReadAsync(ct);

    public bool TryTake([MaybeNullWhen(false)] out ReceivedFrame frame) => _frames.Reader.TryRead(out frame);
}
