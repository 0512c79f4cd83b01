using System.Buffers;
using System.IO.Pipelines;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>The data that has arrived on a pipe and is not consumed yet.</summary>
internal sealed class PipeCursor(PipeReader body) : IDisposable
{
    private bool _reading;

    /// <summary>Valid until the next <see cref="FillAsync"/>, including the consumed part.</summary>
    public ReadOnlySequence<byte> Unread { get; private set; } = ReadOnlySequence<byte>.Empty;

    public void Consume(long count) => Unread = Unread.Slice(count);

    /// <summary>Waits for more data; false at the end of the stream.</summary>
    public async ValueTask<bool> FillAsync(CancellationToken ct)
    {
        if (_reading)
            body.AdvanceTo(Unread.Start, Unread.End);
        _reading = false;
        long before = Unread.Length;
        var result = await body.ReadAsync(ct);
        (_reading, Unread) = (true, result.Buffer);
        // Everything was examined, so a read returns more data, or the same data at the end of the stream.
        return Unread.Length > before;
    }

    /// <summary>Returns the buffers and closes the underlying stream.</summary>
    public void Dispose() => body.Complete();
}
