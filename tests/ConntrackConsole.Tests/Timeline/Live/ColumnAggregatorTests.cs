using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.Live;

public class ColumnAggregatorTests
{
    private const long T0 = 1_700_000_000_000;

    /// <summary>The same as a sum over every sample of every node.</summary>
    [Fact]
    public void Reduce_RandomNodes_IsTheSumSampleBySample()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            int columns = random.Next(1, 40);
            long stepMs = random.Next(3) switch { 0 => 1_000, 1 => 700, _ => random.Next(1, 9) * 1_000 };
            var query = new TimelineQuery(T0, T0 + (columns * stepMs), columns);
            var heads = new NodeHead?[4];
            var series = new StepSeries[heads.Length];
            for (int slot = 0; slot < heads.Length; slot++)
            {
                if (random.Next(5) > 0)
                    (heads[slot], series[slot]) = Node(random, slot, columns * stepMs);
            }

            var ended = heads.Where(_ => random.Next(2) == 0).ToHashSet();
            var samples = new WindowSamples(query, stepMs, heads, ended.Contains);
            var sums = new ColumnAggregator(samples);
            for (int round = 0; round < 2; round++) // It is used again.
            {
                sums.Clear();
                for (int slot = 0; slot < heads.Length; slot++)
                {
                    if (samples.Of(slot) is { } node)
                        sums.Add(node, series[slot].Slice());
                }

                var states = new List<(long, EntryState)> { (T0, EntryState.Active), (T0 + (columns * stepMs / 2), EntryState.Stale) };
                var (entries, closing, stale) = sums.Reduce(states);
                for (int column = 0; column < columns; column++)
                    Assert.Equal((seed, column, Expected(column)), (seed, column, (entries[column], closing[column], stale[column])));
                Assert.Equal(HasAny(), sums.HasAny);
            }

            (int, int, int) Expected(int column)
            {
                var most = (Live: -1, Closing: -1, Stale: -1);
                for (int i = 0; i < samples.PerColumn; i++)
                {
                    long atMs = T0 + (((column * samples.PerColumn) + i + 1) * stepMs / samples.PerColumn);
                    var (live, closing, known, uncertain) = Sum(atMs);
                    if (!known || uncertain)
                        continue;
                    int stale = atMs >= T0 + (columns * stepMs / 2) ? live : 0;
                    most = (Math.Max(most.Live, live), Math.Max(most.Closing, closing), Math.Max(most.Stale, stale));
                }

                return most;
            }

            bool HasAny() => Enumerable.Range(0, columns * samples.PerColumn).Any(i =>
                Sum(T0 + ((i + 1) * stepMs / samples.PerColumn)) is var (live, closing, _, uncertain) && (live > 0 || closing > 0 || uncertain));

            (int Live, int Closing, bool Known, bool Uncertain) Sum(long consoleMs)
            {
                var sum = (Live: 0, Closing: 0, Known: false, Uncertain: false);
                for (int slot = 0; slot < heads.Length; slot++)
                {
                    if (heads[slot] is not { } head)
                        continue;
                    long atMs = consoleMs - head.ClockOffsetMs;
                    var (value, next) = ValueAt(series[slot].Slice(), atMs);
                    int interval = Array.FindIndex(head.Known, known => known.ToMs >= atMs);
                    if (interval >= 0 && head.Known[interval].FromMs <= atMs)
                    {
                        sum = (sum.Live + value.Live, sum.Closing + value.Closing, true, sum.Uncertain);
                        continue;
                    }

                    bool before = value.Live + value.Closing > 0 && !(ended.Contains(head) && interval < 0);
                    bool after = interval >= 0 && next is { } step && step.AtMs <= head.Known[interval].FromMs;
                    sum.Uncertain |= before || after;
                }

                return sum;
            }
        }
    }

    private static (Step Value, Step? Next) ValueAt(StepSlice steps, long atMs)
    {
        var value = default(Step);
        foreach (var step in steps)
        {
            if (step.AtMs > atMs)
                return (value, step);
            value = step;
        }

        return (value, null);
    }

    private static (NodeHead, StepSeries) Node(Random random, int slot, long lengthMs)
    {
        var known = new List<(long, long)>();
        for (long atMs = T0 - 3_000 + random.Next(6_000); atMs < T0 + lengthMs && known.Count < 4; atMs += random.Next(2_500, 9_000))
        {
            long toMs = atMs + random.Next((int)lengthMs);
            known.Add((atMs, toMs));
            atMs = toMs;
        }

        var (series, pages) = (new StepSeries(), new StepPages());
        for (long atMs = T0 - random.Next(4_000); atMs < T0 + lengthMs; atMs += random.Next(1, 4_000))
            series.Add(atMs, random.Next(3), random.Next(2), pages);
        var cost = new CollectorCost { ClockOffsetMs = random.Next(3) switch { 0 => int.MinValue, 1 => 0, _ => random.Next(-2_500, 2_500) } };
        return (new NodeHead($"node{slot}", null, true, T0 + lengthMs, T0 + lengthMs, default, cost, [.. known], new Dictionary<Ip, WatchedAddress>()), series);
    }
}
