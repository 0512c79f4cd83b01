using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>What IPVS keeps to servers that were removed or have weight 0.</summary>
internal sealed record IpvsJson(string State, bool? ExpireNodestConn, IReadOnlyList<IpvsServerJson> Servers, uint MoreConnections)
{
    public static IpvsJson Of(IpvsReading reading) => new(
        reading.State.ToString(), reading.ExpireNodestConn, [.. reading.Servers.Select(IpvsServerJson.Of)], reading.MoreConnections);
}

/// <summary>Connections of one Service to one server.</summary>
internal sealed record IpvsServerJson(string Proto, string Vip, int Vport, string Server, int Port, bool Removed, uint Connections, uint MaxSeconds)
{
    public static IpvsServerJson Of(IpvsServerConnections kept) => new(
        Protocols.Name(kept.Proto), kept.Vip.ToString(), kept.Vport, kept.Server.ToString(), kept.Port, kept.IsRemoved, kept.Connections, kept.MaxSeconds);
}
