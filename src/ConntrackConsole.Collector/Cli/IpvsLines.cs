using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>Formats what IPVS keeps as lines of text.</summary>
internal static class IpvsLines
{
    private const int MaxServers = 4;

    public static IEnumerable<string> Of(IpvsReading? reading)
    {
        if (reading is { State: IpvsReadState.Unreadable })
            yield return "IPVS is loaded, but its table cannot be read";
        if (reading is null || reading.IsEmpty)
            yield break;
        foreach (var kept in reading.Servers.Take(MaxServers))
        {
            yield return $"IPVS keeps {kept.Connections} connections of {kept.Vip}:{kept.Vport} to {kept.Server}:{kept.Port}, "
                + (!kept.IsRemoved ? "which has weight 0" : reading.ExpireNodestConn switch
                {
                    true => "which was removed: their next packets end them",
                    false => $"which was removed, and drops their packets for up to {kept.MaxSeconds} s (net.ipv4.vs.expire_nodest_conn=0)",
                    null => "which was removed (net.ipv4.vs.expire_nodest_conn cannot be read)",
                });
        }

        long more = reading.Servers.Skip(MaxServers).Sum(kept => (long)kept.Connections) + reading.MoreConnections;
        if (more > 0)
            yield return $"IPVS keeps {more} more connections to such servers";
    }
}
