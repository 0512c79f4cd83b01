using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public class LeftOutEntriesTests
{
    private static readonly Flow Answered = Flows.Service(1000) with { Status = FlowStatus.SeenReply | FlowStatus.Assured };
    private static readonly Flow Unanswered = Flows.Service(1001) with { Status = FlowStatus.None };

    [Fact]
    public void Covers_AfterTheDump_OnlyWhatStoodThere()
    {
        var leftOut = LeftOut();

        Assert.Equal(1, leftOut.Take([Answered, Unanswered]));

        Assert.True(leftOut.Covers(Answered));
        Assert.False(leftOut.Covers(Answered with { Zone = 7 }));
        Assert.False(leftOut.Covers(Unanswered));
    }

    // What is not remembered may have stood there: it is not reported as recreated.
    [Fact]
    public void Covers_MoreThanIsRemembered_OrNoDump_IsWhatThePresetLeavesOut()
    {
        var unread = LeftOut();
        var full = LeftOut();
        full.Take([.. Enumerable.Range(0, LeftOutEntries.MaxEntries + 10).Select(zone => Answered with { Zone = (ushort)zone })]);

        Assert.All((LeftOutEntries[])[unread, full], leftOut =>
        {
            Assert.True(leftOut.Covers(Answered with { Zone = LeftOutEntries.MaxEntries + 9 }));
            Assert.False(leftOut.Covers(Unanswered));
        });
    }

    private static LeftOutEntries LeftOut() =>
        new(new FlushList(Answered.Reply.Src, new FlushFilter(FlushPreset.Safe, 0, default, 0), OwnerState.Terminating, [], "", 0));
}
