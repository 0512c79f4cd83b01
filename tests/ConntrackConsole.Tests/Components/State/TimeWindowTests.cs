using ConntrackConsole.Components.State;
using Xunit;

namespace ConntrackConsole.Tests.Components.State;

/// <summary>What the keys [ ] z do to the window of a page.</summary>
public sealed class TimeWindowTests
{
    private const long Now = 1_800_000_000_000;

    private static readonly TimeWindow Live = new(300_000, null);

    [Fact]
    public void Panned_EarlierThanLive_IsFixedHalfARangeBefore() => Assert.Equal(new TimeWindow(300_000, Now - 150_000), Live.Panned(-1, Now));

    [Fact]
    public void Panned_LaterThanThePresent_IsLiveAgain()
    {
        Assert.Equal(Live, Live.Panned(1, Now));
        Assert.Equal(Live, new TimeWindow(300_000, Now - 150_000).Panned(1, Now));
        // A live view has a preset range.
        Assert.Equal(new TimeWindow(900_000, null), new TimeWindow(600_000, Now - 1_000).Panned(1, Now));
        Assert.Equal(new TimeWindow(300_000, Now - 450_000), new TimeWindow(300_000, Now - 600_000).Panned(1, Now));
    }

    [Fact]
    public void ZoomedOut_Live_IsTheNextPreset_AndTheLastStays()
    {
        Assert.Equal(new TimeWindow(900_000, null), Live.ZoomedOut(Now));
        Assert.Equal(new TimeWindow(86_400_000, null), new TimeWindow(86_400_000, null).ZoomedOut(Now));
    }

    [Fact]
    public void ZoomedOut_Fixed_IsTwiceTheRange_NotBeyondThePresent()
    {
        Assert.Equal(new TimeWindow(600_000, Now - 450_000), new TimeWindow(300_000, Now - 600_000).ZoomedOut(Now));
        Assert.Equal(new TimeWindow(600_000, Now), new TimeWindow(300_000, Now - 1_000).ZoomedOut(Now));
    }
}
