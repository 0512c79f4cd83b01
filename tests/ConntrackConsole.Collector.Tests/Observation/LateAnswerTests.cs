using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>The time between the events of a SYN and of its answer.</summary>
public class LateAnswerTests
{
    private readonly FlowTable _table = new(new Grouping([]));

    [Fact]
    public void Answer_AfterARepeatedSyn_IsLate()
    {
        _table.Upsert(Syn(1000));
        _table.Upsert(Syn(1001));
        _table.Upsert(Syn(1001) with { State = FlowState.SynRecv });
        Thread.Sleep(1_000);
        _table.Upsert(Syn(1000)); // A change of its mark is no second SYN.
        _table.Upsert(Syn(1000) with { State = FlowState.SynRecv });

        var late = Assert.Single(Take());
        Assert.Equal((1000, Flows.Service(1000).Orig.Dst, Flows.Service(1000).Reply.Src), (late.Sport, late.Vip, late.Backend));
        Assert.InRange(late.WaitedMs, 900u, 5_000u);
        Assert.InRange(late.AtMs, 1_000_000 - 1_000, 1_000_000);
        Assert.Empty(Take());
    }

    [Fact]
    public void Answer_OfASynFromADump_IsUnknown()
    {
        _table.BeginResync();
        _table.Confirm(Syn(1000));
        _table.EndResync();
        Thread.Sleep(1_000);
        _table.Upsert(Syn(1000) with { State = FlowState.Established });

        Assert.Empty(Take());
    }

    [Fact]
    public void Answer_OfMoreConnectionsThanAFrameHas_IsCounted()
    {
        for (ushort port = 1; port <= NodeFrameCodec.MaxLateAnswers + 3; port++)
            _table.Upsert(Syn(port));
        Thread.Sleep(1_000);
        for (ushort port = 1; port <= NodeFrameCodec.MaxLateAnswers + 3; port++)
            _table.Upsert(Syn(port) with { State = FlowState.SynRecv });
        var late = new List<LateAnswer>();

        Assert.Equal(3u, _table.WriteLateAnswers(late, 1_000_000));
        Assert.Equal(NodeFrameCodec.MaxLateAnswers, late.Count);
        Assert.Equal(0u, _table.WriteLateAnswers(late, 1_000_000));
    }

    private static Flow Syn(ushort port) => Flows.Service(port) with { State = FlowState.SynSent };

    private List<LateAnswer> Take()
    {
        var late = new List<LateAnswer>();
        _table.WriteLateAnswers(late, 1_000_000);
        return late;
    }
}
