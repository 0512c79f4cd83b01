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
        var look = Seen(300, 86400, 300, 299, 298);
        Assert.False(look.IsUnacknowledged(4000));
        Assert.True(look.IsUnacknowledged(1000 + AcknowledgementTracker.AliveForMs + 1));
    }

    [Fact]
    public void Idle_ThenUsedWithoutAnswer_IsUnacknowledgedFromThenOn()
    {
        var look = Seen(80000, 79999, 300, 299);
        Assert.True(look is { EverRose: false, UnacknowledgedSamples: 2 });
    }

    private static AcknowledgementTracker Seen(params uint[] timeouts)
    {
        var look = default(AcknowledgementTracker);
        for (int second = 0; second < timeouts.Length; second++)
            look.Next(timeouts[second], Unacknowledged, (second * 1000) + 1);
        return look;
    }
}
