using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public class FlushFilterTests
{
    [Theory]
    [InlineData(null, null, null, null)]
    [InlineData("tcp", "10.96.0.1", 80, null)]
    [InlineData("udp", null, null, null)]
    [InlineData("icmp", null, null, "flush.invalid_protocol")]
    [InlineData("TCP", null, null, "flush.invalid_protocol")]
    [InlineData("", null, null, "flush.invalid_protocol")]
    [InlineData(null, "10.96.0.0/16", null, "flush.invalid_service_address")]
    [InlineData(null, "::ffff:10.96.0.1", null, "flush.invalid_service_address")]
    [InlineData(null, "", null, "flush.invalid_service_address")]
    [InlineData(null, null, 80, "flush.port_without_address")]
    [InlineData(null, "10.96.0.1", 0, "flush.invalid_port")]
    [InlineData(null, "10.96.0.1", 65536, "flush.invalid_port")]
    [InlineData(null, "10.96.0.1", -1, "flush.invalid_port")]
    public void TryParse_Scope(string? proto, string? vip, int? port, string? code)
    {
        bool good = FlushFilter.TryParse(FlushPreset.Safe, new FlushScope(proto, vip, port), out _, out var refusal);

        Assert.Equal(code is null, good);
        Assert.Equal(code, refusal?.Code);
    }

    [Fact]
    public void TryParse_HugeTextOrUnknownPreset_HasAShortMessage()
    {
        Assert.False(FlushFilter.TryParse(FlushPreset.Safe, new FlushScope(new string('x', 100_000), null, null), out _, out var one));
        Assert.False(FlushFilter.TryParse(FlushPreset.Safe, new FlushScope(null, new string('x', 100_000), null), out _, out var two));
        Assert.False(FlushFilter.TryParse((FlushPreset)99, null, out _, out var three));

        Assert.All((Reason?[])[one, two, three], why => Assert.InRange(why!.Message.Length, 20, 200));
        Assert.Equal("flush.unknown_preset", three?.Code);
    }

    [Theory]
    [InlineData(Protocols.Tcp, FlowState.SynSent, false, OwnerState.Terminating, true)]
    [InlineData(Protocols.Tcp, FlowState.Established, false, OwnerState.Terminating, true)] // picked up in mid-stream, unanswered
    [InlineData(Protocols.Tcp, FlowState.SynSent, true, OwnerState.Terminating, true)]
    [InlineData(Protocols.Tcp, FlowState.SynRecv, true, OwnerState.Gone, false)]
    [InlineData(Protocols.Tcp, FlowState.Established, true, OwnerState.Gone, false)]
    [InlineData(Protocols.Udp, FlowState.Unreplied, false, OwnerState.Terminating, true)]
    [InlineData(Protocols.Udp, FlowState.Replied, true, OwnerState.Terminating, false)]
    [InlineData(Protocols.Udp, FlowState.Assured, true, OwnerState.Unknown, false)]
    [InlineData(Protocols.Udp, FlowState.Assured, true, OwnerState.Gone, true)]
    [InlineData(Protocols.Udp, FlowState.Replied, true, OwnerState.Lost, true)]
    [InlineData(Protocols.Sctp, FlowState.Replied, true, OwnerState.Gone, false)]
    public void Matches_Safe_OnlyEntriesThatAreAlwaysSafe(byte proto, FlowState state, bool replied, OwnerState owner, bool takes)
    {
        var flow = Observation.Flows.Service(1000, state, proto: proto) with { Status = replied ? FlowStatus.SeenReply : FlowStatus.None };

        Assert.Equal(takes, new FlushFilter(FlushPreset.Safe, 0, default, 0).Matches(in flow, owner));
        Assert.True(new FlushFilter(FlushPreset.DeadBackend, 0, default, 0).Matches(in flow, owner));
    }

    [Theory]
    [InlineData("tcp", "10.96.0.1", 80, true)]
    [InlineData("udp", "10.96.0.1", 80, false)]
    [InlineData(null, "10.96.0.1", null, true)]
    [InlineData(null, "10.96.0.2", null, false)]
    [InlineData(null, "10.96.0.1", 81, false)]
    public void Matches_Scope_OnlyItsEntries(string? proto, string? vip, int? port, bool takes)
    {
        Assert.True(FlushFilter.TryParse(FlushPreset.All, new FlushScope(proto, vip, port), out var filter, out _));

        Assert.Equal(takes, filter.Matches(Observation.Flows.Service(1000), OwnerState.Gone));
    }

    [Fact]
    public void Digest_CoversTheAddressThePresetTheScopeAndTheEntries()
    {
        Flow[] flows = [Observation.Flows.Service(1000), Observation.Flows.Service(1001)];
        var (pod, filter) = (Ip.Parse("10.244.1.1"), new FlushFilter(FlushPreset.All, 0, default, 0));

        string[] digests =
        [
            FlowEntries.Digest(pod, filter, flows), FlowEntries.Digest(Ip.Parse("10.244.1.2"), filter, flows),
            FlowEntries.Digest(pod, filter with { Preset = FlushPreset.Safe }, flows), FlowEntries.Digest(pod, filter with { Proto = Protocols.Tcp }, flows),
            FlowEntries.Digest(pod, filter with { Vip = Observation.Flows.Vip }, flows), FlowEntries.Digest(pod, filter with { Vport = 80 }, flows),
            FlowEntries.Digest(pod, filter, [flows[0]]), FlowEntries.Digest(pod, filter, [flows[1], flows[0]]),
        ];

        Assert.Equal(digests.Length, digests.Distinct().Count());
        Assert.Equal(digests[0], FlowEntries.Digest(pod, filter, [Observation.Flows.Service(1000), Observation.Flows.Service(1001)]));
    }
}
