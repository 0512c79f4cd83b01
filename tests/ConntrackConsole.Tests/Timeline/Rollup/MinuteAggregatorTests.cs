using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Rollup;

public class MinuteAggregatorTests
{
    [Fact]
    public void Apply_AnyFrames_GivesColumnsAndGapsOfTheLiveTimeline()
    {
        var minute = new MinuteAggregator();
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var timeline = new NodeTimeline("node1");
            var gaps = new List<GapSpan>();
            minute.Begin("node1", T0);
            ulong sequence = 0;
            long run = 1, atMs = T0 - 61_000;
            for (int i = 0; i < 130; i++)
            {
                // Pauses, lost frames, restarts, a clock that moves backwards, frames within a second.
                atMs += random.Next(20) == 0 ? random.Next(-3_000, 9_000) : random.Next(990, 1_010);
                sequence += random.Next(25) == 0 ? 3ul : random.Next(40) == 0 ? 0ul : 1ul;
                if (random.Next(60) == 0)
                    (run, sequence) = (run + 1, 1);
                var frame = Frame(
                    sequence, atMs, sequence == 1 || random.Next(15) == 0,
                    [.. Enumerable.Range(0, 6).Where(_ => random.Next(3) == 0).Select(k => (Key($"10.1.0.{k}"), (uint)random.Next(4), (uint)random.Next(2)))]);
                if (random.Next(30) == 0)
                    frame.Gaps.Add(new Gap(GapKind.FramesDropped, atMs - 500, atMs, 3));
                timeline.Apply(run, frame, 0, (kind, fromMs, toMs, lost) =>
                {
                    if (toMs > T0 && toMs <= T0 + 60_000)
                        gaps.Add(GapLog.Span("node1", kind, fromMs, toMs, lost));
                });
                minute.Apply(run, frame);
            }

            minute.End();
            Assert.Equal(gaps, minute.Gaps);
            for (int column = 0; column < 60; column++)
                AssertColumn(seed, timeline, minute.Block, column);
        }
    }

    [Fact]
    public async Task RollUp_ANodesMinute_AllocatesLittle()
    {
        // What the largest clusters have: 350 groups of which 3 % change each second. CI holds bytes, not time.
        using var console = await StartAsync();
        var random = new Random(1);
        for (int second = 1; second <= 363; second++)
        {
            bool isKey = second % 60 == 1;
            console.Take("node1", Frame((ulong)second, T0 + (second * 1000L), isKey, [.. Enumerable.Range(0, 350).Where(_ => isKey || random.Next(100) < 3)
                .Select(k => (Key($"10.1.{k / 200}.{k % 200}"), (uint)random.Next(1, 30), 0u))]));
        }

        var packs = new FramePacks(console.Blocks, console.Frames);
        var rollup = new NodeRollup(console.Cluster);
        var frames = new FrameBuffer();
        for (int minute = 1; minute < 3; minute++)
            Once(minute);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int minute = 3; minute < 5; minute++)
            Once(minute);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 2, 0, 64 * 1024);

        void Once(int minute)
        {
            long atMs = T0 + (minute * Level.MinuteMs);
            using var transaction = console.Blocks.Begin();
            packs.Read("node1", atMs - NodeRollup.LeadMs, atMs + Level.MinuteMs + NodeRollup.TailMs, 0, frames);
            console.Blocks.Put(BlockKind.Node, Level.Finest, "node1", atMs, rollup.RollUp("node1", atMs, frames, null).Block);
            packs.Pack("node1", atMs + Level.MinuteMs, 0);
            transaction.Commit();
            packs.Committed();
        }
    }

    private static void AssertColumn(int seed, NodeTimeline timeline, Block block, int column)
    {
        long atMs = T0 + ((column + 1) * 1000L);
        bool known = false;
        for (int i = 0; i < timeline.Known.Count; i++)
            known |= timeline.Known[i].FromMs <= atMs && timeline.Known[i].ToMs >= atMs;
        Assert.True(known == block.Known[column], $"seed {seed} column {column}: known {known}");
        foreach (int slot in timeline.Groups)
        {
            var group = timeline.Groups[slot];
            var key = group.Key;
            var expected = (Live: 0, Closing: 0);
            foreach (var step in group.Steps)
            {
                if (known && step.AtMs <= atMs)
                    expected = (step.Live, step.Closing);
            }

            var series = block.Series.Find(s => s.Key == key);
            Assert.True(expected == (series?.Entries[column] ?? 0, series?.Closing[column] ?? 0), $"seed {seed} column {column} {key}: {expected}");
        }
    }
}
