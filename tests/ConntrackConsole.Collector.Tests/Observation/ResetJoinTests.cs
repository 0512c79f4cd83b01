using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

public class ResetJoinTests
{
    private const string Client = "10.1.0.1";
    private const string Vip = "10.96.0.1";
    private const string Pod = "10.244.1.1";
    private const string Headless = "10.244.1.9";

    [Theory]
    // On the client's node, where the entry client→VIP is.
    [InlineData(Client, 1000, Pod, 8080, false, ResetKind.UnNated)]
    [InlineData(Client, 1000, Vip, 80, false, ResetKind.ClientAbort)]
    [InlineData(Vip, 80, Client, 1000, true, ResetKind.FromBackend)] // received by the client's socket, translated
    [InlineData(Pod, 8080, Client, 1000, false, ResetKind.FromBackend)] // a backend on the same node
    [InlineData(Client, 1000, Pod, 8080, true, ResetKind.ClientAbort)] // received by a pod: it was translated on the way
    // A flow without any Service.
    [InlineData(Client, 2000, Headless, 8080, false, ResetKind.Direct)]
    [InlineData(Headless, 8080, Client, 2000, false, ResetKind.Direct)]
    [InlineData(Client, 2000, Headless, 8080, true, ResetKind.Direct)]
    // No flow at all.
    [InlineData(Client, 3000, Pod, 8080, false, ResetKind.Other)]
    [InlineData(Client, 1000, Pod, 9999, false, ResetKind.Other)]
    public void Join_HasTheKind(string src, int sport, string dst, int dport, bool received, ResetKind expected)
    {
        var table = new FlowTable(new Grouping([]));
        table.Upsert(Flows.Service(1000));
        table.Upsert(Flows.Direct(2000, Headless));

        var joined = ResetJoin.Join(Seen(src, sport, dst, dport, received), table, new RecentFlows());

        Assert.Equal(expected, joined.Kind);
        Assert.Equal(expected is ResetKind.Other ? "" : expected is ResetKind.Direct ? Headless : Pod, joined.Backend.ToString());
        Assert.Equal(expected is ResetKind.Other or ResetKind.Direct ? "" : Vip, joined.Vip.ToString());
    }

    // IPVS ended the connection to a removed server (expire_nodest_conn); the next segment of the client meets the node's own VIP, which resets it.
    [Theory]
    [InlineData(true, false)] // the entry of the segment still exists
    [InlineData(false, false)] // the reset destroyed it
    [InlineData(true, true)]
    public void Join_ResetByTheVipItself_IsOfTheServiceThatLostTheFlow(bool stillThere, bool received)
    {
        var table = new FlowTable(new Grouping([]));
        var recent = new RecentFlows();
        recent.Add(Ended(1000, FlowState.Established), nowMs: 1000, lost: true);
        var orig = new FlowTuple(Ip.Parse(Client), Ip.Parse(Vip), Protocols.Tcp, 1000, 80);
        var segment = new Flow { Orig = orig, Reply = orig.Inverted(), State = FlowState.Established, TimeoutSeconds = 300, Id = 2 };
        if (stillThere)
            table.Upsert(in segment);
        else
            recent.Add(new FlowTuples(segment.Orig, segment.Reply, FlowState.Established, EndedUnreplied: true), nowMs: 1900);

        var joined = ResetJoin.Join(Seen(Vip, 80, Client, 1000, received), table, recent);

        Assert.Equal((ResetKind.NewBackend, Vip, 80, Pod, 8080), (joined.Kind, joined.Vip.ToString(), joined.Vport, joined.Backend.ToString(), joined.Bport));
    }

    // Before Linux 6.10 the answer to an un-NATed segment has no record where it is sent; where it is received it looks like this.
    [Theory]
    [InlineData(ResetOrigin.Trace, ResetKind.Other)]
    [InlineData(ResetOrigin.Packet, ResetKind.ClientAbort)]
    public void Join_ReceivedByABackend_WhereNotEverySenderIsTraced_IsNoAbort(ResetOrigin origin, ResetKind expected)
    {
        var table = new FlowTable(new Grouping([]));
        table.Upsert(Flows.Service(1000));

        var joined = ResetJoin.Join(Seen(Client, 1000, Pod, 8080, received: true) with { Origin = origin }, table, new RecentFlows(), everySender: false);

        Assert.Equal((expected, Vip, Pod), (joined.Kind, joined.Vip.ToString(), joined.Backend.ToString()));
    }

