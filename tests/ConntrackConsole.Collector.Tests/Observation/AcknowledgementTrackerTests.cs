using ConntrackConsole.Collector.Observation;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

public class AcknowledgementTrackerTests
{
    private const uint Unacknowledged = 300;

    [Fact]
    public void Idle_TimeoutOnlyFalls_IsNeither()
    {
        var look = Seen(86400, 86399, 86398, 86398, 86396); // whole seconds: a sample can be early or late
        Assert.False(look.EverRose || look.IsUnacknowledged(4000));
    }

    [Fact]
    public void Busy_AlwaysAtItsFullTimeout_IsAlive() => Assert.True(Seen(86400, 86400, 86400, 86400).IsAlive(3000));

    [Fact]
    public void Busy_UnacknowledgedInEverySecondSample_IsAlive()
    {
        var look = Seen(300, 86400, 300, 86400, 300);
        Assert.True(look.IsAlive(4000) && !look.IsUnacknowledged(4000));
    }

    [Fact]
    public void Hung_RetransmissionsRefreshTheShortTimeout_IsUnacknowledgedSinceTheFirstSample()
    {
        var look = Seen(299, 300, 299, 298, 300, 299, 298, 297, 296, 295, 300);
        Assert.True(look is { EverRose: false, UnacknowledgedSamples: 11, UnacknowledgedSinceMs: 1 } && look.IsUnacknowledged(10_000));
    }

    [Fact]
    public void Hung_AfterAnAnswer_IsUnacknowledgedOnceTheAnswerIsOld()
    {
        var look = Seen(300, 86400, 300, 299, 300); // A retransmission set the short timeout again.
        Assert.False(look.IsUnacknowledged(4000));
        Assert.True(look.IsUnacknowledged(1000 + AcknowledgementTracker.AliveForMs + 1));
    }

    [Fact]
    public void Idle_ThenUsedWithoutAnswer_IsUnacknowledgedFromThenOn()
    {
        var look = Seen(80000, 79999, 300, 299);
        Assert.True(look is { EverRose: false, UnacknowledgedSamples: 2 });
    }

    // A stray reset of an idle entry: under be_liberal or ignore_invalid_rst 10 s are left, after a challenge ACK 299 s; a first look
    // may come later. Both sockets are up.
    [Theory]
    [InlineData(86400u, 86399u, 10u, 9u, 8u)]
    [InlineData(86400u, 86399u, 299u, 298u, 297u)]
    [InlineData(10u, 9u, 8u, 7u, 6u)]
    [InlineData(174u, 173u, 172u, 171u, 170u)]
    public void Idle_TimeoutThatFell_IsNotUnacknowledged(uint first, uint second, uint third, uint fourth, uint fifth)
    {
        var look = Seen(first, second, third, fourth, fifth);
        Assert.True(look.ProvesNothing && !look.IsUnacknowledged(60_000) && !look.IsAlive(60_000));
    }

    [Fact]
    public void Hung_FellAndIsRetransmitted_IsUnacknowledged() => Assert.True(Seen(86400, 300, 299, 298, 300, 299, 298).IsUnacknowledged(60_000));

    [Theory]
    [InlineData(298u)] // The first look comes in the middle of a pause.
    [InlineData(300u, 299u, 298u)]
    [InlineData(298u, 300u, 299u)] // Retransmitted since: it backs off until an answer comes.
    [InlineData(86400u, 300u, 299u, 298u, 300u, 299u, 298u)]
    public void Hung_PausesBetweenRetransmissions_BacksOff(params uint[] timeouts) => Assert.True(Seen(timeouts).IsBackingOff(60_000));

    [Theory]
    [InlineData(300u, 299u, 300u, 299u)] // A stream: some of its data waits at any moment, and each packet renews the timeout.
    [InlineData(298u, 300u, 300u, 300u)] // A stream that lost a packet, and goes on.
    [InlineData(298u, 86400u)] // Answered.
    [InlineData(298u, 86400u, 300u)]
    [InlineData(86400u, 86399u, 299u, 298u, 297u)] // Cut by a stray reset.
    [InlineData(289u, 288u, 287u)] // Nothing was sent lately.
    [InlineData(86400u, 86399u, 86398u)] // Idle.
    public void Look_ThatIsNoSenderBackingOff(params uint[] timeouts) => Assert.False(Seen(timeouts).IsBackingOff(60_000));

    [Fact]
    public void BackingOff_WithinSecondsOfAnAnswer_IsNotYet()
    {
        var look = Seen(300, 86400, 300, 299, 300, 299, 298);
        Assert.False(look.IsBackingOff(1000 + AcknowledgementTracker.AliveForMs - 1));
        Assert.True(look.IsBackingOff(1000 + AcknowledgementTracker.AliveForMs + 1));
    }

    private static AcknowledgementTracker Seen(params uint[] timeouts)
    {
        var look = default(AcknowledgementTracker);
        for (int second = 0; second < timeouts.Length; second++)
            look.Next(timeouts[second], Unacknowledged, (second * 1000) + 1);
        return look;
    }
}
