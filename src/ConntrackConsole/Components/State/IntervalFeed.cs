namespace ConntrackConsole.Components.State;

/// <summary>Refreshes a page of stored facts, which have no change signal of their own, at a fixed interval while it is visible.</summary>
internal sealed class IntervalFeed : IAsyncDisposable
{
    private readonly PageRefresher _refresher;
    private readonly ITimer _timer;

    public IntervalFeed(TimeSpan interval, TimeProvider clock, Visibility visibility, Func<CancellationToken, Task> refresh)
    {
        _refresher = new PageRefresher(interval, clock, visibility, refresh);
        _timer = clock.CreateTimer(_ =>
        {
            if (!visibility.IsHidden)
                _refresher.Request();
        }, null, interval, interval);
        _refresher.Start();
    }

    /// <summary>The user chose something else to look at.</summary>
    public void RefreshNow() => _refresher.RequestNow();

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _refresher.DisposeAsync();
    }
}
