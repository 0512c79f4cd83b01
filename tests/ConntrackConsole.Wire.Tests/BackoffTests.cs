using Xunit;

namespace ConntrackConsole.Wire.Tests;

public class BackoffTests
{
    [Fact]
    public void Next_GrowsByTheFactor_UpToTheMaximum()
    {
        var backoff = new Backoff { Min = TimeSpan.FromSeconds(15), Max = TimeSpan.FromHours(1), Factor = 3 };
        Assert.Equal([15, 45, 135, 405, 1215, 3600, 3600], Enumerable.Range(0, 7).Select(_ => backoff.Next().TotalSeconds));
        backoff.Reset();
        Assert.Equal(15, backoff.Next().TotalSeconds);
    }

    [Fact]
    public void Next_ManyTimes_NeverOverflows()
    {
        var backoff = new Backoff { Min = TimeSpan.FromSeconds(1), Max = TimeSpan.MaxValue };
        for (int i = 0; i < 1000; i++)
            backoff.Next();
        Assert.Equal(TimeSpan.MaxValue, backoff.Next());
    }

    [Fact]
    public void Next_FirstWaitLongerThanTheMaximum_IsTheMaximum()
    {
        var backoff = new Backoff { Min = TimeSpan.FromSeconds(1), Max = TimeSpan.FromSeconds(3) };
        Assert.Equal(3, backoff.Next(TimeSpan.FromMinutes(1)).TotalSeconds);
    }

    [Theory]
    [InlineData(0.0, 8.0)]
    [InlineData(0.5, 6.0)]
    [InlineData(1.0, 4.0)]
    public void Next_Jitter_TakesARandomShareOff(double chance, double seconds)
    {
        var backoff = new Backoff { Min = TimeSpan.FromSeconds(8), Max = TimeSpan.FromSeconds(8), Jitter = 0.5, Random = new Fixed(chance) };
        Assert.Equal(seconds, backoff.Next().TotalSeconds);
    }

    [Fact]
    public void IsDue_AfterEachFailure_IsLater()
    {
        var now = DateTimeOffset.UnixEpoch;
        var backoff = new Backoff { Min = TimeSpan.FromSeconds(15), Max = TimeSpan.FromHours(1) };
        Assert.True(backoff.IsDue(now));
        foreach (int seconds in (int[])[15, 30, 60])
        {
            backoff.Failed(now);
            Assert.False(backoff.IsDue(now.AddSeconds(seconds - 1)));
            now = now.AddSeconds(seconds);
            Assert.True(backoff.IsDue(now));
        }

        backoff.Failed(now);
        backoff.Reset();
        Assert.True(backoff.IsDue(now));
    }

    private sealed class Fixed(double value) : Random
    {
        public override double NextDouble() => value;
    }
}
