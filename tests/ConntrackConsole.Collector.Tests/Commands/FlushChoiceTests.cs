using ConntrackConsole.Collector.Execute;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public class FlushChoiceTests
{
    [Theory]
    [InlineData(null, null, null, null)]
    [InlineData("tcp", "10.96.0.1", 80, null)]
    [InlineData("udp", null, null, null)]
    [InlineData("icmp", null, null, "none of tcp")]
    [InlineData("TCP", null, null, "none of tcp")]
    [InlineData("", null, null, "none of tcp")]
    [InlineData(null, "10.96.0.0/16", null, "plain form")]
    [InlineData(null, "::ffff:10.96.0.1", null, "plain form")]
    [InlineData(null, "", null, "plain form")]
    [InlineData(null, null, 80, "without the Service's address")]
    [InlineData(null, "10.96.0.1", 0, "no port")]
    [InlineData(null, "10.96.0.1", 65536, "no port")]
    [InlineData(null, "10.96.0.1", -1, "no port")]
    public void TryParse_AScope(string? proto, string? vip, int? port, string? because)
    {
        bool good = FlushChoice.TryParse(FlushPreset.Safe, new FlushScope(proto, vip, port), out _, out string? refusal);

        Assert.Equal(because is null, good);
        if (because is not null)
            Assert.Contains(because, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_OfHugeWordsOrAnUnknownPreset_IsAShortSentence()
    {
        Assert.False(FlushChoice.TryParse(FlushPreset.Safe, new FlushScope(new string('x', 100_000), null, null), out _, out string? one));
        Assert.False(FlushChoice.TryParse(FlushPreset.Safe, new FlushScope(null, new string('x', 100_000), null), out _, out string? two));
        Assert.False(FlushChoice.TryParse((FlushPreset)99, null, out _, out string? three));

        Assert.All((string?[])[one, two, three], sentence => Assert.InRange(sentence!.Length, 20, 200));
    }

    [Theory]
    [InlineData(Protocols.Tcp, FlowState.SynSent, false, OwnerState.Terminating, true)]
    [InlineData(Protocols.Tcp, FlowState.Established, false, OwnerState.Terminating, true)] // picked up in mid-stream, no answer
    [InlineData(Protocols.Tcp, FlowState.SynSent, true, OwnerState.Terminating, true)]
    [InlineData(Protocols.Tcp, FlowState.SynRecv, true, OwnerState.Gone, false)]
    [InlineData(Protocols.Tcp, FlowState.Established, true, OwnerState.Gone, false)]
    [InlineData(Protocols.Udp, FlowState.Unreplied, false, OwnerState.Terminating, true)]
    [InlineData(Protocols.Udp, FlowState.Replied, true, OwnerState.Terminating, false)]
    [InlineData(Protocols.Udp, FlowState.Assured, true, OwnerState.Unknown, false)]
    [InlineData(Protocols.Udp, FlowState.Assured, true, OwnerState.Gone, true)]
    [InlineData(Protocols.Udp, FlowState.Replied, true, OwnerState.Lost, true)]
    [InlineData(Protocols.Sctp, FlowState.Replied, true, OwnerState.Gone, false)]
    public void Takes_Safe_OnlyWhatNeverHurts(byte proto, FlowState state, bool replied, OwnerState owner, bool takes)
    {
        var flow = Observation.Flows.Service(1000, state, proto: proto) with { Status = replied ? FlowStatus.SeenReply : FlowStatus.None };

        Assert.Equal(takes, new FlushChoice(FlushPreset.Safe, 0, default, 0).Takes(in flow, owner));
        Assert.True(new FlushChoice(FlushPreset.DeadBackend, 0, default, 0).Takes(in flow, owner));
    }

    [Theory]
    [InlineData("tcp", "10.96.0.1", 80, true)]
    [InlineData("udp", "10.96.0.1", 80, false)]
    [InlineData(null, "10.96.0.1", null, true)]
    [InlineData(null, "10.96.0.2", null, false)]
    [InlineData(null, "10.96.0.1", 81, false)]
    public void Takes_OnlyWhatTheScopeNames(string? proto, string? vip, int? port, bool takes)
    {
        Assert.True(FlushChoice.TryParse(FlushPreset.All, new FlushScope(proto, vip, port), out var choice, out _));

        Assert.Equal(takes, choice.Takes(Observation.Flows.Service(1000), OwnerState.Gone));
    }

    [Fact]
    public void Digest_CoversTheAddressThePresetTheScopeAndTheEntries()
    {
        Flow[] flows = [Observation.Flows.Service(1000), Observation.Flows.Service(1001)];
        var (pod, choice) = (Ip.Parse("10.244.1.1"), new FlushChoice(FlushPreset.All, 0, default, 0));

        string[] digests =
        [
            FlowEntries.Digest(pod, choice, flows), FlowEntries.Digest(Ip.Parse("10.244.1.2"), choice, flows),
            FlowEntries.Digest(pod, choice with { Preset = FlushPreset.Safe }, flows), FlowEntries.Digest(pod, choice with { Proto = Protocols.Tcp }, flows),
            FlowEntries.Digest(pod, choice with { Vip = Observation.Flows.Vip }, flows), FlowEntries.Digest(pod, choice with { Vport = 80 }, flows),
            FlowEntries.Digest(pod, choice, [flows[0]]), FlowEntries.Digest(pod, choice, [flows[1], flows[0]]),
        ];

        Assert.Equal(digests.Length, digests.Distinct().Count());
        Assert.Equal(digests[0], FlowEntries.Digest(pod, choice, [Observation.Flows.Service(1000), Observation.Flows.Service(1001)]));
    }
}
