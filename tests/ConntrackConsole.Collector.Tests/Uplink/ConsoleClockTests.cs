using ConntrackConsole.Collector.Uplink;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Uplink;

public class ConsoleClockTests
{
    [Fact]
    public async Task Measure_UsesTheFastestSample()
    {
        var time = new FakeTimeProvider();
        var clock = new ConsoleClock(time);
        Assert.Equal(int.MinValue, clock.OffsetMs);
        // The console is 1,500 ms ahead and answers in the middle of the trip, except for one slow request.
        int[] there = [40, 900, 3, 60, 20], back = [40, 10, 3, 60, 20];
        int i = 0;
        await clock.MeasureAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(there[i]));
            long consoleMs = time.GetUtcNow().ToUnixTimeMilliseconds() + 1500;
            time.Advance(TimeSpan.FromMilliseconds(back[i++]));
            return Task.FromResult(consoleMs);
        });
        Assert.Equal(1500, clock.OffsetMs);
    }

    [Fact]
    public void Reconnect_OverTheNetwork_SpreadsOverThirtySeconds_AndIsShortOnThisMachine()
    {
        var far = ReconnectBackoff.For(ConsoleAddress.Parse("http://console.example:5080"), new Random(1));
        var pauses = Enumerable.Range(0, 1000).Select(_ => far.Next()).ToList();
        Assert.InRange(pauses.Max(), TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(30));
        Assert.InRange(pauses.Average(pause => pause.TotalSeconds), 14, 16);

        var near = ReconnectBackoff.For(ConsoleAddress.Parse("unix:/run/console.sock"), new Random(1));
        Assert.InRange(near.Next(), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300));
        for (int i = 0; i < 10; i++)
            near.Next();
        Assert.InRange(near.Next(), TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(7.5));
        near.Reset();
        Assert.InRange(near.Next(), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300));
    }
}
