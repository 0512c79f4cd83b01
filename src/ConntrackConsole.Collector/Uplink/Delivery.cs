using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>
/// What one connection sends: new frames immediately; older frames concurrently and rate-limited, after the first new one.
/// </summary>
internal sealed class Delivery
{
    /// <summary>Back-filled frames per second: low enough for a console that serves thousands of nodes.</summary>
    public const int BackfillPerSecond = 200;

    private const int Burst = 20;

    private readonly Outbox _outbox;
    private readonly int _number;
    private readonly Channel<OutboxEntry> _live;
    private readonly TaskCompletionSource _firstSent = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Delivery(Outbox outbox, int number)
    {
        _outbox = outbox;
        _number = number;
        // Frames that a slow connection does not take in time are sent by back-fill.
        _live = Channel.CreateBounded<OutboxEntry>(
            new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest }, outbox.Requeue);
    }

    public void Offer(OutboxEntry entry)
    {
        entry.TakenBy = _number;
        _live.Writer.TryWrite(entry);
    }

    public async IAsyncEnumerable<byte[]> LiveAsync([EnumeratorCancellation] CancellationToken stop)
    {
        await foreach (var entry in _live.Reader.ReadAllAsync(stop))
        {
            if (_outbox.TakeLive(entry) is not { } bytes)
                continue;
            yield return bytes;
            _firstSent.TrySetResult();
        }
    }

    /// <summary>Waits until there are frames to back-fill, and returns their run.</summary>
    public async Task<long> NextRunAsync(CancellationToken stop)
    {
        await _firstSent.Task.WaitAsync(stop);
        while (true)
        {
            if (_outbox.NextRun(_number) is { } run)
                return run;
            await Task.Delay(1000, stop);
        }
    }

    public async IAsyncEnumerable<byte[]> BackfillAsync(long run, [EnumeratorCancellation] CancellationToken stop)
    {
        while (_outbox.TakeBackfill(_number, run, BackfillPerSecond) is { Count: > 0 } entries)
        {
            for (int i = 0; i < entries.Count; i++)
            {
                if (i % Burst == 0)
                    await Task.Delay(1000 * Burst / BackfillPerSecond, stop);
                if (_outbox.Read(entries[i]) is { } bytes)
                    yield return bytes;
            }
        }
    }
}
