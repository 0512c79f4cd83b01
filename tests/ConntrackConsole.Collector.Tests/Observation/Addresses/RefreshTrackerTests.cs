using ConntrackConsole.Collector.Observation;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation.Addresses;

/// <summary>Entries with senders that renew the timeout, second by second.</summary>
public class RefreshTrackerTests
{
    [Fact]
    public void IsRefreshed_WhileItsSenderSends_AndTenSecondsLonger()
    {
        var tracker = Sampled(20, sent => sent is 5 or 8, 120);

        Assert.False(Sampled(20, _ => false, 120).IsRefreshed(20_000));
        Assert.True(tracker.IsRefreshed(18_000));
        Assert.False(tracker.IsRefreshed(19_000));
    }

    /// <summary>A look-up that was a second late, and later one in time: the expiry seems to move, and no packet came.</summary>
    [Theory]
    [InlineData(0u, true)]
    [InlineData(120u, false)]
    public void IsRefreshed_AfterALateLookup_NeedsAPacket_WhereItsTimeIsKnown(uint full, bool expected)
    {
        var tracker = default(RefreshTracker);
        tracker.Next(118, 1_050, full);
        tracker.Next(80, 41_000, full);

        Assert.Equal(expected, tracker.IsRefreshed(41_000));
    }

    /// <summary>The remaining timeout shows when the last packet came, to a second: no waiting for its growth.</summary>
    [Theory]
    [InlineData(new[] { 0, 1, 2 }, 2_500, true)]
    [InlineData(new[] { 0, 1 }, 4_000, false)] // Its sender has stopped.
    [InlineData(new[] { 0 }, 1_000, false)] // One packet, before the first look-up: nothing is sent again.
    public void IsSending_WithinTwoSecondsOfACertainPacket(int[] sent, long nowMs, bool expected) =>
        Assert.Equal(expected, Sampled((int)(nowMs / 1_000), sent.Contains, 30, 30).IsSending(nowMs));

    /// <summary>A packet of the last second is certain if whole seconds do not hide an earlier one; the look-up is a tenth of a second older than its frame.</summary>
    [Theory]
    [InlineData(119u, 19_900, 20_000, true)]
    [InlineData(120u, 19_900, 20_000, true)]
    [InlineData(119u, 20_080, 20_000, true)] // A busy node.
    [InlineData(118u, 19_900, 20_000, false)]
    [InlineData(119u, 19_800, 20_000, false)]
    [InlineData(119u, 19_900, 21_000, false)]
    public void IsSendingLastSecond_NeedsACertainPacket(uint left, long lookedMs, long frameMs, bool expected)
    {
        var tracker = default(RefreshTracker);
        tracker.Next(119, 0, 120);
        tracker.Next(119, 9_900, 120);
        tracker.Next(left, lookedMs, 120);

        Assert.Equal(expected, tracker.IsSendingLastSecond(frameMs));
    }

    /// <summary>One packet a second is no change of row; of a sender that pauses for longer, rows end after a few.</summary>
    [Theory]
    [InlineData(1, 40, true)]
    [InlineData(4, 12, true)]
    [InlineData(4, 40, false)]
    public void IsSending_OfASlowSender_IsNotReportedWithoutEnd(int interval, int seconds, bool expected) =>
        Assert.Equal(expected, Sampled(seconds, second => second % interval == 0, 30, 30).IsSending(seconds * 1_000));

    /// <summary>A policy gives an entry another timeout: then the time of its last packet is not known.</summary>
    [Theory]
    [InlineData(120, 30u)]
    [InlineData(120, 0u)]
    public void IsSending_WithoutTheTimeout_IsUnknown(uint timeout, uint assumed) => Assert.False(Sampled(3, _ => true, timeout, assumed).IsSending(3_000));

    /// <summary>One connection sends its SYN again at growing intervals; several do at any.</summary>
    [Theory]
    [InlineData(false, new[] { 1, 3, 7, 15, 31 })]
    [InlineData(false, new[] { 1, 2, 3, 4, 5, 7, 11, 19, 35 })]
    [InlineData(false, new[] { 1, 3, 5, 7, 9 })]
    [InlineData(true, new[] { 1, 4, 8, 11, 14, 17, 20, 23, 26, 29, 32, 35 })]
    public void IsReused_OnlyIfTheIntervalsDoNotGrow(bool expected, int[] sent) =>
        Assert.Equal(expected, Sampled(36, sent.Contains, 120).IsReused(36_000));

    private static RefreshTracker Sampled(int seconds, Func<int, bool> isSent, uint timeout, uint full = 0)
    {
        var tracker = default(RefreshTracker);
        uint left = timeout;
        for (int second = 0; second <= seconds; second++, left--)
        {
            if (isSent(second))
                left = timeout;
            tracker.Next(left, second * 1_000L, full);
        }

        return tracker;
    }
}
