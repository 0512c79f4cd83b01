using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

public sealed class TableFollowerTests
{
    private const string Idle =
        "-A -p tcp -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 86400 -u SEEN_REPLY,ASSURED";

    // No event reports that a timeout was renewed or shortened: only another look shows that it is still long.
    [Fact]
    public void Timeout_OfAFlowThatEmitsEvents_IsSeenAgainBeforeItProvesNothing()
    {
        using var scratch = new ScratchNamespace();
        long nowMs = 1_000_000;
        var flows = new FlowTable(new Grouping([]));
        flows.Expiry.Tick(nowMs, 300);
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        using var follower = scratch.Inside.Run(() => new TableFollower(
            flows, table, (_, in flow, _) => flows.Upsert(in flow), () => nowMs, new FollowModeSwitch(), ConntrackEvents.DefaultQueueBytes, 15));
        ConntrackProgram.Load(scratch.Inside, [Idle]);
        var gaps = new List<Gap>();
        Eventually.True(() =>
        {
            follower.Follow(10, gaps);
            return flows.Count == 1;
        });
        Assert.Equal(0, flows.Silent);

        for (int second = 0; second < 600; second++)
        {
            flows.Expiry.Tick(nowMs += 1000, 300);
            follower.EndSecond(gaps);
        }

        Assert.True(flows.Remove(Assert.Single(table.List(_ => true)), out _, out uint bound));
        Assert.Equal(LossCause.ByKernel, flows.Expiry.CauseOf(bound, (uint)(nowMs / 1000)));
    }
}
