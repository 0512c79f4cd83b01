using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Timeline;

/// <summary>A browser with a former view and the increment has the view.</summary>
public sealed class ViewIncrementTests
{
    [Fact]
    public void Since_RandomViews_GivesTheWholeView()
    {
        int increments = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            var views = new RandomViews(seed);
            var random = new Random(seed);
            var sent = new List<ShownView> { views.Next() };
            var drawn = DrawnView.Read(sent[0].Whole);
            for (int step = 0; step < 60; step++)
            {
                var next = views.Next();
                // A page may have been late for some of them.
                if (random.Next(6) == 0)
                    continue;
                byte[] bytes = next.Since(sent[^1]);
                bool isWhole = ReferenceEquals(bytes, next.Whole);
                increments += isWhole ? 0 : 1;
                drawn = isWhole ? DrawnView.Read(bytes) : drawn.With(bytes);
                Assert.NotNull(drawn);
                Assert.Equal(DrawnView.Read(next.Whole).ToString(), drawn.ToString());
                sent.Add(next);
            }
        }

        Assert.InRange(increments, 3_000, 6_000);
    }

    [Fact]
    public void Since_AnotherFormerView_IsRefusedByTheReader()
    {
        var (a, b, c) = (Steady(0), Steady(1), Steady(2));

        Assert.Null(DrawnView.Read(a.Whole).With(c.Since(b)));
        Assert.NotNull(DrawnView.Read(b.Whole).With(c.Since(b)));
    }

    [Fact]
    public void Since_OtherColumnsOrAnEarlierWindow_IsTheWholeView()
    {
        var former = Steady(5);

        Assert.All([Steady(4), Steady(5, columns: 300), Steady(400), Steady(6, live: false)], next => Assert.Same(next.Whole, next.Since(former)));
        Assert.NotSame(former.Whole, Steady(6).Since(former));
    }

    [Fact]
    public void Since_PagesWithTheSameView_ShareTheBytes()
    {
        var (former, next) = (Steady(0), Steady(1));

        Assert.Same(next.Since(former), next.Since(former));
    }

    /// <summary>Eight Services with thirty backends each, each of which changes every twelve seconds.</summary>
    [Fact]
    public void Since_OneSecondLater_IsATenthOfTheWhole()
    {
        var (former, next) = (Steady(0), Steady(1));

        Assert.InRange(next.Whole.Length, 18_000, 60_000);
        Assert.InRange(next.Since(former).Length, 100, next.Whole.Length / 10);
    }

    // Each backend counts another number every twelve seconds.
    private static ShownView Steady(int second, int columns = 301, bool live = true)
    {
        int[] known = [.. Enumerable.Range(0, columns).Select(column => column < columns - 1 ? 0 : -1)];
        var lanes = Enumerable.Range(0, 8).Select(lane => new ServiceLane("shop", $"s{lane}", $"10.96.0.{lane}", 80, "tcp",
        [
            .. Enumerable.Range(0, 30).Select(backend => new BackendSeries($"10.1.{lane}.{backend}", 8080, $"shop/s{lane}-{backend}", OwnerState.Live, EntryState.Active,
                [.. Enumerable.Range(0, columns).Select(column => known[column] < 0 ? -1 : 20 + ((second + column + (backend * 7) + lane) / 12 % 5))], known, known)),
        ])).ToList();
        long fromMs = Views.NowMs + (second * 1_000L);
        return ViewBytes.Of(
            new TimelineView(fromMs, fromMs + (columns * 1_000L), 1_000, columns, lanes, [], new ResetLane(known, known, known), [], [], fromMs + (columns * 1_000L)), 8, live, null);
    }
}
