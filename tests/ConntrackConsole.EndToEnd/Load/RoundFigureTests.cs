using ConntrackConsole.Bench.Load;
using Xunit;

namespace ConntrackConsole.EndToEnd.Load;

/// <summary>The medians of a load that is repeated.</summary>
public sealed class RoundFigureTests
{
    [Fact]
    public void Of_OneRound_IsThatRound()
    {
        var rows = RoundFigure.Of([[("cores", 0.5, "", "busy"), ("RSS", 300, "MB", "")]]);

        Assert.Equal([new RoundFigure("cores", 0.5, 0.5, 0.5, "", "busy"), new RoundFigure("RSS", 300, 300, 300, "MB", "")], rows);
    }

    [Fact]
    public void Of_Rounds_IsTheMedianOfEachNameWithItsDetail()
    {
        var rows = RoundFigure.Of([[("cores", 3, "", "c"), ("RSS", 1, "MB", "x")], [("cores", 1, "", "a"), ("RSS", 2, "MB", "y")], [("cores", 2, "", "b")]]);

        Assert.Equal([new RoundFigure("cores", 2, 1, 3, "", "b"), new RoundFigure("RSS", 1.5, 1, 2, "MB", "x")], rows);
    }

    [Theory]
    [InlineData(3, 2, 3, double.NaN)]
    [InlineData(double.NaN, 2, double.NaN, double.NaN)]
    public void Of_NotReached_IsTheHighest(double median, double a, double b, double c)
    {
        var row = Assert.Single(RoundFigure.Of([[("ready", c, "s", "")], [("ready", a, "s", "")], [("ready", b, "s", "")]]));

        Assert.Equal((median, a, double.NaN), (row.Value, row.Min, row.Max));
    }
}
