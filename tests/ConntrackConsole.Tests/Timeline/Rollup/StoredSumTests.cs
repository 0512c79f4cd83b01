using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Storage;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Rollup;

/// <summary>Sums of lanes from stored blocks.</summary>
public sealed class StoredSumTests : IAsyncLifetime
{
    private TimelineFixture _console = null!;

    public async ValueTask InitializeAsync()
    {
        _console = await StartAsync();
        _console.Cluster.Watching();
        _console.Cluster.Apply([new ServiceChange(Service(), false)]);
        for (int second = 1; second <= 1_300; second++)
        {
            // The backends' maxima are at different seconds: the sum is constant.
            uint first = (uint)(second % 10);
            _console.Take("node1", Frame((ulong)second, T0 + (second * 1_000L), second % 60 == 1, (Key("10.1.0.5"), first, 0), (Key("10.1.0.7", "10.96.0.11"), 5, 1)));
            _console.Take("node2", Frame((ulong)second, T0 + (second * 1_000L), second % 60 == 1, (Key("10.1.0.6"), 9 - first, 0)));
        }

        _console.Worker.RollUp(all: true);
        _console.CloseLevels();
    }

    public ValueTask DisposeAsync()
    {
        _console.Dispose();
        return default;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(60)]
    public async Task Sum_OfEachLevel_IsOfSeconds_NotOfMaxima(int step)
    {
        var view = await QueryAsync(0, step);
        Assert.False(view.SumsAreUpperBounds);
        Assert.Equal(["checkout", ""], view.Services.Select(lane => lane.Name));
        Assert.All(view.Services, lane => Assert.True(lane.OmitsBackends && lane.Backends.Count == 0));
        Assert.All(view.Services[0].Sum!.Entries, value => Assert.Equal(9, value));
        Assert.All(view.Services[1].Sum!.Closing, value => Assert.Equal(1, value));
        Assert.All(view.Sum!.Entries, value => Assert.Equal(14, value));
    }

    [Fact]
    public async Task Lanes_SomeOrAll_HaveTheirBackends_AndTheSameSums()
    {
        var (none, one, all) = (await QueryAsync(0, 10), await QueryAsync(1, 10), await QueryAsync(null, 10));
        // An address without a name is the first.
        Assert.Equal([true, false], one.Services.Select(lane => lane.OmitsBackends));
        Assert.Equal("10.1.0.7", Assert.Single(one.Services[1].Backends).BackendIp);
        Assert.Equal(["10.1.0.5", "10.1.0.6"], (await QueryAsync(2, 10)).Services[0].Backends.Select(backend => backend.BackendIp));
        Assert.Equal(3, all.Services.Sum(lane => lane.Backends.Count));
        foreach (var view in (TimelineView[])[one, all])
        {
            Assert.Equal(none.Sum!.Entries, view.Sum!.Entries);
            Assert.Equal(none.Services.Select(lane => string.Join(' ', lane.Sum!.Entries)), view.Services.Select(lane => string.Join(' ', lane.Sum!.Entries)));
        }
    }

    [Fact]
    public async Task Sum_OfBlocksWithoutSums_IsDerived_AndSaysSo()
    {
        // As an earlier version wrote the cluster's blocks.
        foreach (var level in Level.All)
        {
            var block = new Block(level.Columns);
            foreach (long atMs in _console.Blocks.ReadWithin(BlockKind.Service, level, BlockArchive.Cluster, 0, long.MaxValue, block).ToList())
            {
                Assert.True(_console.Blocks.Read(BlockKind.Service, level, BlockArchive.Cluster, atMs, block));
                block.Series.Clear();
                _console.Blocks.Put(BlockKind.Service, level, BlockArchive.Cluster, atMs, block);
            }
        }

        var seconds = await QueryAsync(0, 1);
        Assert.False(seconds.SumsAreUpperBounds);
        Assert.All(seconds.Services[0].Sum!.Entries, value => Assert.Equal(9, value));
        var coarse = await QueryAsync(0, 10);
        Assert.True(coarse.SumsAreUpperBounds);
        Assert.All(coarse.Services[0].Sum!.Entries, value => Assert.Equal(18, value));
    }

    private Task<TimelineView> QueryAsync(int? lanes, int step) =>
        _console.History.QueryAsync(new TimelineQuery(T0, T0 + 1_200_000, 1_200 / step, Lanes: lanes), TestContext.Current.CancellationToken);
}
