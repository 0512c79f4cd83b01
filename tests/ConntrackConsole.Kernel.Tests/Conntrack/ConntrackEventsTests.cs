using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Netlink;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Conntrack;

public class ConntrackEventsTests
{
    [Fact]
    public void Events_OfCreatedAndDeletedEntries_AreOrderedAndCarryTheRequestersPort()
    {
        using var scratch = new ScratchNamespace();
        using var events = scratch.Inside.Run(() => ConntrackEvents.Listen());
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(100, seed: 5));
        var created = table.List(_ => true);
        foreach (var flow in created)
            Assert.Equal(DeleteOutcome.Deleted, table.Delete(flow.Key, out _));

        var seen = new List<(FlowEventKind Kind, Flow Flow, uint PortId)>();
        while (events.Receive(0, (kind, in flow, portId) => seen.Add((kind, flow, portId))) == ReceiveOutcome.Data)
        {
        }

        Assert.Equal(100, seen.Count(e => e.Kind == FlowEventKind.New));
        var destroyed = seen.Where(e => e.Kind == FlowEventKind.Destroy).ToList();
        Assert.Equal(100, destroyed.Count);
        Assert.All(destroyed, e => Assert.Equal(table.PortId, e.PortId));
        Assert.Equal(created.Select(flow => flow.Orig), destroyed.Select(e => e.Flow.Orig));
    }

    [Fact]
    public void Receive_PerEvent_AllocatesNothing()
    {
        using var scratch = new ScratchNamespace();
        using var events = scratch.Inside.Run(() => ConntrackEvents.Listen());
        int seen = 0;
        FlowEventVisitor count = (_, in _, _) => seen++;
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(200, seed: 17));
        Drain();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(1200, seed: 17).Skip(200));

        long before = GC.GetAllocatedBytesForCurrentThread();
        Drain();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(1200, seen);
        Assert.Equal(0, allocated);

        void Drain()
        {
            while (events.Receive(0, count) == ReceiveOutcome.Data)
            {
            }
        }
    }

    [Fact]
    public void Receive_AfterAnOverrun_ReportsItOnceAndContinues()
    {
        using var scratch = new ScratchNamespace();
        using var events = scratch.Inside.Run(() => ConntrackEvents.Listen(queueBytes: 4096));
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(500, seed: 6));

        int overruns = 0, before = 0;
        ReceiveOutcome outcome;
        while ((outcome = events.Receive(0, (_, in _, _) => before++)) != ReceiveOutcome.Timeout)
        {
            if (outcome == ReceiveOutcome.Overrun)
                overruns++;
        }

        Assert.Equal(1, overruns);
        Assert.InRange(before, 1, 499);
        ConntrackProgram.Load(scratch.Inside, [RandomEntries.Lines(501, seed: 6).Last()]);
        int after = 0;
        Assert.Equal(ReceiveOutcome.Data, events.Receive(1000, (_, in _, _) => after++));
        Assert.Equal(1, after);
    }
}
