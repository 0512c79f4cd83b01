using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Timeline;

/// <summary>Gaps of many nodes are shown as few, which cover the same columns.</summary>
public sealed class ShownGapsTests
{
    private const long FromMs = 1_000_000, StepMs = 1000;
    private const int Columns = 60;

    [Fact]
    public void FewNodes_StayAsTheyAre()
    {
        var gaps = Silent(ShownGaps.MaxNodes);

        Assert.Equal(gaps, ShownGaps.Of(View(gaps)));
    }

    [Fact]
    public void ThousandsOfSilentNodes_AreOneGap_InTheBytesOfThePageToo()
    {
        var view = View(Silent(5_000));

        var shown = Assert.Single(ShownGaps.Of(view));

        Assert.Equal(("5,000 nodes", GapKind.Silent, FromMs, FromMs + 30_000 + 4_999), (shown.Node, shown.Kind, shown.FromMs, shown.ToMs));
        Assert.Equal("5,000 nodes (node0000, node0001, node0002 and 4,997 more): no frames.", shown.Text);
        Assert.Single(ViewBytes.Of(view, 8, true, null).Gaps);
    }

    [Fact]
    public void GapOfTheConsoleItself_KeepsItsText_AndUnorderedGapsAreOrdered()
    {
        GapSpan late = new("node-a", GapKind.Silent, FromMs + 9_000, FromMs + 10_000, "a"), early = new("node-b", GapKind.Silent, FromMs, FromMs + 1_000, "b");
        Assert.Equal([early, late], ShownGaps.Of(View([late, early])));

        var own = new GapSpan(null, GapKind.Silent, FromMs, FromMs + 5_000, "The frames are kept.");
        Assert.Contains(own, ShownGaps.Of(View([.. Silent(10), own])));
    }

    /// <summary>A second with data is never hatched, and one without always.</summary>
    [Fact]
    public void RandomGaps_CoverTheSameColumns_AndAreNoMoreThanTheseOfEachKind()
    {
        int merged = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var gaps = new List<GapSpan>();
            for (int i = random.Next(300); i >= 0; i--)
            {
                long from = FromMs + random.Next(-20_000, 60_000);
                gaps.Add(new GapSpan(random.Next(10) == 0 ? null : $"node{random.Next(20)}", (GapKind)random.Next(1, 9), from, from + random.Next(random.Next(2) == 0 ? 500 : 9_000), ""));
            }

            gaps.Sort((a, b) => a.FromMs.CompareTo(b.FromMs));
            var shown = ShownGaps.Of(View(gaps));
            merged += gaps.Count - shown.Count;

            Assert.Equal(Covered(gaps), Covered(shown));
            Assert.Equal(shown.OrderBy(gap => gap.FromMs), shown);
            if (gaps.Select(gap => gap.Node).Distinct().Count() > ShownGaps.MaxNodes)
                Assert.All(shown.Where(gap => gap.ToMs >= FromMs && gap.Node is not null).GroupBy(gap => gap.Kind), kind => Assert.InRange(kind.Count(), 1, Columns + 1));
        }

        Assert.InRange(merged, 1_000, int.MaxValue);
    }

    // The columns that wwwroot/js/view.js marks, for each kind.
    private static HashSet<(GapKind Kind, int Column)> Covered(IEnumerable<GapSpan> gaps)
    {
        var columns = new HashSet<(GapKind, int)>();
        foreach (var gap in gaps)
        {
            int from = (int)Math.Max(0, Math.Floor((gap.FromMs - FromMs) / (double)StepMs)), to = (int)Math.Min(Columns, Math.Ceiling((gap.ToMs - FromMs) / (double)StepMs));
            for (int column = from; column < to; column++)
                columns.Add((gap.Kind, column));
        }

        return columns;
    }

    private static List<GapSpan> Silent(int nodes) =>
        [.. Enumerable.Range(0, nodes).Select(n => new GapSpan($"node{n:0000}", GapKind.Silent, FromMs + n, FromMs + 30_000 + n, $"node{n:0000}: no frames for 30 s."))];

    private static TimelineView View(IReadOnlyList<GapSpan> gaps) =>
        new(FromMs, FromMs + (Columns * StepMs), StepMs, Columns, [], [], new ResetLane([], [], []), gaps, [], FromMs + (Columns * StepMs));
}
