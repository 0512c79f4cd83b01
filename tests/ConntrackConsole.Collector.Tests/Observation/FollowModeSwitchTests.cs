using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

public class FollowModeSwitchTests
{
    private readonly FollowModeSwitch _switch = new(pairsPerSecond: 100, seconds: 3, dumpOnlySeconds: 10);

    [Fact]
    public void Mode_AboveTheRateForTheLimit_IsDumpOnly()
    {
        Assert.False(_switch.EndSecond(202, overrun: false));
        Assert.False(_switch.EndSecond(202, overrun: false));
        Assert.True(_switch.EndSecond(202, overrun: false));

        Assert.Equal(FollowMode.DumpOnly, _switch.Mode);
    }

    [Fact]
    public void Mode_WithOneQuietSecondBetween_StaysWithEvents()
    {
        foreach (long events in (long[])[202, 202, 200, 202, 202, 0])
            Assert.False(_switch.EndSecond(events, overrun: false));

        Assert.Equal(FollowMode.Events, _switch.Mode);
    }

    [Fact]
    public void Overruns_CountAsAboveTheRate()
    {
        for (int second = 0; second < 3; second++)
            _switch.EndSecond(0, overrun: true);

        Assert.Equal(FollowMode.DumpOnly, _switch.Mode);
    }

    [Fact]
    public void Storm_ThatContinues_IsProbedWithGrowingIntervals()
    {
        Assert.Equal([3, 10, 1, 20, 1, 40, 1], Lengths(7, () => 1000));
    }

    [Fact]
    public void Storm_ThatEnds_ReturnsToEventsAndResetsTheLimits()
    {
        Lengths(1, () => 1000);
        Assert.Equal([10], Lengths(1, () => 0));
        Assert.Equal(FollowMode.Events, _switch.Mode);
        Assert.False(_switch.EndSecond(10, overrun: false));

        Assert.Equal([3, 10], Lengths(2, () => 1000));
    }

    // How many seconds each mode lasted.
    private List<int> Lengths(int changes, Func<long> events)
    {
        var lengths = new List<int>();
        for (int length = 1; lengths.Count < changes; length++)
        {
            if (!_switch.EndSecond(events(), overrun: false))
                continue;
            lengths.Add(length);
            length = 0;
        }

        return lengths;
    }
}
