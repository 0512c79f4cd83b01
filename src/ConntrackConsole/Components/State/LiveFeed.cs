using ConntrackConsole.Timeline.Live;

namespace ConntrackConsole.Components.State;

/// <summary>
/// Refreshes a page when the store changes, at most twice a second, and at least once a second so that ages and gaps advance. Nodes
/// report once a second: more refreshes would show the same columns, and many open pages would slow the intake.
/// </summary>
internal sealed class LiveFeed : IAsyncDisposable
{
    public static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(500);
    public static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(1);

    private readonly PageRefresher _refresher;
    private readonly IDisposable _subscription;
    private readonly ITimer _timer;

    private readonly Visibility _visibility;

    /// <param name="minInterval">For a page of which the data change less often; null for <see cref="MinInterval"/>.</param>
    public LiveFeed(TimelineStore store, TimeProvider clock, Visibility visibility, Func<CancellationToken, Task> refresh, TimeSpan? minInterval = null)
    {
        _visibility = visibility;
        _refresher = new PageRefresher(minInterval ?? MinInterval, clock, visibility, refresh);
        _subscription = store.Subscribe(Wake);
        _timer = clock.CreateTimer(_ => Wake(), null, MaxInterval, MaxInterval);
        _refresher.Start();
    }

    /// <summary>The user chose something else to look at.</summary>
    public void RefreshNow() => _refresher.RequestNow();

    private void Wake()
    {
        if (!_visibility.IsHidden)
            _refresher.Request();
    }

    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        await _timer.DisposeAsync();
        await _refresher.DisposeAsync();
    }
}
