using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public class EffectPredictionTests
{
    // Without a timeout nothing proves that the backend of an offloaded flow is dead.
    [Theory]
    [InlineData(OwnerState.Gone, true, FlushEffect.MayBreak)]
    [InlineData(OwnerState.Terminating, true, FlushEffect.MayBreak)]
    [InlineData(OwnerState.Gone, false, FlushEffect.Hangs)]
    public void Offloaded_MayBreak(OwnerState owner, bool tcpLoose, FlushEffect expected)
    {
        var flow = Observation.Flows.Service(1000, FlowState.Offloaded) with { TimeoutSeconds = null };

        Assert.Equal(expected, EffectPrediction.Of(in flow, owner, tcpLoose));
    }

    // At the Service's own address: the next packet is translated to a backend, which does not know a connection in mid-stream.
    [Theory]
    [InlineData(Protocols.Udp, FlowState.Assured, true, FlushEffect.Moves)]
    [InlineData(Protocols.Tcp, FlowState.SynSent, false, FlushEffect.FailsFast)]
    [InlineData(Protocols.Tcp, FlowState.Established, true, FlushEffect.FailsFast)]
    [InlineData(Protocols.Tcp, FlowState.Established, false, FlushEffect.Hangs)]
    [InlineData(Protocols.Tcp, FlowState.TimeWait, true, FlushEffect.NoEffect)]
    public void Untranslated_AtAServicesAddress(byte proto, FlowState state, bool tcpLoose, FlushEffect expected)
    {
        var flow = Observation.Flows.Service(1000, state, proto: proto) with { Status = FlowStatus.SeenReply };

        Assert.Equal(expected, EffectPrediction.Of(in flow, OwnerState.Service, tcpLoose));
        Assert.True(new FlushFilter(FlushPreset.DeadBackend, proto, Observation.Flows.Vip, 80).Matches(in flow, OwnerState.Service));
    }
}
