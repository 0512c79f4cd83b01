using ConntrackConsole.Tests.Timeline.Rollup;
using ConntrackConsole.Timeline.Model;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Query;

/// <summary>A page draws eight Services: of the others it has no columns, whether they come from memory or from storage.</summary>
public sealed class DrawnLanesTests
{
    private const int Services = 40;
    private const int Seconds = 180;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Follow_WithoutSums_HasTheSameDrawnLanes_AndOfTheOthersNoColumns(bool isStored)
    {
        using var console = await FilledAsync();
        using var restarted = isStored ? console.Restart() : null;
        var history = (restarted ?? console).History;
        var query = new TimelineQuery(T0, T0 + (Seconds * 1_000), Seconds, Lanes: 8);
        var ct = TestContext.Current.CancellationToken;

        var whole = await history.QueryAsync(query, ct);
        var drawn = await history.QueryAsync(query with { OmitsSums = true }, ct);

        Assert.Equal(whole.Services.Select(lane => (lane.Place, lane.OmitsBackends)), drawn.Services.Select(lane => (lane.Place, lane.OmitsBackends)));
        Assert.Equal(whole.Services.Select(lane => lane.Sum!.Entries.Any(count => count > 0)), drawn.Services.Select(lane => lane.HadEntries));
        Assert.Equal(Services - 8, drawn.Services.Count(lane => lane.OmitsBackends));
        Assert.Contains(drawn.Services, lane => !lane.HadEntries);
        Assert.Null(drawn.Sum);
        foreach (var (full, lane) in whole.Services.Zip(drawn.Services))
        {
            Assert.Null(lane.Sum);
            Assert.Equal(full.Backends.Select(backend => backend.BackendIp), lane.Backends.Select(backend => backend.BackendIp));
            Assert.All(full.Backends.Zip(lane.Backends), pair => Assert.Equal(pair.First.Entries, pair.Second.Entries));
            Assert.True(!lane.OmitsBackends || lane.Backends.Count == 0);
        }
    }

    private static async Task<TimelineFixture> FilledAsync()
    {
        var console = await StartAsync();
        for (int second = 1; second <= Seconds; second++)
        {
            var groups = Enumerable.Range(0, Services).Where(service => second == 1 || (second + service) % 20 == 0)
                .Select(service => (Key($"10.1.0.{service}", $"10.96.0.{service}"), service % 7 == 3 ? 0u : 5 + (uint)(second % 3), service % 7 == 3 ? 1u : 0u)).ToArray();
            console.Take("node1", Frame((ulong)second, T0 + (second * 1_000L), second == 1, groups));
        }

        console.At((Seconds * 1_000) + 200);
        console.Worker.RollUp();
        return console;
    }
}