    [Fact]
    public void Join_FlowDestroyedByTheReset_IsFound()
    {
        var recent = new RecentFlows();
        recent.Add(Ended(1000, FlowState.Established), nowMs: 1000);

        var joined = ResetJoin.Join(Seen(Pod, 8080, Client, 1000, false), new FlowTable(new Grouping([])), recent);

        Assert.Equal(ResetKind.FromBackend, joined.Kind);
    }

    [Fact]
    public void Join_FlowDestroyedLongAgo_IsNotFound()
    {
        var recent = new RecentFlows();
        recent.Add(Ended(1000, FlowState.Established), nowMs: 1000);
        recent.Add(Ended(1001, FlowState.Established), nowMs: 60_000);

        var joined = ResetJoin.Join(Seen(Pod, 8080, Client, 1000, false), new FlowTable(new Grouping([])), recent);

        Assert.Equal(ResetKind.Other, joined.Kind);
    }

    [Theory]
    [InlineData(FlowState.SynSent, true, ResetKind.RefusedSyn)]
    [InlineData(FlowState.Established, true, ResetKind.NewBackend)] // picked up in mid-stream, and the reset was the only reply
    [InlineData(FlowState.Established, false, ResetKind.FromBackend)]
    [InlineData(FlowState.SynRecv, false, ResetKind.FromBackend)]
    public void Join_FlowDestroyedByTheReset_HasTheKind(FlowState last, bool unreplied, ResetKind expected)
    {
        var recent = new RecentFlows();
        recent.Add(Ended(1000, FlowState.Established), nowMs: 900); // lost before it was created again
        recent.Add(Ended(1000, last, unreplied), nowMs: 1000);
        var table = new FlowTable(new Grouping([]));

        var atTheBackend = ResetJoin.Join(Seen(Pod, 8080, Client, 1000, false), table, recent);
        var atTheClient = ResetJoin.Join(Seen(Vip, 80, Client, 1000, true), table, recent);

        Assert.Equal((expected, expected), (atTheBackend.Kind, atTheClient.Kind));
        Assert.Equal((Vip, Pod), (atTheClient.Vip.ToString(), atTheClient.Backend.ToString()));
    }

    [Fact]
    public void Join_RefusalBeforeItsEntryIsDestroyed_IsARefusedSyn()
    {
        var table = new FlowTable(new Grouping([]));
        table.Upsert(Flows.Service(1000, FlowState.SynSent));

        Assert.Equal(ResetKind.RefusedSyn, ResetJoin.Join(Seen(Pod, 8080, Client, 1000, false), table, new RecentFlows()).Kind);
        Assert.Equal(ResetKind.ClientAbort, ResetJoin.Join(Seen(Client, 1000, Vip, 80, false), table, new RecentFlows()).Kind);
    }

    [Fact]
    public void RecentFlows_RecreatedFlow_OutlivesThePreviousOne()
    {
        var recent = new RecentFlows();
        recent.Add(Ended(1000, FlowState.Established), nowMs: 1000);
        recent.Add(Ended(1000, FlowState.Established, unreplied: true), nowMs: 4000);
        recent.Add(Ended(1001, FlowState.Established), nowMs: 4100); // The first one is removed here.

        Assert.True(recent.TryFindByOrig(Flows.Service(1000).Orig, out var flow) && flow.EndedUnreplied);
        Assert.True(recent.TryFindByReply(Flows.Service(1000).Reply, out flow) && flow.EndedUnreplied);
    }

    private static FlowTuples Ended(ushort sport, FlowState last, bool unreplied = false) =>
        new(Flows.Service(sport).Orig, Flows.Service(sport).Reply, last, unreplied);

    private static Reset Seen(string src, int sport, string dst, int dport, bool received) => new(
        1, ResetKind.Other, Ip.Parse(src), (ushort)sport, Ip.Parse(dst), (ushort)dport, default, 0, default, 0, 0, received);
}
