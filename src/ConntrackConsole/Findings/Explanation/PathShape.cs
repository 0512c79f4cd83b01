using ConntrackConsole.Diagnosis.Catalog;

namespace ConntrackConsole.Findings.Explanation;

/// <summary>
/// How packets fare at each of the six hops, in their order: + passes, x fails, . is not reached, ? unknown.
/// </summary>
/// <param name="Request">Packets of the client.</param>
/// <param name="Answer">Packets to the client.</param>
/// <param name="Note">What happens at the hop where it fails.</param>
/// <param name="Sender">The hop that sends a reset or a refusal; null = none does.</param>
/// <param name="Sends">What it sends; {backend}, {vip} and {client} are replaced.</param>
internal sealed record PathShape(string Request, string Answer, string Note, HopKind? Sender = null, string Sends = "")
{
    public static PathShape Of(string code) => code switch
    {
        MechanismCodes.InvalidUntranslated => new("++++++", "++.x++", "The answer is INVALID: it leaves here without translation, with the pod's own address.",
            HopKind.ClientPod, "RST to {backend}, an address that it never called"),
        MechanismCodes.InvalidDropped => new("++++++", "...x++", "kube-proxy's rule drops packets that are INVALID; their senders retransmit."),
        MechanismCodes.EntryLost => new("++++++", "++.x++", "The entry was lost: the answer leaves here without translation, with the pod's own address.",
            HopKind.ClientPod, "RST to {backend}, an address that it never called"),
        MechanismCodes.Rebalanced => new("+++x++", "++++++", "The entry was lost, and created again in mid-stream towards another pod.",
            HopKind.BackendPod, "RST to {client}: it does not know the connection"),
        MechanismCodes.ClosedTooEarly => new("+++++x", "++++++", "The pod ends connections that its clients still use.", HopKind.BackendPod, "RST to {client}, correctly translated"),
        MechanismCodes.NoDrain => new("+++++x", "++++++", "The pod is to stop, and closes open connections at once.", HopKind.BackendPod, "RST to {client}, correctly translated"),
        MechanismCodes.GraceTooShort => new("+++++x", "++++++", "The pod is killed at the end of its grace period, with open connections.", HopKind.BackendPod, "RST to {client}, correctly translated"),
        MechanismCodes.RefusedWhileListed => new("+++++x", "++++++", "The pod no longer listens, while its endpoint is still listed.", HopKind.BackendPod, "RST to each SYN"),
        MechanismCodes.BlackHole => new("+++++x", "......", "No live pod has this address: packets end here, and no answer comes."),
        MechanismCodes.AddressReused => new("+++++x", "++++++", "Another pod has the address now, and does not know the connection.", HopKind.BackendPod, "RST to {client}, correctly translated"),
        MechanismCodes.WrongBackend => new("+++x++", "++++++", "The entry still leads to this address, which belongs to a pod outside of the Service."),
        MechanismCodes.ProxyLagged => new("+++x??", "??????", "The rules of this node still choose an endpoint that was removed."),
        MechanismCodes.SynReuse => new("+++x??", "......", "An unanswered entry to a removed backend is used again for each new connection."),
        MechanismCodes.NoEndpoints => new("++x...", "++....", "The Service has no ready endpoint: the rules refuse the connection.", HopKind.ClientNode, "ICMP port unreachable"),
        MechanismCodes.UdpDeadBackend => new("+++++x", "......", "No live pod has this address; each datagram renews the entry that leads here."),
        MechanismCodes.UdpUntranslated => new("+++x..", "......", "The entry was made while the rules were absent: it translates nothing, and each datagram renews it."),
        MechanismCodes.IpvsDrops => new("+++x..", "......", "IPVS has no such server any more, and drops the packets of its connections."),
        MechanismCodes.IpvsWillEnd => new("+++x..", "??????", "IPVS has no such server any more: it ends each connection at its next packet."),
        MechanismCodes.IpvsEnded => new("+++x..", "++++..", "IPVS ended the connections to a server that was removed.", HopKind.Translation, "RST from {vip}"),
        MechanismCodes.IpvsDraining => new("++++?x", "......", "IPVS still forwards to this server of weight 0, which does not answer."),
        MechanismCodes.IdleExpiry => new("+++x??", "++.x++", "The entry expired while both ends were connected: the next packet finds none."),
        MechanismCodes.Bypassed => new("+++?++", "+++?++", "Something else than conntrack translates here: there is no entry to look at."),
        MechanismCodes.PortClash => new("+++x..", "......", "Another connection has the chosen source port: the first packet is dropped, and repeated after 1 s or 3 s."),
        MechanismCodes.TablePressure => new("???x??", "??????", "The conntrack table of this node is nearly full."),
        MechanismCodes.EarlyDrop => new("???x??", "??????", "The conntrack table of this node is full: entries are evicted or new ones refused."),
        MechanismCodes.ProxyLag => new("???x??", "??????", "kube-proxy's rules on this node lag behind the cluster."),
        MechanismCodes.ProxyFailure => new("???x??", "??????", "kube-proxy fails to write its rules on this node."),
        _ => new("??????", "??????", ""),
    };

    public static HopState Read(char state) => state switch { '+' => HopState.Passes, 'x' => HopState.Fails, '.' => HopState.NotReached, _ => HopState.Unknown };
}
