using ConntrackConsole.Nodes;
using Xunit;

namespace ConntrackConsole.Tests.Nodes;

public class CounterRateTests
{
    private const long T0 = 1_795_400_000_000;

    private readonly CounterRate _rate = new();

    [Fact]
    public void Recent_SeveralSteps_SumsTheirGrowth()
    {
        Feed(0, 300, second => second * 0.5);

        Assert.InRange(_rate.Recent(At(300), 6), 25, 30);
    }

    [Fact]
    public void Recent_OneReading_IsUnknown()
    {
        _rate.Add(At(0), 166);

        Assert.True(double.IsNaN(_rate.Recent(At(0), 6)));
    }

    [Fact]
    public void Baseline_BurstInTheLastMinute_IsTheMedianMinute()
    {
        Feed(0, 3_600, second => second / 60 * 4.0);
        double before = 3_600 / 60 * 4;
        Feed(3_602, 3_660, second => before + ((second - 3_600) * 20));

        var (median, minutes) = _rate.Baseline(At(3_660));

        Assert.Equal(4, median);
        Assert.InRange(minutes, 58, 60);
        Assert.True(_rate.Recent(At(3_660), 6) > 900);
    }

    [Fact]
    public void Recent_CounterReset_IgnoresItsFirstList()
    {
        Feed(0, 120, _ => 5_000);
        Feed(122, 130, second => (second - 120) * 100);
        Feed(132, 180, _ => 1_000);

        Assert.Equal(0, _rate.Recent(At(180), 6));
    }

    [Fact]
    public void Recent_AfterReset_CountsLaterGrowth()
    {
        Feed(0, 60, _ => 5_000);
        Feed(62, 80, _ => 10);
        Feed(82, 100, second => 10 + second - 80);

        Assert.Equal(20, _rate.Recent(At(100), 6));
    }

    [Fact]
    public void Recent_LongPause_IgnoresItsGrowth()
    {
        Feed(0, 60, _ => 10);
        Feed(600, 660, _ => 9_000);

        Assert.Equal(0, _rate.Recent(At(660), 6));
        Assert.True(double.IsNaN(_rate.Recent(At(400), 6)));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-1)]
    public void Add_InvalidNumber_IsSkipped(double value)
    {
        Feed(0, 60, _ => 10);
        _rate.Add(At(62), value);

        Assert.Equal(0, _rate.Recent(At(60), 6));
    }

    [Fact]
    public void Add_ClockSetBack_WaitsUntilItCatchesUp()
    {
        Feed(0, 60, second => second);
        _rate.Add(At(10), 61);
        _rate.Add(At(62), 62);

        Assert.InRange(_rate.Recent(At(62), 6), 40, 62);
    }

    private void Feed(int from, int to, Func<int, double> value)
    {
        for (int second = from; second <= to; second += 2)
            _rate.Add(At(second), value(second));
    }

    private static long At(int second) => T0 + (second * 1_000L);
}
