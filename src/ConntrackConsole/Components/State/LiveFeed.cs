
using ConntrackConsole.Timeline.Live;

namespace ConntrackConsole.Components.State;

/// <summary>Refreshes a page on the store's signal, at most every 100 ms, and at least once a second, because silence grows too.</summary>
internal sealed class LiveFeed : IAsyncDisposable
{
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly PageRefresher _refresher;
    private readonly IDisposable _subscription;
    private readonly ITimer _beat;

    public LiveFeed(TimelineStore store, TimeProvider clock, Func<CancellationToken, Task> refresh)
    {
        _refresher = new PageRefresher(Pace, clock, refresh);
        _subscription = store.Subscribe(Wake);
        _beat = clock.CreateTimer(_ => Wake(), null, Beat, Beat);
        _refresher.Start();
    }

    public void Wake() => _refresher.Request();

    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        await _beat.DisposeAsync();
        await _refresher.DisposeAsync();
    }
}
