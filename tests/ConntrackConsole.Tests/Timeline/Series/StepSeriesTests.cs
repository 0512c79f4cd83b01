using ConntrackConsole.Timeline.Series;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.Series;

public class StepSeriesTests
{
    private const long T0 = 1_700_000_000_000;

    [Fact]
    public void Slice_AfterRandomAddsAndTrims_HasTheStepsOfAPlainList()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var series = new StepSeries();
            var pages = new StepPages();
            var plain = new List<Step>();
            long atMs = T0;
            for (int i = 0; i < 200; i++)
            {
                atMs += random.Next(4) == 0 ? random.Next(10_000_000) : random.Next(2_000);
                if (random.Next(20) == 0)
                {
                    long beforeMs = atMs - random.Next(60_000);
                    int drop = plain.FindLastIndex(step => step.AtMs <= beforeMs);
                    plain.RemoveRange(0, Math.Max(0, drop));
                    bool isOver = plain.Count == 0 || (plain is [{ Live: 0, Closing: 0 } only] && only.AtMs <= beforeMs);
                    Assert.Equal(isOver, series.Trim(beforeMs, pages));
                }

                if (pages.IsWasteful && random.Next(3) == 0)
                {
                    pages = new StepPages(series.Needs);
                    series.MoveTo(pages);
                }

                var (live, closing) = (random.Next(5) == 0 ? 0 : random.Next(2_000_000), random.Next(3));
                var last = plain.Count > 0 ? plain[^1] : default;
                if ((last.Live, last.Closing) != (live, closing))
                    plain.Add(new Step(atMs, live, closing));
                series.Add(atMs, live, closing, pages);
                Assert.Equal(plain, Steps(series.Slice()));
            }
        }
    }

    [Fact]
    public void Slice_MoreIsAddedAndTrimmed_StaysAsItWas()
    {
        var series = new StepSeries();
        var pages = new StepPages();
        var slices = new List<(StepSlice Slice, List<Step> Steps)>();
        for (int i = 1; i < 500; i++)
        {
            series.Add(T0 + (i * 1_000), i % 7, i % 2, pages);
            slices.Add((series.Slice(), Steps(series.Slice())));
            if (i % 50 == 0)
                series.Trim(T0 + ((i - 30) * 1_000), pages);
        }

        Assert.All(slices, taken => Assert.Equal(taken.Steps, Steps(taken.Slice)));
    }

    [Fact]
    public void Add_AfterMoreThanSevenWeeks_KeepsTheValueUntilThen()
    {
        var (series, pages) = (new StepSeries(), new StepPages());
        series.Add(T0, 3, 1, pages);
        long laterMs = T0 + (60L * 24 * 3_600_000);
        series.Add(laterMs, 4, 0, pages);
        var steps = Steps(series.Slice());
        Assert.Equal((3, 1), (steps[0].Live, steps[0].Closing));
        Assert.Equal(new Step(laterMs, 4, 0), steps[^1]);
    }

    [Fact]
    public void Add_ASmallChangeASecond_TakesFourBytes()
    {
        var (series, pages) = (new StepSeries(), new StepPages());
        for (int i = 0; i < 10_000; i++)
            series.Add(T0 + (i * 1_000), 10 + (i % 3), 0, pages);
        Assert.InRange(series.Needs, 1, 10_000 * 4 * 5 / 4);
    }

    private static List<Step> Steps(StepSlice slice)
    {
        var steps = new List<Step>();
        foreach (var step in slice)
            steps.Add(step);
        Assert.Equal(slice.Count, steps.Count);
        return steps;
    }
}
