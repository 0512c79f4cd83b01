using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>What ran out as it was last seen is a timeout; what cannot have run out was removed by the kernel: IPVS, or an interface that went down.</summary>
public class ExpiryBoundTests
{
    private readonly FlowTable _table = new(new Grouping([]));

    [Theory]
    [InlineData(432_000u, 300u, 60, LossCause.ByKernel)]
    [InlineData(432_000u, 300u, 297, LossCause.ByKernel)]
    [InlineData(432_000u, 300u, 299, LossCause.None)] // An unanswered segment may have shortened it to 300 s, without an event.
    [InlineData(298u, 300u, 1, LossCause.ByKernel)]
    [InlineData(30u, 300u, 27, LossCause.ByKernel)]
    [InlineData(30u, 300u, 28, LossCause.Timeout)]
    [InlineData(30u, 300u, 57, LossCause.Timeout)] // The kernel's collection came late.
    [InlineData(30u, 300u, 200, LossCause.None)] // Packets renewed it since it was seen.
    [InlineData(300u, 300u, 299, LossCause.Timeout)]
    [InlineData(432_000u, 300u, 400_000, LossCause.None)]
    [InlineData(432_000u, 10u, 9, LossCause.None)] // be_liberal: a stray reset leaves 10 s.
    [InlineData(432_000u, 0u, 1, LossCause.None)] // The settings are unknown.
    [InlineData(null, 300u, 1, LossCause.None)] // An offloaded entry has no timeout.
    public void Loss_BeforeItsTimeoutCanHaveRunOut_IsByTheKernel(uint? left, uint shortest, int after, LossCause expected)
    {
        _table.Expiry.Tick(1_000_000, shortest);
        _table.Confirm(Flows.Service(1000) with { TimeoutSeconds = left });

        Assert.Equal(expected, Lose(1000 + after));
    }

    [Fact]
    public void Loss_AfterALookUp_CountsFromThere()
    {
        _table.Expiry.Tick(1_000_000, 300);
        _table.Upsert(Flows.Service(1000));
        _table.Expiry.Tick(1_900_000, 300);
        _table.Renew(Flows.Service(1000));

        Assert.Equal(LossCause.ByKernel, Lose(1901));
    }

    [Fact]
    public void Loss_AfterTheSettingFell_IsOfUnknownCause()
    {
        _table.Expiry.Tick(1_000_000, 300);
        _table.Upsert(Flows.Service(1000));
        _table.Expiry.Tick(1_001_000, 1);

        Assert.Equal(LossCause.None, Lose(1001));
    }

    [Theory]
    [InlineData(1000, LossCause.ByKernel)]
    [InlineData(1002, LossCause.Timeout)]
    [InlineData(1400, LossCause.Timeout)]
    public void Loss_AfterTheEstablishedTimeoutItselfBecameTheShortest_IsATimeout(int at, LossCause expected)
    {
        _table.Expiry.Tick(1_000_000, 300);
        _table.Upsert(Flows.Service(1000) with { TimeoutSeconds = 432_000 });
        _table.Expiry.Tick(1_001_000, 3, isOrdinary: true); // Every packet since then gave it 3 s.

        Assert.Equal(expected, Lose(at));
    }

    [Fact]
    public void Loss_AfterTheSettingRoseAgain_IsATimeoutIfTheTimeoutThatWasSeenRanOut()
    {
        _table.Expiry.Tick(1_000_000, 300);
        _table.Expiry.Tick(1_001_000, 4, isOrdinary: true);
        _table.Expiry.Tick(1_010_000, 4, isOrdinary: true);
        _table.Upsert(Flows.Service(1000) with { TimeoutSeconds = 4 });
        _table.Expiry.Tick(1_012_000, 300);

        Assert.Equal(LossCause.Timeout, Lose(1019));
    }

    [Fact]
    public void Loss_OfIpv6_HasItsBoundToo()
    {
        _table.Expiry.Tick(1_000_000, 300);
        var orig = new FlowTuple(Ip.Parse("fd01::1"), Ip.Parse("fd96::1"), Protocols.Tcp, 1000, 80);
        var flow = Flows.Service(1000) with { Orig = orig, Reply = new FlowTuple(Ip.Parse("fd01::2"), orig.Src, Protocols.Tcp, 8080, 1000) };
        _table.Upsert(in flow);

        Assert.True(_table.Remove(in flow, out _, out uint bound));
        Assert.Equal(1300u, bound);
    }

    private LossCause Lose(int atSeconds)
    {
        var notes = new FlowNotes(new OwnNetlinkPorts(), _table.Expiry);
        var flow = Flows.Service(1000);
        Assert.True(_table.Remove(in flow, out var last, out uint bound));
        Assert.True(notes.OnDestroy(in flow, last, 0, atSeconds * 1000L, bound, (uint)atSeconds));
        var frame = new NodeFrame { Counters = new Counters(0, 0, 0, 0, 10, 100) };
        notes.WriteTo(frame);
        return Assert.Single(frame.Notes).Cause;
    }
}
