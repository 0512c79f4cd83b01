using ConntrackConsole.Components.Controls.Timeline;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Timeline;

public sealed class TimelineWindowTests
{
    [Theory]
    [InlineData(300_000, 1000, 1_000)]
    [InlineData(900_000, 1000, 1_000)]
    [InlineData(3_600_000, 1000, 5_000)]
    [InlineData(3_600_000, 340, 15_000)]
    [InlineData(86_400_000, 900, 120_000)]
    [InlineData(86_400_000, 10, 1_800_000)]
    [InlineData(92 * 86_400_000L, 900, 21_600_000)]
    public void For_ARangeAndAWidth_TakesTheFinestStepThatFits(long range, int width, long step)
    {
        Assert.Equal(step, TimelineWindow.For(range, Views.NowMs, width).StepMs);
    }

    [Fact]
    public void For_TheNextMoment_KeepsEveryValueInItsColumn()
    {
        var first = TimelineWindow.For(3_600_000, Views.NowMs + 1, 700);
        for (long later = 0; later < 30_000; later += 700)
        {
            var window = TimelineWindow.For(3_600_000, Views.NowMs + later, 700);
            Assert.Equal(0, window.FromMs % window.StepMs);
            Assert.Equal(first.Columns, window.Columns);
            Assert.True(window.ToMs >= Views.NowMs + later);
        }
    }
}
