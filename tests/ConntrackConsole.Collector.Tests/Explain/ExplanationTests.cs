using ConntrackConsole.Collector.Explain;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Explain;

public class ExplanationTests
{
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["net.netfilter.nf_conntrack_tcp_be_liberal"] = "0",
        ["net.netfilter.nf_conntrack_tcp_loose"] = "1",
        ["net.netfilter.nf_conntrack_tcp_timeout_unacknowledged"] = "300",
    };

    private static readonly AddressObservation Healthy = new()
    {
        PodIp = Ip.Parse("10.244.1.7"), Seconds = 30, Established = 10, Answered = 6, Idle = 4, Packets = (100, 100), Settings = Settings,
        Entries = [new("tcp", "ESTABLISHED", "> 1 h", 10)], Route = RouteKind.Unicast,
    };

    private static readonly AddressObservation Hung = Healthy with { Answered = 0, Idle = 2, Stuck = 8, Packets = (0, 5) };

    private static readonly AddressObservation UnNated = Healthy with { UnNatedResets = 3, Counters = Invalid(6) };

    private static readonly AddressObservation ClosedByPod = Healthy with { BackendResets = 4, Closed = 4 };

    private static IpvsEvidence Ipvs(int removed, int draining, int total, bool? expires, int servers = 0) =>
        new(new IpvsConnectionSummary(removed, draining, total, removed > 0 ? 897 : 0, expires, true, false), servers);

    public static TheoryData<string, string, string> Table
    {
        get
        {
            var table = new TheoryData<string, string, string>();
            foreach (string name in Cases.Keys)
                table.Add(name, Cases[name].Mechanisms, Cases[name].Missing);
            return table;
        }
    }

    // Evidence → the mechanisms, and a part of what is missing.
    private static readonly Dictionary<string, (AddressObservation Seen, string Mechanisms, string Missing)> Cases = new()
    {
        ["healthy and busy"] = (Healthy, "", "none in 30 s"),
        ["no entry at all"] = (Healthy with { Entries = [], Established = 0, Answered = 0, Idle = 0, Packets = (0, 0) }, "", "on the node of an affected client"),
        ["un-NATed resets and INVALID"] = (UnNated, "M1", ""),
        ["and what the client's next request brings"] = (UnNated with { BackendResetsThatFollow = 3, Closed = 3 }, "M1", ""),
        ["un-NATed resets, the counter stands still"] = (UnNated with { Counters = default }, "", "the counter did not increase"),
        ["un-NATed resets under be_liberal"] = (UnNated with { Settings = new Dictionary<string, string>(Settings) { ["net.netfilter.nf_conntrack_tcp_be_liberal"] = "1" } }, "", "be_liberal=1"),
        ["INVALID alone"] = (Healthy with { Counters = Invalid(50) }, "", "none in 30 s"),
        ["un-NATed resets after a deleted entry"] = (UnNated with { LostEntries = 3, LostByDelete = 3, UnNatedEntries = 3 }, "M2", ""),
        ["un-NATed resets after a loss of unknown cause"] = (UnNated with { LostEntries = 3, UnNatedEntries = 3 }, "", "why entries were destroyed before 3 resets"),
        ["a new backend and a mid-stream entry"] = (Healthy with { LostEntries = 2, LostByDelete = 2, NewBackendResets = 2, MidStreamEntries = 2 }, "M2b", ""),
        ["a new backend and a mid-stream entry, the loss not seen"] = (Healthy with { NewBackendResets = 2, MidStreamEntries = 2 }, "", "why entries were destroyed before 2 resets"),
        ["a new backend alone"] = (Healthy with { NewBackendResets = 2 }, "", "mid-stream entry"),
        ["the pod's resets and closed entries"] = (ClosedByPod, "M3", ""),
        ["the pod's resets alone"] = (ClosedByPod with { Closed = 0 }, "", "entries closed by the backend's resets"),
        ["received resets of unknown senders, and the pod's answers to them"] = (
            Healthy with { UnknownClientResets = 1, BackendResetsUnclear = 1, Closed = 1, Counters = Invalid(2), ResetsIncomplete = "Use --resets both." }, "",
            "the senders of 1 resets that the pod received"),
        ["entries with a timeout that fell"] = (Healthy with { Answered = 0, Idle = 2, Cut = 8, Packets = (0, 0), Route = RouteKind.Blackhole }, "", "a retransmission of 8 entries"),
        ["offloaded entries"] = (Healthy with { Offloaded = 4 }, "", "whether 4 offloaded entries are answered"),
        ["and its loss was an expiry"] = (UnNated with { LostEntries = 3, LostByTimeout = 3, UnNatedEntries = 3 }, "M10", ""),
        ["un-NATed resets while events were lost"] = (UnNated with { Gaps = 1 }, "", "which decides between M1, M2 and M10"),
        ["refusals alone"] = (Healthy with { RefusedSyns = 4, Closed = 4 }, "", "whether the pod terminates"),
        ["entries wait, route dead: no need to wait as well"] = (
            Healthy with { Answered = 0, Idle = 2, Waiting = 8, Seconds = 2, Packets = null, PacketsMissing = "CAP_NET_RAW is missing", Route = RouteKind.Blackhole, RouteText = "blackhole" }, "M4", "CAP_NET_RAW"),
        ["entries wait, route alive"] = (Healthy with { Answered = 0, Idle = 2, Waiting = 8, Seconds = 2, Packets = (0, 5) }, "", "--seconds 15"),
        ["client aborts"] = (Healthy with { ClientAborts = 9, Closed = 9 }, "", "none in 30 s"),
        ["hung, packets unanswered"] = (Hung, "M4", ""),
        ["hung, route dead, client between two retransmissions"] = (Hung with { Packets = (0, 0), Route = RouteKind.Blackhole, RouteText = "blackhole" }, "M4", ""),
        ["hung, neighbour dead, no packet socket"] = (Hung with { Packets = null, PacketsMissing = "CAP_NET_RAW is missing", NeighbourFailed = true, RouteText = "no ARP" }, "M4", "CAP_NET_RAW"),
        ["hung, one kind of evidence"] = (Hung with { Packets = (0, 0) }, "", "more --seconds"),
        ["hung, but one packet came"] = (Hung with { Packets = (1, 50) }, "", "none in 30 s"),
        ["hung, but one entry was answered"] = (Hung with { Answered = 1, Stuck = 7 }, "", "none in 30 s"),
        ["few of those in use hang"] = (Hung with { Stuck = 4 }, "", "less than half"),
        ["waiting, too short a look"] = (Hung with { Stuck = 0, Seconds = 5 }, "", "--seconds 15"),
        ["busy: half at the unacknowledged timeout, answers in between"] = (Healthy with { Established = 100, Answered = 100, Idle = 0, Stuck = 0 }, "", "none in 30 s"),
        ["IPVS keeps connections to a removed server"] = (Hung with { Packets = (0, 0), Ipvs = Ipvs(2, 0, 2, false) }, "M9", ""),
        ["and no conntrack entry at all"] = (Healthy with { Entries = [], Established = 0, Answered = 0, Idle = 0, Packets = (0, 0), Ipvs = Ipvs(2, 0, 2, false) }, "M9", ""),
        ["and it is unknown what IPVS does"] = (Hung with { Packets = (0, 0), Ipvs = Ipvs(2, 0, 2, null) }, "", "expire_nodest_conn"),
        ["IPVS will end them"] = (Healthy with { Ipvs = Ipvs(2, 0, 2, true) }, "M9", ""),
        ["IPVS ended them"] = (Healthy with { LostEntries = 1, LostByKernel = 1, NewBackendResets = 1, Ipvs = Ipvs(0, 0, 0, true) }, "M9", ""),
        ["an entry lost by the kernel, IPVS does not expire"] = (Healthy with { LostEntries = 1, LostByKernel = 1, NewBackendResets = 1, Ipvs = Ipvs(0, 0, 0, false) }, "", "mid-stream entry"),
        ["a server of weight 0 drains"] = (Healthy with { Ipvs = Ipvs(0, 4, 4, true, 1) }, "", "none in 30 s"),
        ["a server of weight 0 does not answer"] = (Hung with { Ipvs = Ipvs(0, 8, 8, true, 1) }, "M4 M9", ""),
        ["two at once"] = (UnNated with { BackendResets = 2, Closed = 2 }, "M1 M3", ""),
        ["resets are not observed"] = (Healthy with { ResetsMissing = "no tracefs" }, "", "no tracefs"),
        ["something was lost"] = (Healthy with { Gaps = 2 }, "", "run it again"),
    };

    [Fact]
    public void Of_ABlackHoleBehindIpvs_DoesNotAdviseAFlush()
    {
        var plain = Explanation.Of(Hung).Verdicts[0];
        var ipvs = Explanation.Of(Hung with { Ipvs = Ipvs(0, 0, 8, true, 1) }).Verdicts[0];

        Assert.Contains("flush --pod-ip", plain.Helps, StringComparison.Ordinal);
        Assert.DoesNotContain("flush --pod-ip", ipvs.Helps, StringComparison.Ordinal);
        Assert.Contains("after a flush the next packet goes there again", ipvs.Helps, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void Of_Evidence_HasOnlyVerdictsWithTwoKindsOfEvidence(string name, string mechanisms, string missing)
    {
        var explanation = Explanation.Of(Cases[name].Seen);

        Assert.Equal(mechanisms, string.Join(' ', explanation.Verdicts.Select(verdict => verdict.Mechanism)));
        Assert.Contains(missing, string.Join("; ", explanation.Missing), StringComparison.Ordinal);
        Assert.All(explanation.Verdicts, verdict =>
        {
            Assert.True(verdict.Reasons.Select(reason => reason.Class).Distinct().Count() >= 2);
            Assert.NotEmpty(verdict.RefutedBy);
        });
        Assert.Equal(explanation.Verdicts.Count == 0, explanation.Conclusion.StartsWith("insufficient: missing ", StringComparison.Ordinal));
        Assert.True(explanation.Verdicts.Count > 0 || explanation.Missing.Count > 0);
        Assert.Contains(" -r 10.244.1.7", explanation.Commands[0], StringComparison.Ordinal);
        Assert.Contains(explanation.CannotKnow, sentence => sentence.StartsWith("who owns", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_IPv6_CommandsHaveTheFamily() =>
        Assert.StartsWith("conntrack -L -f ipv6 -r fd00::7", Explanation.Of(Healthy with { PodIp = Ip.Parse("fd00::7") }).Commands[0], StringComparison.Ordinal);

    private static Counters Invalid(uint count) => new(count, 0, 0, 0, 10, 1000);
}
