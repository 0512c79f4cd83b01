using ConntrackConsole.Ingest;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Ingest;

/// <summary>Which addresses have a place in a list of limited length, and whether some have none.</summary>
public sealed class WatchListPublisherTests
{
    [Theory]
    [InlineData(0, 0, 0, false)]
    [InlineData(WatchList.MaxPodIps, 0, 0, false)]
    [InlineData(WatchList.MaxPodIps + 1, 0, 0, true)]
    [InlineData(WatchList.MaxPodIps - 5, 2, 3, false)]
    [InlineData(WatchList.MaxPodIps - 5, 3, 3, true)]
    [InlineData(0, 50, 200, false)]
    [InlineData(0, 51, 0, true)]
    [InlineData(0, 0, 201, true)]
    public void Select_IsFull_WhereAnAddressHasNoPlace(int ended, int untranslated, int suspected, bool isFull)
    {
        var (watched, full) = WatchListPublisher.Select(max => Addresses(1, Math.Min(ended, max)), Addresses(2, untranslated), Addresses(3, suspected));

        Assert.Equal(isFull, full);
        Assert.True(watched.Count <= WatchList.MaxPodIps);
        Assert.Equal(watched.Count, watched.Distinct().Count());
    }

    /// <summary>In a cluster that has run for long, a thousand addresses have ended at any time.</summary>
    [Fact]
    public void Select_PodsOfSilentNodes_HaveAPlaceBeforeThoseThatEndedLongAgo()
    {
        var suspected = Addresses(3, 20);
        var (watched, _) = WatchListPublisher.Select(max => Addresses(1, max), Addresses(2, 5), suspected);

        Assert.Equal(WatchList.MaxPodIps, watched.Count);
        Assert.Empty(suspected.Except(watched));
    }

    private static List<Ip> Addresses(int net, int count) => [.. Enumerable.Range(0, count).Select(i => Ip.Parse($"10.{net}.{i / 200}.{i % 200}"))];
}
