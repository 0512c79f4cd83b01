using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components.State;
using ConntrackConsole.Timeline.Live;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Components.State;

public sealed class LiveFeedTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly TimelineStore _store;
    private readonly SemaphoreSlim _refreshed = new(0);
    private readonly Visibility _visibility = new();
    private int _refreshes;

    public LiveFeedTests() => _store = new TimelineStore(new ClusterState(_clock), _clock);

    [Fact]
    public async Task Feed_ManyChangesAtOnce_RefreshesOnceNowAndOnceLater()
    {
        await using var feed = new LiveFeed(_store, _clock, _visibility, RefreshAsync);
        await RefreshedAsync();

        for (int i = 0; i < 500; i++)
            _store.Disconnected("node-a");
        Assert.Equal(1, _refreshes);
        await AdvanceUntilRefreshedAsync(LiveFeed.MinInterval);

        Assert.Equal(2, _refreshes);
    }

    [Theory]
    [InlineData(0, 500)]
    [InlineData(180, 500)]
    [InlineData(499, 500)]
    [InlineData(500, 1_000)]
    public void Feed_PagesOpenedAtDifferentMoments_RefreshAtTheSame(int atMs, int nextMs)
    {
        var now = _clock.GetUtcNow().AddMilliseconds(atMs);

        Assert.Equal(nextMs - atMs, PageRefresher.UntilNext(now, LiveFeed.MinInterval).TotalMilliseconds);
    }

    [Fact]
    public async Task Feed_UserChoseSomethingElse_RefreshesAtOnce()
    {
        await using var feed = new LiveFeed(_store, _clock, _visibility, RefreshAsync);
        await RefreshedAsync();

        feed.RefreshNow();
        await RefreshedAsync();

        Assert.Equal(2, _refreshes);
    }

    [Fact]
    public async Task Feed_NoChanges_RefreshesOnceASecond()
    {
        await using var feed = new LiveFeed(_store, _clock, _visibility, RefreshAsync);
        await RefreshedAsync();

        await AdvanceUntilRefreshedAsync(LiveFeed.MaxInterval);

        Assert.Equal(2, _refreshes);
    }

    [Fact]
    public async Task Feed_Disposed_DoesNotRefresh()
    {
        var feed = new LiveFeed(_store, _clock, _visibility, RefreshAsync);
        await RefreshedAsync();
        await feed.DisposeAsync();

        _store.Disconnected("node-a");
        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(1, _refreshes);
    }

    [Fact]
    public async Task Feed_NotVisibleAtItsStart_RefreshesWhenItIs()
    {
        _visibility.Set(true);
        await using var feed = new LiveFeed(_store, _clock, _visibility, RefreshAsync);
        _store.Disconnected("node-a");
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.False(await _refreshed.WaitAsync(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken));

        _visibility.Set(false);
        await RefreshedAsync();
        Assert.Equal(1, _refreshes);
    }

    private Task RefreshAsync(CancellationToken ct)
    {
        _refreshes++;
        _refreshed.Release();
        // The second refresh blocks, so that advancing the clock until it begins does not cause a third one.
        return _refreshes < 2 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, ct);
    }

    private async Task RefreshedAsync() => Assert.True(await _refreshed.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));

    // The loop starts its delay shortly after the refresh; an Advance before that has no effect.
    private async Task AdvanceUntilRefreshedAsync(TimeSpan by)
    {
        for (int tries = 0; tries < 1200; tries++)
        {
            _clock.Advance(by);
            if (await _refreshed.WaitAsync(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken))
                return;
        }

        Assert.Fail("The feed did not refresh.");
    }

    public void Dispose() => _refreshed.Dispose();
}
