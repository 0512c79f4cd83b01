using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>Flows of a client 10.1.0.1 of the Service 10.96.0.1:80, as the kernel would report them.</summary>
internal static class Flows
{
    public static readonly Ip Client = Ip.Parse("10.1.0.1");
    public static readonly Ip Vip = Ip.Parse("10.96.0.1");

    public static Flow Service(
        ushort sport, FlowState state = FlowState.Established, string backend = "10.244.1.1", uint id = 1, byte proto = Protocols.Tcp) => new()
    {
        Orig = new FlowTuple(Client, Vip, proto, sport, 80),
        Reply = new FlowTuple(Ip.Parse(backend), Client, proto, 8080, sport),
        Status = FlowStatus.SeenReply | FlowStatus.Assured | FlowStatus.Confirmed | FlowStatus.DestinationNat,
        State = state,
        TimeoutSeconds = 300,
        Id = id,
    };

    public static Flow Direct(ushort sport, string target)
    {
        var orig = new FlowTuple(Client, Ip.Parse(target), Protocols.Tcp, sport, 8080);
        return new Flow { Orig = orig, Reply = orig.Inverted(), State = FlowState.Established, TimeoutSeconds = 300, Id = 1 };
    }
}
