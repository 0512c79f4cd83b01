using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>What a frame contains on a kernel that traces only the resets that a socket sends (before Linux 6.10).</summary>
public class PendingResetsTests
{
    private const string Client = "10.1.0.1";
    private const string Vip = "10.96.0.1";
    private const string Pod = "10.244.1.1";

    [Fact]
    public void Frame_ReceivedResetWithoutASender_IsOfUnknownKind() =>
        Assert.Equal([ResetKind.Other], KindsOf(Seen(Client, Pod, 8080, ResetOrigin.Trace, received: true)));

    [Fact]
    public void Frame_UnNatedResetAsPacketAndAtItsReceiver_CountsOnceAsUnNated() => Assert.Equal(
        [ResetKind.UnNated],
        KindsOf(Seen(Client, Pod, 8080, ResetOrigin.Trace, received: true), Seen(Client, Pod, 8080, ResetOrigin.Packet, received: false)));

    [Fact]
    public void Frame_AbortBySocketAsPacketAndAtItsReceiver_CountsOnceAsAbort() => Assert.Equal(
        [ResetKind.ClientAbort],
        KindsOf(
            Seen(Client, Vip, 80, ResetOrigin.Trace, received: false), Seen(Client, Vip, 80, ResetOrigin.Packet, received: false),
            Seen(Client, Pod, 8080, ResetOrigin.Trace, received: true)));

    [Fact]
    public void Frame_ReceivedResetLongAfterTheSender_IsAnotherOne() => Assert.Equal(
        [ResetKind.ClientAbort, ResetKind.Other],
        KindsOf(Seen(Client, Vip, 80, ResetOrigin.Trace, received: false), Seen(Client, Pod, 8080, ResetOrigin.Trace, received: true) with { AtMs = 5000 }));

    private static List<ResetKind> KindsOf(params Reset[] seen)
    {
        var table = new FlowTable(new Grouping([]));
        table.Upsert(Flows.Service(1000));
        var pending = new PendingResets(isDouble: true, everySender: false);
        pending.Waiting.AddRange(seen);
        var frame = new NodeFrame();
        pending.WriteTo(frame, table, new RecentFlows(), 10_000);
        return [.. frame.Resets.Select(reset => reset.Kind)];
    }

    private static Reset Seen(string src, string dst, ushort dport, ResetOrigin origin, bool received) => new(
        1000, ResetKind.Other, Ip.Parse(src), 1000, Ip.Parse(dst), dport, default, 0, default, 0, 0, received, origin);
}
