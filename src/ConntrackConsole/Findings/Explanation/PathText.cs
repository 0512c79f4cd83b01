using ConntrackConsole.Diagnosis.Catalog;

namespace ConntrackConsole.Findings.Explanation;

/// <summary>What happens to the packets of a finding, in a few plain sentences with its names.</summary>
internal static class PathText
{
    public static string Of(ObservedFinding observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        var names = new PathNames(observed);
        var (client, service, backend, node) = (names.TheClient, names.TheService, names.TheBackend, names.TheNode);
        string address = names.Backend ?? "the pod's address", vip = names.Vip ?? "the Service's address";
        return observed.Code switch
        {
            MechanismCodes.InvalidUntranslated =>
                $"{Upper(client)} calls {service} at {vip}, and the entry on {node} leads it to {backend}. A segment of the answer is outside of the window that conntrack expects: it is INVALID, so it is not translated back and arrives with the address {address}. The client knows no connection with that address and resets it; the pod is alive.",
            MechanismCodes.InvalidDropped =>
                $"Segments that conntrack takes for INVALID are dropped on {node} by kube-proxy's rule. Their senders retransmit, so that connections are slow for a moment but do not break.",
            MechanismCodes.EntryLost =>
                $"{Upper(client)} has a connection to {service} at {vip}, which the entry on {node} leads to {backend}. The entry was deleted or evicted while the connection lived. The pod's next segment finds no entry, arrives with the address {address}, and the client resets it.",
            MechanismCodes.Rebalanced =>
                $"The entry of a connection to {service} was lost on {node}. The client's next segment made a new one, and the rules chose another pod: {backend}. That pod never had the connection and resets it.",
            MechanismCodes.ClosedTooEarly =>
                $"{Upper(backend)} resets connections that its clients still use. Translation works: its resets arrive from {vip}. Whether the pod closes too early or is killed is not known without the cluster.",
            MechanismCodes.NoDrain =>
                $"The deletion of {backend} was requested, and its application closed open connections at once instead of draining them. Translation works: the resets arrive from {vip}.",
            MechanismCodes.GraceTooShort =>
                $"{Upper(backend)} was killed at the end of its grace period while clients of {service} still had connections to it. The kernel reset them.",
            MechanismCodes.RefusedWhileListed =>
                $"{Upper(backend)} no longer listens, but its endpoint is still listed, so {node} still sends new connections of {service} there. Each is refused.",
            MechanismCodes.BlackHole => observed.Flow.IsBackendNodeLost
                ? $"The entries on {node} still lead connections of {service} to {address}, on {observed.Flow.BackendNode ?? "a node"} that does not report any more. No answer comes, not even a reset: the clients retransmit and hang, for up to some 15 minutes."
                : $"The entries on {node} still lead connections of {service} to {address}, but no live pod has that address. No answer comes, not even a reset: the clients retransmit and hang, for up to some 15 minutes.",
            MechanismCodes.AddressReused =>
                $"The address {address} went from {Former(observed)} to {names.BackendPod ?? "another pod"}. Entries on {node} are older than that pod and still lead connections of {service} there; it does not know them and resets them.",
            MechanismCodes.WrongBackend =>
                $"Entries of {service} on {node} lead to {address}, which now belongs to {names.BackendPod ?? "a pod"} outside of the Service. That pod answers: the clients talk to the wrong workload, and no reset shows it.",
            MechanismCodes.ProxyLagged =>
                $"{Upper(backend)} left the slices of {service}, but the rules on {node} still choose it for new connections. kube-proxy there lags or fails.",
            MechanismCodes.SynReuse =>
                $"A connect to {backend} was never answered, and its entry remains on {node}. The clients have few source ports: each new attempt uses the same entry again and goes to the removed backend, whatever the rules say.",
            MechanismCodes.NoEndpoints =>
                $"{Upper(service)} has no ready endpoint. The rules on {node} refuse new connections to {vip} with ICMP port unreachable; existing connections hang.",
            MechanismCodes.UdpDeadBackend =>
                $"Datagrams to {service} go to {address}, which no live pod has. UDP has no end, and each datagram renews the entry on {node}: it lasts as long as the sender sends.",
            MechanismCodes.UdpUntranslated =>
                $"While the rules for {service} were absent, a datagram to {vip} made an entry on {node} that translates nothing. Each further datagram renews it, so the rules that are there now are never asked.",
            MechanismCodes.IpvsDrops =>
                $"IPVS on {node} still has connections of {service} to {backend}, which is no server any more, and drops their packets: the clients hang. Conntrack does not decide here.",
            MechanismCodes.IpvsWillEnd =>
                $"IPVS on {node} still has connections of {service} to {backend}, which is no server any more. It ends each at its next packet, and the client connects again.",
            MechanismCodes.IpvsEnded =>
                $"{Upper(backend)} was removed from the servers of {service}, and IPVS on {node} ended its connections: the clients got resets from {vip}.",
            MechanismCodes.IpvsDraining =>
                $"{Upper(backend)} is a server of weight 0: new connections go elsewhere, existing ones of {service} are still forwarded by {node}. It does not answer, so they hang.",
            MechanismCodes.IdleExpiry =>
                $"A connection of {service} to {backend} was silent for longer than nf_conntrack_tcp_timeout_established, and its entry on {node} expired. The next segment finds no entry: it arrives untranslated, or goes to another pod, and the connection is reset.",
            MechanismCodes.Bypassed =>
                $"Connections to Services have no entries on {node}, although their pods have traffic: something else translates them, for example Cilium's replacement of kube-proxy. Conntrack neither breaks nor repairs them.",
            MechanismCodes.PortClash =>
                $"{Upper(node)} masquerades connections of {service}, and two of them chose the same source port. The first packet of one is dropped; it connects only when its SYN is repeated, 1 s or 3 s later.",
            MechanismCodes.TablePressure => $"The conntrack table of {node} is nearly full. When it is full, new connections fail and entries of idle ones are evicted.",
            MechanismCodes.EarlyDrop => $"The conntrack table of {node} is full: the kernel evicts entries of connections that are not assured, or drops the first packet of new ones.",
            MechanismCodes.ProxyLag => $"kube-proxy on {node} has changes that are not in its rules yet: new connections may go to endpoints that were removed.",
            MechanismCodes.ProxyFailure => $"kube-proxy on {node} fails to write its rules: what changes in the cluster has no effect there.",
            _ => "",
        };
    }

    private static string Former(ObservedFinding observed) => observed.Pods.Count > 1 ? observed.Pods[0] : "a former pod";

    private static string Upper(string text) => text.StartsWith("the ", StringComparison.Ordinal) || text.StartsWith("a ", StringComparison.Ordinal) ? char.ToUpperInvariant(text[0]) + text[1..] : text;
}
