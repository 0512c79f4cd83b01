using ConntrackConsole.Timeline.NodeCounters;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.NodeCounters;

/// <summary>The highest values of ten seconds, and nothing where no frame arrived.</summary>
public sealed class NodeGaugesTests
{
    private readonly NodeGauges _gauges = new();

    [Fact]
    public void Add_SameValues_IsOneRun()
    {
        for (int second = 1; second <= 3_600; second++)
            _gauges.Add(second * 1_000, 100, 0, follows: true);

        Assert.InRange(_gauges.Runs.Count, 1, 2);
        Assert.Equal((0, 3_600_000), (_gauges.Runs[0].FromMs, _gauges.Runs[^1].ToMs));
    }

    [Fact]
    public void Add_WithinTenSeconds_KeepsTheHighest()
    {
        _gauges.Add(11_000, 100, 0, follows: true);
        _gauges.Add(12_000, 900, 4_000, follows: true);
        _gauges.Add(13_000, 300, 0, follows: true);
        _gauges.Add(20_000, 300, 0, follows: true);

        Assert.Equal([new GaugeRun(10_000, 13_000, 900, 4_000), new GaugeRun(13_000, 20_000, 300, 0)], _gauges.Runs);
    }

    [Fact]
    public void Add_AfterMissingFrames_LeavesAGap()
    {
        _gauges.Add(11_000, 100, 0, follows: true);
        _gauges.Add(18_000, 100, 0, follows: false);

        Assert.Equal([new GaugeRun(10_000, 11_000, 100, 0), new GaugeRun(17_000, 18_000, 100, 0)], _gauges.Runs);
    }

    [Fact]
    public void Add_WithoutLimitOrReading_IsUnknown()
    {
        _gauges.Add(11_000, null, null, follows: true);

        Assert.Equal((GaugeRun.Unknown, GaugeRun.Unknown), (_gauges.Runs[0].Use, _gauges.Runs[0].LagMs));
    }

    [Fact]
    public void Add_NodeThatNeverStaysConnected_IsBounded()
    {
        for (int frame = 0; frame < 3 * NodeGauges.MaxRuns; frame++)
            _gauges.Add(frame, frame % 1_000, 0, follows: false);

        Assert.InRange(_gauges.Runs.Count, 1, NodeGauges.MaxRuns);
        Assert.Equal((3 * NodeGauges.MaxRuns) - 1, _gauges.Runs[^1].ToMs);
    }

    [Fact]
    public void Trim_RemovesWhatEndedBefore()
    {
        _gauges.Add(11_000, 100, 0, follows: true);
        _gauges.Add(30_000, 200, 0, follows: false);

        _gauges.Trim(20_000);

        Assert.Equal(200, Assert.Single(_gauges.Runs).Use);
    }
}
