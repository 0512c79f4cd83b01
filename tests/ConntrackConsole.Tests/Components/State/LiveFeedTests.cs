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
    private readonly SemaphoreSlim _looked = new(0);
    private int _looks;

    public LiveFeedTests() => _store = new TimelineStore(new ClusterState(_clock), _clock);

    [Fact]
    public async Task Feed_ManySignalsAtOnce_LooksOnceNowAndOnceLater()
    {
        await using var feed = new LiveFeed(_store, _clock, LookAsync);
        await LookedAsync();

        for (int i = 0; i < 500; i++)
            _store.Disconnected("node-a");
        Assert.Equal(1, _looks);
        await AdvanceUntilLookedAsync(LiveFeed.Pace);

        Assert.Equal(2, _looks);
    }

    [Fact]
    public async Task Feed_NoSignalAtAll_LooksOnceASecond()
    {
        await using var feed = new LiveFeed(_store, _clock, LookAsync);
        await LookedAsync();

        await AdvanceUntilLookedAsync(LiveFeed.Beat);

        Assert.Equal(2, _looks);
    }

    [Fact]
    public async Task Feed_Disposed_LooksNoMore()
    {
        var feed = new LiveFeed(_store, _clock, LookAsync);
        await LookedAsync();
        await feed.DisposeAsync();

        _store.Disconnected("node-a");
        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(1, _looks);
    }

    private Task LookAsync(CancellationToken ct)
    {
        _looks++;
        _looked.Release();
        // The second lasts, so that the clock may be advanced until it begins, and no third one comes of it.
        return _looks < 2 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, ct);
    }

    private async Task LookedAsync() => Assert.True(await _looked.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));

    // The loop asks for its delay a moment after it looked; an Advance before that would be lost.
    private async Task AdvanceUntilLookedAsync(TimeSpan by)
    {
        for (int tries = 0; tries < 1200; tries++)
        {
            _clock.Advance(by);
            if (await _looked.WaitAsync(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken))
                return;
        }

        Assert.Fail("The feed did not look again.");
    }

    public void Dispose() => _looked.Dispose();
}
