using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;
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

        var joined = ResetJoin.Join(Seen(src, sport, dst, dport, received), table, new RecentFlows(), new RecentAttempts());

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

        var joined = ResetJoin.Join(Seen(Vip, 80, Client, 1000, received), table, recent, new RecentAttempts());

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

        var joined = ResetJoin.Join(Seen(Client, 1000, Pod, 8080, received: true) with { Origin = origin }, table, new RecentFlows(), new RecentAttempts(), everySender: false);

        Assert.Equal((expected, Vip, Pod), (joined.Kind, joined.Vip.ToString(), joined.Backend.ToString()));
    }

    [Fact]
    public void Join_FlowDestroyedByTheReset_IsFound()
    {
        var recent = new RecentFlows();
        recent.Add(Ended(1000, FlowState.Established), nowMs: 1000);

        var joined = ResetJoin.Join(Seen(Pod, 8080, Client, 1000, false), new FlowTable(new Grouping([])), recent, new RecentAttempts());

        Assert.Equal(ResetKind.FromBackend, joined.Kind);
    }

    [Fact]
    public void Join_FlowDestroyedLongAgo_IsNotFound()
    {
        var recent = new RecentFlows();
        recent.Add(Ended(1000, FlowState.Established), nowMs: 1000);
        recent.Add(Ended(1001, FlowState.Established), nowMs: 60_000);

        var joined = ResetJoin.Join(Seen(Pod, 8080, Client, 1000, false), new FlowTable(new Grouping([])), recent, new RecentAttempts());

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

        var atTheBackend = ResetJoin.Join(Seen(Pod, 8080, Client, 1000, false), table, recent, new RecentAttempts());
        var atTheClient = ResetJoin.Join(Seen(Vip, 80, Client, 1000, true), table, recent, new RecentAttempts());

        Assert.Equal((expected, expected), (atTheBackend.Kind, atTheClient.Kind));
        Assert.Equal((Vip, Pod), (atTheClient.Vip.ToString(), atTheClient.Backend.ToString()));
    }

    // The kernel dropped the NEW of the entry: its DESTROY contains CLOSE, and no reply.
    [Theory]
    [InlineData(FlowState.Close, 1000, 20, ResetKind.RefusedSyn)]
    [InlineData(FlowState.None, 1000, 20, ResetKind.RefusedSyn)] // before Linux 5.8
    [InlineData(FlowState.Close, 1001, 20, ResetKind.Other)] // another attempt
    [InlineData(FlowState.Close, 1000, 200, ResetKind.Other)] // an earlier one of the same port
    public void Join_ResetOfAnEntryWithoutItsBeginning_IsARefusedSyn_OnlyIfItsClientsAttemptEnded(
        FlowState last, ushort sport, long beforeMs, ResetKind expected)
    {
        const long AtMs = 1_000_000;
        var recent = new RecentFlows();
        recent.Add(Ended(1000, last, unreplied: true), nowMs: 1000);
        var attempts = new RecentAttempts();
        attempts.Add([new AttemptRecord(AtMs - beforeMs, Ip.Parse(Client), sport, Ip.Parse(Vip), 80)], AtMs);
        var table = new FlowTable(new Grouping([]));

        var atTheBackend = ResetJoin.Join(Seen(Pod, 8080, Client, 1000, false) with { AtMs = AtMs }, table, recent, attempts);
        var atTheClient = ResetJoin.Join(Seen(Vip, 80, Client, 1000, true) with { AtMs = AtMs }, table, recent, attempts);

        Assert.Equal((expected, expected), (atTheBackend.Kind, atTheClient.Kind));
        Assert.Equal((Vip, Pod), (atTheClient.Vip.ToString(), atTheClient.Backend.ToString()));
    }

    // A backend reset a connection, and refused the next one from the same port: the entry of the former is used again.
    [Theory]
    [InlineData(0, ResetKind.FromBackend)]
    [InlineData(500, ResetKind.RefusedSyn)]
    public void Join_SynInTheEntryOfAConnectionThatWasReset_IsARefusedSyn(long afterMs, ResetKind expected)
    {
        const long ResetMs = 1_000_000;
        var table = new FlowTable(new Grouping([]));
        table.Upsert(Flows.Service(1000, FlowState.Close));
        var attempts = new RecentAttempts();
        attempts.Add([new AttemptRecord(ResetMs + 501, Ip.Parse(Client), 1000, Ip.Parse(Vip), 80)], ResetMs + 510);

        var joined = ResetJoin.Join(Seen(Vip, 80, Client, 1000, true) with { AtMs = ResetMs + afterMs }, table, new RecentFlows(), attempts);

        Assert.Equal((expected, Pod), (joined.Kind, joined.Backend.ToString()));
    }

    [Fact]
    public void RecentAttempts_KeepsTheLatestOnes()
    {
        var attempts = new RecentAttempts();
        for (int i = 0; i < 2; i++)
            attempts.Add([.. Enumerable.Range(0, RecentAttempts.Max).Select(port => new AttemptRecord(1000 + i, Ip.Parse(Client), (ushort)port, Ip.Parse(Vip), (ushort)(80 + i)))], 1000 + i);

        Assert.False(attempts.EndedAt(Orig(7, 80), 1000));
        Assert.True(attempts.EndedAt(Orig(7, 81), 1001));
        attempts.Add([], 5000);
        Assert.False(attempts.EndedAt(Orig(7, 81), 1001));

        static FlowTuple Orig(ushort port, ushort vport) => new(Ip.Parse(Client), Ip.Parse(Vip), Protocols.Tcp, port, vport);
    }

    [Fact]
    public void Join_RefusalBeforeItsEntryIsDestroyed_IsARefusedSyn()
    {
        var table = new FlowTable(new Grouping([]));
        table.Upsert(Flows.Service(1000, FlowState.SynSent));

        Assert.Equal(ResetKind.RefusedSyn, ResetJoin.Join(Seen(Pod, 8080, Client, 1000, false), table, new RecentFlows(), new RecentAttempts()).Kind);
        Assert.Equal(ResetKind.ClientAbort, ResetJoin.Join(Seen(Client, 1000, Vip, 80, false), table, new RecentFlows(), new RecentAttempts()).Kind);
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
