using System.Globalization;
using System.Text.Json.Serialization;

namespace ConntrackConsole.Wire;

/// <summary>
/// The connections that IPVS keeps for a pod's address in a table of its own. A flush deletes conntrack entries only, so it ends none
/// of them. Closing connections are not counted.
/// </summary>
/// <param name="Removed">Connections to a server that was removed from IPVS.</param>
/// <param name="Draining">Connections to a server of weight 0.</param>
/// <param name="Total">All connections to the address.</param>
/// <param name="MaxSeconds">The longest remaining timeout of those in <paramref name="Removed"/>; their packets do not renew it.</param>
/// <param name="ExpireNodestConn">net.ipv4.vs.expire_nodest_conn; null = unknown.</param>
/// <param name="Conntrack">net.ipv4.vs.conntrack; null = unknown.</param>
/// <param name="Partial">The table was too long or could not be parsed: there may be more. True where it cannot be read at all.</param>
/// <param name="Unreadable">IPVS is loaded, but its table cannot be read: nothing is known of its connections. False from older collectors.</param>
public sealed record IpvsConnectionSummary(
    int Removed, int Draining, int Total, int MaxSeconds, bool? ExpireNodestConn, bool? Conntrack, bool Partial, bool Unreadable = false)
{
    /// <summary>True if IPVS drops the packets of connections to a removed server: no flush changes that.</summary>
    [JsonIgnore]
    public bool KeepsRemoved => Removed > 0 && ExpireNodestConn != true;

    /// <summary>True if a flush does not change where packets of some of these connections go: IPVS drops them, or sends them to the same server, or its table is not known.</summary>
    [JsonIgnore]
    public bool OutlivesFlush => Kept > 0 || Partial || Unreadable;

    /// <summary>Connections that IPVS still forwards to the address, of whatever weight the server is.</summary>
    [JsonIgnore]
    public int Forwarded => Total - Removed;

    /// <summary>Connections that a flush does not move: dropped or forwarded.</summary>
    [JsonIgnore]
    public int Kept => Forwarded + (KeepsRemoved ? Removed : 0);

    /// <summary>True if every number can be one.</summary>
    [JsonIgnore]
    public bool IsValid => Removed >= 0 && Draining >= 0 && MaxSeconds >= 0 && Total is >= 0 and <= 10_000_000 && Removed <= Total && Draining <= Total - Removed;

    /// <summary>What IPVS does with these connections and what helps; null if there is nothing to say.</summary>
    public string? Explain()
    {
        string text = "";
        if (KeepsRemoved)
        {
            string drops = ExpireNodestConn is null ? ". Unless net.ipv4.vs.expire_nodest_conn is 1 (it cannot be read), it drops their packets" : $", and drops {(Removed == 1 ? "its" : "their")} packets";
            text = string.Create(CultureInfo.InvariantCulture, $"IPVS keeps {Connections(Removed)} to this address although the server was removed{drops} for up to {MaxSeconds} s. A flush deletes conntrack entries only: these clients keep hanging. ")
                + "Set net.ipv4.vs.expire_nodest_conn=1 (kube-proxy does so in IPVS mode): the next packet then ends the connection. A shorter ipvs.timeout_tcp or ipvs.timeout_udp applies to other connections only.";
        }
        else if (Removed > 0)
        {
            text = $"IPVS itself ends {Connections(Removed)} to this address at the next packet, because the server was removed (expire_nodest_conn=1); no flush is needed for them.";
        }

        if (Draining > 0)
            text += $" IPVS still forwards {Connections(Draining)} to this address although its weight is 0, also after a flush: they end when both sides close them, or at IPVS's timeout.";
        if (Total > Removed + Draining)
            text += $" IPVS keeps {Connections(Total - Removed - Draining)} that lead to this address as its server: after a flush the next packet goes there again.";
        if (Forwarded > 0)
            text += " " + RemoveServer;
        if (Unreadable)
            text += " IPVS is loaded, but its table cannot be read: whether it keeps connections to this address, and whether a flush helps their clients, is unknown. Read it on the node with ipvsadm -Lnc.";
        else if (Partial)
            text += " IPVS's table could not be read to its end: there may be more. Read it on the node with ipvsadm -Lnc.";
        return text.Length == 0 ? null : text.Trim();
    }

    /// <summary>What helps connections that IPVS still forwards to a pod that does not answer.</summary>
    public const string RemoveServer =
        "If the pod is gone or does not answer, remove the server from IPVS (ipvsadm -d) while net.ipv4.vs.expire_nodest_conn=1: the next packet then ends the connection.";

    private static string Connections(int count) => count == 1 ? "1 connection" : string.Create(CultureInfo.InvariantCulture, $"{count} connections");
}
