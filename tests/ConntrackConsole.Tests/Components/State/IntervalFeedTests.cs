using ConntrackConsole.Components.State;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Components.State;

public sealed class IntervalFeedTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _clock = new();
    private readonly SemaphoreSlim _refreshed = new(0);
    private readonly Visibility _visibility = new();
    private int _refreshes;

    [Fact]
    public async Task Feed_RefreshesNow_AndAtTheInterval()
    {
        await using var feed = Start();
        await RefreshedAsync();
        await AdvanceUntilRefreshedAsync();
        Assert.Equal(2, _refreshes);
    }

    [Fact]
    public async Task Feed_UserChoseSomethingElse_RefreshesAtOnce()
    {
        await using var feed = Start();
        await RefreshedAsync();
        feed.RefreshNow();
        await RefreshedAsync();
        Assert.Equal(2, _refreshes);
    }

    [Fact]
    public async Task Feed_PageIsHidden_RefreshesWhenItIsVisibleAgain()
    {
        await using var feed = Start();
        await RefreshedAsync();
        _visibility.Set(true);
        _clock.Advance(Interval * 3);
        Assert.Equal(1, _refreshes);

        _visibility.Set(false);
        await RefreshedAsync();
        Assert.Equal(2, _refreshes);
    }

    [Fact]
    public async Task Feed_Disposed_DoesNotRefresh()
    {
        var feed = Start();
        await RefreshedAsync();
        await feed.DisposeAsync();
        _clock.Advance(Interval * 3);
        _visibility.Set(true);
        _visibility.Set(false);
        Assert.Equal(1, _refreshes);
    }

    public void Dispose() => _refreshed.Dispose();

    private IntervalFeed Start() => new(Interval, _clock, _visibility, RefreshAsync);

    private Task RefreshAsync(CancellationToken ct)
    {
        _refreshes++;
        _refreshed.Release();
        // The second refresh blocks, so that advancing the clock until it begins does not cause a third one.
        return _refreshes < 2 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, ct);
    }

    private async Task RefreshedAsync() => Assert.True(await _refreshed.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));

    // The loop starts its delay shortly after the refresh; an Advance before that has no effect.
    private async Task AdvanceUntilRefreshedAsync()
    {
        for (int tries = 0; tries < 1200; tries++)
        {
            _clock.Advance(Interval);
            if (await _refreshed.WaitAsync(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken))
                return;
        }

        Assert.Fail("The feed did not refresh.");
    }
}
