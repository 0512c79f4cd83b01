using System.Buffers;
using System.IO.Pipelines;

namespace ConntrackConsole.Kubernetes.Client;

/// <summary>What has arrived on a pipe and is not consumed yet.</summary>
internal sealed class PipeCursor(PipeReader body) : IDisposable
{
    private bool _reading;

    /// <summary>Valid until the next <see cref="FillAsync"/>, also where it was consumed.</summary>
    public ReadOnlySequence<byte> Unread { get; private set; } = ReadOnlySequence<byte>.Empty;

    public void Consume(long count) => Unread = Unread.Slice(count);

    /// <summary>Waits for more; false at the end of the stream.</summary>
    public async ValueTask<bool> FillAsync(CancellationToken ct)
    {
        if (_reading)
            body.AdvanceTo(Unread.Start, Unread.End);
        _reading = false;
        long before = Unread.Length;
        var result = await body.ReadAsync(ct);
        (_reading, Unread) = (true, result.Buffer);
        // All was examined, so a read returns with more, or at the end with the same.
        return Unread.Length > before;
    }

    /// <summary>Gives the buffers back and closes the stream below.</summary>
    public void Dispose() => body.Complete();
}
