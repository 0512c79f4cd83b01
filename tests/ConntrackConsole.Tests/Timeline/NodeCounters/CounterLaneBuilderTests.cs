using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.NodeCounters;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.NodeCounters;

/// <summary>Rates over all nodes, the highest gauge of all nodes, and unknown where nothing was reported.</summary>
public sealed class CounterLaneBuilderTests
{
    private const long T0 = 1_700_000_000_000;

    [Fact]
    public void Build_FineColumns_HaveTheMeanOfTheirTenSeconds()
    {
        var lanes = Build(1_000, 12, builder => builder.Add("a", 0, [new CounterIncrease(T0) { Invalid = 42, InsertFailed = 1 }], []));

        Assert.Equal([4_200, 4_200, 4_200, 4_200, 4_200, 4_200, 4_200, 4_200, 4_200, 4_200, 0, 0], lanes.Invalid);
        Assert.Equal((100, 0), (lanes.InsertFailed[3], lanes.InsertFailed[10]));
    }

    [Theory]
    [InlineData(15_000)]
    [InlineData(60_000)]
    [InlineData(3_600_000)]
    public void Build_CoarseColumns_HaveAllThatWasCounted(long stepMs)
    {
        var builder = new CounterLaneBuilder(T0, stepMs, [.. Enumerable.Repeat(true, 4)]);
        builder.Add("a", 0, [.. Enumerable.Range(0, 12).Select(i => new CounterIncrease(T0 + (i * 10_000)) { Drop = 500 })], []);

        double counted = builder.Build().Drop.Sum(value => value / 1_000.0 * (stepMs / 1_000.0));
        Assert.InRange(counted, Math.Min(6_000, 4 * stepMs / 1_000 * 50) - 1, 6_001 + (stepMs / 1_000_000.0 * 4));
    }

    [Fact]
    public void Build_SeveralNodes_AddsTheirRates_AndNamesTheHighestGauge()
    {
        var lanes = Build(10_000, 2, builder =>
        {
            builder.Add("b", 0, [new CounterIncrease(T0) { Drop = 10 }], [new GaugeRun(T0, T0 + 20_000, 300, 0)]);
            builder.Add("a", 3, [new CounterIncrease(T0) { Drop = 20, EarlyDrop = 5 }], [new GaugeRun(T0 - 3, T0 + 9_997, 912, 7_000), new GaugeRun(T0 + 9_997, T0 + 19_997, 100, 0)]);
        });

        Assert.Equal([3_000, 0], lanes.Drop);
        Assert.Equal([500, 0], lanes.EarlyDrop);
        Assert.Equal([912, 300], lanes.TableUse.Values);
        Assert.Equal(["a", "b"], lanes.TableUse.Nodes.Select(node => lanes.Names[node]));
        Assert.Equal([7_000, 0], lanes.SyncLag.Values);
    }

    [Fact]
    public void Build_WhereNoNodeReported_IsUnknown()
    {
        var builder = new CounterLaneBuilder(T0, 1_000, [true, false, true]);
        builder.Add("a", 0, [new CounterIncrease(T0) { Invalid = 10 }], [new GaugeRun(T0, T0 + 1_000, 100, -1)]);

        var lanes = builder.Build();

        Assert.Equal([1_000, -1, 1_000], lanes.Invalid);
        Assert.Equal([0, -1, 0], lanes.Drop);
        Assert.Equal([100, -1, -1], lanes.TableUse.Values);
        Assert.Equal([-1, -1, -1], lanes.SyncLag.Values);
    }

    [Fact]
    public void Build_FailedSyncs_AreListedWithNodeAndTime()
    {
        var lanes = Build(1_000, 30, builder =>
        {
            builder.Add("b", 0, [new CounterIncrease(T0 - 10_000) { SyncFailures = 9 }, new CounterIncrease(T0 + 10_000) { SyncFailures = 2 }], []);
            builder.Add("a", 0, [new CounterIncrease(T0) { SyncFailures = 1 }], []);
        });

        Assert.Equal([new SyncFailure("a", T0, 1), new SyncFailure("b", T0 + 10_000, 2)], lanes.Failures);
    }

    [Fact]
    public void Within_ALongerWindow_IsUnknownBeforeAndAfterIt()
    {
        var lanes = Build(10_000, 3, builder => builder.Add("a", 0, [new CounterIncrease(T0) { Invalid = 10 }], [new GaugeRun(T0, T0 + 30_000, 100, 0)]));

        var within = lanes.Within(2, 2, 6);

        Assert.Equal([-1, -1, 1_000, 0, -1, -1], within.Invalid);
        Assert.Equal([-1, -1, 100, 100, -1, -1], within.TableUse.Values);
        Assert.Equal([-1, -1, 0, 0, -1, -1], within.TableUse.Nodes);
    }

    private static CounterLanes Build(long stepMs, int columns, Action<CounterLaneBuilder> add)
    {
        var builder = new CounterLaneBuilder(T0, stepMs, [.. Enumerable.Repeat(true, columns)]);
        add(builder);
        return builder.Build();
    }
}
