using System.Buffers;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Rollup;

public class NodeRollupTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RollUp_AnyChangesOfTheCluster_DescribesAsOneThatKnowsNothing(int seed)
    {
        var random = new Random(seed);
        var changes = new RandomCluster(random);
        var cluster = new ClusterState(_clock);
        cluster.Watching();
        cluster.Apply(RandomCluster.Start);
        cluster.Confirm(T0);
        var rollup = new NodeRollup(cluster);
        int stale = 0;
        for (long minuteMs = T0; minuteMs < T0 + (120 * Level.MinuteMs); minuteMs += Level.MinuteMs)
        {
            for (int change = random.Next(4); change > 0; change--)
            {
                _clock.Advance(TimeSpan.FromSeconds(random.Next(1, 15)));
                cluster.Apply([changes.Next(_clock.GetUtcNow().ToUnixTimeMilliseconds())]);
            }

            _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(minuteMs + Level.MinuteMs + 5_000));
            cluster.Confirm(minuteMs + Level.MinuteMs + 5_000);
            var frames = Minute(minuteMs, random);

            var block = rollup.RollUp("node1", minuteMs, frames, null).Block;

            var expected = new NodeRollup(cluster).RollUp("node1", minuteMs, frames, null).Block;
            Assert.Equal(expected.Series.Select(Text), block.Series.Select(Text));
            stale += block.Series.Count(series => series.State.LeadsAstray());
        }

        Assert.True(stale > 100, $"{stale}");
    }

    private static string Text(BlockSeries series) =>
        $"{series.Key} {series.State} {series.Pod} {series.Owner} {string.Join(',', series.Entries)} {string.Join(',', series.Stale)}";

    private static FrameBuffer Minute(long minuteMs, Random random)
    {
        var frames = new FrameBuffer();
        ulong sequence = (ulong)(minuteMs - T0) + 1;
        for (long atMs = minuteMs - 1_000; atMs <= minuteMs + Level.MinuteMs + 1_000; atMs += 1_000)
        {
            var frame = new NodeFrame { Sequence = sequence++, AtMs = atMs, IsKey = true };
            foreach (string ip in RandomCluster.Addresses)
            {
                var counts = default(StateCounts);
                counts[(int)FlowState.Established] = (uint)random.Next(1, 9);
                frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Tcp, Ip.Parse(Objects.Vip), 80, Ip.Parse(ip), 8080), counts));
            }

            var bytes = new ArrayBufferWriter<byte>();
            NodeFrameCodec.Write(frame, bytes);
            frames.Add(1, frame.Sequence, atMs, atMs, 0, bytes.WrittenSpan);
        }

        return frames;
    }
}
