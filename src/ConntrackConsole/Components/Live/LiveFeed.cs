using System.Threading.Channels;
using ConntrackConsole.Timeline;

namespace ConntrackConsole.Components.Live;

/// <summary>
/// Tells a page when to look again: on the store's signal, at most every 100 ms, and at least once a second, because
/// silence grows too. One call waits, the rest are dropped; the volume work runs outside the circuit's thread.
/// </summary>
public sealed class LiveFeed : IAsyncDisposable
{
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _end = new();
    private readonly TimeProvider _clock;
    private readonly IDisposable _subscription;
    private readonly ITimer _beat;
    private readonly Task _loop;

    public LiveFeed(TimelineStore store, TimeProvider clock, Func<CancellationToken, Task> look)
    {
        _clock = clock;
        _subscription = store.Subscribe(Wake);
        _beat = clock.CreateTimer(_ => Wake(), null, Beat, Beat);
        Wake();
        _loop = Task.Run(() => RunAsync(look));
    }

    public void Wake() => _wake.Writer.TryWrite(true);

    private async Task RunAsync(Func<CancellationToken, Task> look)
    {
        while (await _wake.Reader.WaitToReadAsync(_end.Token))
        {
            _wake.Reader.TryRead(out _);
            await look(_end.Token);
            await Task.Delay(Pace, _clock, _end.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        await _beat.DisposeAsync();
        await _end.CancelAsync();
        try
        {
            await _loop;
        }
        catch (OperationCanceledException)
        {
            // The usual end.
        }

        _end.Dispose();
    }
}
