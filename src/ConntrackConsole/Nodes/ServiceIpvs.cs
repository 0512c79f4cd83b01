using ConntrackConsole.Wire;

namespace ConntrackConsole.Nodes;

/// <summary>Connections that IPVS keeps on one node to one server of a Service that was removed or has weight 0.</summary>
/// <param name="Node">The node.</param>
/// <param name="ExpireNodestConn">net.ipv4.vs.expire_nodest_conn of the node; null = unknown.</param>
/// <param name="Kept">What IPVS keeps.</param>
/// <param name="Owner">The owner of the server's address now.</param>
internal readonly record struct ServiceIpvs(string Node, bool? ExpireNodestConn, IpvsServerConnections Kept, OwnerState Owner)
{
    /// <summary>IPVS drops their packets, as far as is known: their clients hang.</summary>
    public bool IsDropped => Kept.IsRemoved && ExpireNodestConn != true;

    /// <summary>IPVS forwards them to an address that no pod has any more.</summary>
    public bool LeadsNowhere => !Kept.IsRemoved && Owner is (OwnerState.Gone or OwnerState.Lost);
}
