using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.Rollup;

public sealed class FollowTests
{
    private const long T0 = TimelineFixture.T0;
    private int _reads;

    [Fact]
    public async Task Window_Moving_IsReadOncePerThreeSecondsAndShifted()
    {
        var stored = new StoredParts();
        var first = await QueryAsync(stored, 0);
        var second = await QueryAsync(stored, 2_000);

        Assert.Equal(1, _reads);
        Assert.True(first.Lanes.Known[5]);
        Assert.True(second.Lanes.Known[3]);
        Assert.False(second.Lanes.Known[5]);

        await QueryAsync(stored, 3_000);
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task Window_Modified_KeepsCachedOneUnchanged()
    {
        var stored = new StoredParts();
        var first = await QueryAsync(stored, 0);
        first.Lanes.Resets[5, 0] = 7;

        Assert.Equal(0, (await QueryAsync(stored, 0)).Lanes.Resets[5, 0]);
    }

    [Fact]
    public async Task Window_OtherMemoryStart_IsReadAgain()
    {
        var stored = new StoredParts();
        await QueryAsync(stored, 0);
        await QueryAsync(stored, 1_000, liveMs: T0 + 1);

        Assert.Equal(2, _reads);
    }

    private Task<StoredPart> QueryAsync(StoredParts stored, long afterMs, long liveMs = T0)
    {
        var query = new TimelineQuery(T0 + afterMs - 10_000, T0 + afterMs, 10);
        return stored.GetAsync(query, 1_000, liveMs, T0 + afterMs, () =>
        {
            _reads++;
            var lanes = new StoredLanes(query.FromMs, 1_000, 10);
            lanes.Known[5] = true;
            lanes.Close(10);
            return Task.FromResult(new StoredPart(lanes, [], [], [], [], [], null!));
        });
    }
}
