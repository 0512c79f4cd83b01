using System.Net;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>
/// A hundred provoked resets are reported exactly once over both nodes by each source that can see them. What a source cannot see
/// is described in its capability.
/// </summary>
public class ResetCountTests
{
    private const int Times = 100;

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Resets_AreCountedExactly_ByEachSourceThatCanSeeThem(bool bridged, bool v6)
    {
        using var nodes = new TwoNodes(bridged);
        using var trace = new NodeWatch(nodes, ResetChoice.Trace);
        using var packet = new NodeWatch(nodes, ResetChoice.Packet);
        using var both = new NodeWatch(nodes, ResetChoice.Both);
        NodeWatch.Await(trace, packet, both);
        var provoke = new Provoke(nodes);
        int port = 7000;
        var cases = new List<(string Name, int Port, int Trace, int Packet)>();

        // Two nodes, and two pods of one node.
        foreach (string to in (string[])[TwoNodes.PodB, TwoNodes.SecondPodA])
        {
            provoke.Refused(TwoNodes.PodA, Case($"refused by {to}", Pod(to), Times, Times), Times);
            provoke.ClientAborts(TwoNodes.PodA, to, Case($"client abort to {to}", Pod(to), Times, Times), Times);
            provoke.ServerDiesWithUnreadData(TwoNodes.PodA, to, Case($"unread data in {to}", Pod(to), Times, Times), Times);
            provoke.Stray(to, Case($"stray from {to}", Pod(to), Times, Times), Pod(TwoNodes.PodA), Times);
            provoke.ForgedWithABadSequence(TwoNodes.PodA, to, Case($"forged by {to}", Pod(to), 0, Times), Times);
            NodeWatch.Await(trace, packet, both); // A frame contains at most 2,000 individual resets.
        }

        // The node itself: its own resets leave it, and a packet socket sees only what arrives.
        var node = (v6 ? nodes.NodeAddress6(TwoNodes.A) : nodes.NodeAddress(TwoNodes.A)).ToIPAddress();
        provoke.Refused(TwoNodes.PodA, Case("pod refused by its node", node, Times, 0), Times);
        provoke.ClientAborts(TwoNodes.PodA, TwoNodes.A, Case("pod aborts to its node", node, Times, Times), Times);
        provoke.ClientAborts(TwoNodes.PodA, TwoNodes.B, Case("pod aborts to the other node", OtherNode(), Times, Times), Times);
        provoke.Refused(TwoNodes.PodA, Case("pod refused by the other node", OtherNode(), Times, Times), Times);

        // Resets that never leave a namespace: they can be attributed by its own address, but not by 127.0.0.1.
        var loopback = v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        provoke.ClientAborts(TwoNodes.A, TwoNodes.A, Case("node loopback", loopback, 0, 0), Times);
        provoke.ClientAborts(TwoNodes.PodA, TwoNodes.PodA, Case("pod loopback", loopback, 0, 0), Times);
        provoke.ClientAborts(TwoNodes.PodA, TwoNodes.PodA, Case("inside a pod", Pod(TwoNodes.PodA), Times, 0), Times);

        NodeWatch.Await(watch => cases.All(c => watch.ResetsOf(c.Port).Count >= Expected(c, watch)), trace, packet, both);
        Assert.Empty(trace.Gaps.Concat(packet.Gaps).Concat(both.Gaps));
        Assert.Equal(
            cases.Select(c => $"{c.Name}: {c.Trace} {c.Packet} {Expected(c, both)}"),
            cases.Select(c => $"{c.Name}: {trace.ResetsOf(c.Port).Count} {packet.ResetsOf(c.Port).Count} {both.ResetsOf(c.Port).Count}"));

        int Expected((string Name, int Port, int Trace, int Packet) c, NodeWatch watch) =>
            watch == trace ? c.Trace : watch == packet ? c.Packet : Math.Max(c.Trace, c.Packet);

        IPEndPoint Case(string name, IPAddress address, int byTrace, int byPacket)
        {
            cases.Add((name, ++port, byTrace, byPacket));
            return new IPEndPoint(address, port);
        }

        IPAddress Pod(string pod) => (v6 ? nodes.PodAddress6(pod) : nodes.PodAddress(pod)).ToIPAddress();

        IPAddress OtherNode() => (v6 ? nodes.NodeAddress6(TwoNodes.B) : nodes.NodeAddress(TwoNodes.B)).ToIPAddress();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ResetsOfAService_AreReportedOnceWithKindAndBackend(bool bridged)
    {
        using var nodes = new TwoNodes(bridged);
        var vip = nodes.Address(3, 100);
        foreach (var (vport, port) in (ReadOnlySpan<(ushort, ushort)>)[(81, 8081), (82, 8082), (83, 8083)])
            new ServiceRules(nodes, vip, vport).To(nodes.PodAddress(TwoNodes.PodB), port);
        using var trace = new NodeWatch(nodes, ResetChoice.Trace);
        using var packet = new NodeWatch(nodes, ResetChoice.Packet);
        using var both = new NodeWatch(nodes, ResetChoice.Both);
        using var older = new NodeWatch(nodes, ResetChoice.Auto, ResetSourceTests.WithoutReasons);
        NodeWatch.Await(trace, packet, both, older);
        var provoke = new Provoke(nodes);
        var pod = nodes.PodAddress(TwoNodes.PodB).ToIPAddress();

        provoke.Refused(TwoNodes.PodA, new IPEndPoint(vip.ToIPAddress(), 81), Times);
        provoke.ClientAborts(TwoNodes.PodA, TwoNodes.PodB, new IPEndPoint(pod, 8082), Times, new IPEndPoint(vip.ToIPAddress(), 82));
        provoke.ServerDiesWithUnreadData(TwoNodes.PodA, TwoNodes.PodB, new IPEndPoint(pod, 8083), Times, new IPEndPoint(vip.ToIPAddress(), 83));

        NodeWatch.Await(watch => watch.ResetsOf(81, 82, 83, 8081, 8082, 8083).Count >= 3 * Times, trace, packet, both, older);
        foreach (var watch in (NodeWatch[])[trace, packet, both, older])
        {
            Assert.Equal(Of(ResetKind.RefusedSyn, 8081), Counts(watch.ResetsOf(81, 8081)));
            Assert.Equal(Of(ResetKind.ClientAbort, 8082), Counts(watch.ResetsOf(82, 8082)));
            Assert.Equal(Of(ResetKind.FromBackend, 8083), Counts(watch.ResetsOf(83, 8083)));
            Assert.Empty(watch.Gaps);
        }

        // Aborts and server exits have a sequence number; the tracepoint adds the reason.
        Assert.All(packet.ResetsOf(82, 83, 8082, 8083), reset => Assert.NotEqual(0u, reset.Sequence));
        Assert.Contains(both.ResetsOf(83, 8083), reset => reset is { Sequence: not 0, Origin: ResetOrigin.Trace });

        string Of(ResetKind kind, int port) => $"{Times} {kind} of {vip} by {nodes.PodAddress(TwoNodes.PodB)}:{port}";

        static string Counts(List<Reset> resets) => string.Join(", ", resets
            .GroupBy(reset => $"{reset.Kind} of {reset.Vip} by {reset.Backend}:{reset.Bport}").Select(kind => $"{kind.Count()} {kind.Key}"));
    }
}
