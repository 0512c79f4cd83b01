using System.Threading.Channels;

namespace ConntrackConsole.Ingest;

/// <param name="Run">When the collector that made it started.</param>
/// <param name="Bytes">The frame as it was received; it can be read.</param>
internal readonly record struct ReceivedFrame(string Node, long Run, byte[] Bytes);

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

    public bool TryTake(out ReceivedFrame frame) => _frames.Reader.TryRead(out frame);
}
