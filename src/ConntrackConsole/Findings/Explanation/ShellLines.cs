using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.ShellText;

namespace ConntrackConsole.Findings.Explanation;

/// <summary>
/// The lines that show by hand what a finding states, with its names and addresses. Pure. A name that cannot be written safely has no line.
/// </summary>
internal sealed class ShellLines
{
    private readonly List<ShellLine> _lines = [];
    private readonly ObservedFinding _observed;
    private readonly string? _backend, _vip, _node;
    private readonly string _proto;
    private readonly ushort? _vport;
    private readonly bool _v6;

    private ShellLines(ObservedFinding observed)
    {
        _observed = observed;
        _backend = observed.Subject.Backend.IsNone ? null : observed.Subject.Backend.ToString();
        _vip = observed.Subject.Address?.Ip.ToString();
        _vport = observed.Subject.Address?.Port;
        _proto = Protocols.Name(observed.Subject.Address?.Proto ?? Protocols.Tcp);
        _v6 = (_backend ?? _vip)?.Contains(':', StringComparison.Ordinal) == true;
        _node = observed.Flow.TranslatingNode ?? (observed.Nodes.Count > 0 ? observed.Nodes[0] : null);
    }

    private string Ip => _v6 ? "ip -6" : "ip";

    public static IReadOnlyList<ShellLine> Of(ObservedFinding observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        var lines = new ShellLines(observed);
        lines.AddOf(observed.Code);
        return lines._lines;
    }

    private void AddOf(string code)
    {
        switch (code)
        {
            case MechanismCodes.InvalidUntranslated:
                Entries("the entry is there, ESTABLISHED: it was not lost");
                OnNode("conntrack -S", "the counter invalid rises with each such reset");
                Sysctl("net.netfilter.nf_conntrack_tcp_be_liberal", "0: segments outside of the window are INVALID");
                DropRule();
                break;
            case MechanismCodes.InvalidDropped:
                DropRule();
                Sysctl("net.netfilter.nf_conntrack_tcp_be_liberal", "0: segments outside of the window are INVALID");
                ProxyMetrics("ct_state_invalid_dropped", "the count of dropped packets rises");
                break;
            case MechanismCodes.EntryLost:
                Entries("entries of living connections are missing, or begin with the pod's address as source");
                Events("entries of living connections are destroyed");
                OnNode("conntrack -S", "early_drop or drop rises if the table is full");
                break;
            case MechanismCodes.Rebalanced:
                Entries("entries that begin ESTABLISHED [UNREPLIED] at this pod");
                Events("the entry before it is destroyed");
                Sysctl("net.netfilter.nf_conntrack_tcp_loose", "1: connections without an entry are picked up in mid-stream");
                break;
            case MechanismCodes.ClosedTooEarly or MechanismCodes.NoDrain or MechanismCodes.GraceTooShort or MechanismCodes.RefusedWhileListed:
                Pod();
                Termination();
                if (code == MechanismCodes.RefusedWhileListed)
                    Slices("the endpoint is still listed");
                Entries("entries to it went to CLOSE");
                break;
            case MechanismCodes.BlackHole:
                Entries("ESTABLISHED entries to the address; the third column, their timeout, is 300 or less and the state does not change");
                Owner("no live pod has it");
                Route();
                OnNode($"nstat -az {(_v6 ? "Ip6OutNoRoutes" : "IpOutNoRoutes")}", "rises if this node has no route to the address");
                Sysctl("net.netfilter.nf_conntrack_tcp_loose", "1: needed for a flush to help");
                break;
            case MechanismCodes.AddressReused:
                Entries("entries that are older than the new pod");
                Owner("another pod than the one that the entries were made for");
                Events("entries end after a reset", "UPDATE,DESTROY");
                break;
            case MechanismCodes.WrongBackend:
                Entries("entries of the Service to the address");
                Owner("a pod outside of the Service");
                Slices("the address is not in them");
                break;
            case MechanismCodes.ProxyLagged:
                Entries("new entries to the removed endpoint");
                Slices("the address is not in them");
                Rules(_backend, "the rules still have the address");
                OnNode("curl -s http://127.0.0.1:10256/healthz", "503 while the rules lag");
                ProxyPod();
                break;
            case MechanismCodes.SynReuse:
                Entries("SYN_SENT [UNREPLIED] entries that last", "SYN_SENT");
                Slices("the address is not in them");
                break;
            case MechanismCodes.NoEndpoints:
                Slices("no endpoint is ready");
                Rules(_vip, "a reject rule, or none that translates");
                OnNode($"nstat -az {(_v6 ? "Icmp6OutDestUnreachs" : "IcmpOutDestUnreachs")}", "rises with each refused connection");
                break;
            case MechanismCodes.UdpDeadBackend:
                Entries("UDP entries with a timeout that is renewed");
                Owner("no live pod has it");
                Route();
                break;
            case MechanismCodes.UdpUntranslated:
                if (_vip is not null)
                    OnNode(ConntrackLine.Of("-L", _proto, _vip, _vport, _vip), "the second src is the Service's own address: nothing translates");
                Rules(_vip, "the rules that a new entry would use");
                break;
            case MechanismCodes.IpvsDrops or MechanismCodes.IpvsWillEnd or MechanismCodes.IpvsEnded or MechanismCodes.IpvsDraining:
                OnNode("ipvsadm -L -n", "the Service without this server, or with it at weight 0");
                Ipvs();
                Sysctl("net.ipv4.vs.expire_nodest_conn", code is MechanismCodes.IpvsDrops ? "0: packets to a removed server are dropped" : "what becomes of connections to a removed server");
                Entries("entries to the address, which do not decide here");
                break;
            case MechanismCodes.IdleExpiry:
                Sysctl("net.netfilter.nf_conntrack_tcp_timeout_established", "the silence after which an entry expires, in seconds");
                Events("entries are destroyed without a close before");
                Entries("the third column: seconds until each of them expires");
                break;
            case MechanismCodes.Bypassed:
                if (_vip is not null)
                    OnNode(ConntrackLine.Of("-L", _proto, _vip, _vport), "0 entries although there is traffic");
                Cluster("kubectl exec --namespace=kube-system daemonset/cilium -- cilium-dbg bpf ct list global", "with Cilium: its own table of connections");
                break;
            case MechanismCodes.PortClash:
                OnNode("conntrack -S", "insert_failed rises");
                OnNode("nft list ruleset | grep -i masquerade || echo 'no rule masquerades'", "rules without random or fully-random");
                break;
            case MechanismCodes.TablePressure or MechanismCodes.EarlyDrop:
                OnNode("sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max", "the count is near the maximum");
                OnNode("conntrack -S", "early_drop, drop or insert_failed rises on a full table");
                break;
            case MechanismCodes.ProxyLag or MechanismCodes.ProxyFailure:
                OnNode("curl -s http://127.0.0.1:10256/healthz", "503 while the rules lag");
                ProxyMetrics("changes_pending|failures_total", "changes that wait, and failures");
                ProxyPod();
                break;
        }
    }

    private void Entries(string shows, string? state = null)
    {
        if (_backend is not null)
            OnNode(ConntrackLine.Of("-L", _vip is null ? null : _proto, _vip, _vport, _backend, state), shows);
    }

    private void Events(string shows, string events = "DESTROY")
    {
        if (_backend is not null)
            OnNode(ConntrackLine.Of("-E", _vip is null ? null : _proto, _vip, _vport, _backend, events: events), $"{shows}; ends with Ctrl+C");
    }

    private void Route()
    {
        if (_backend is null)
            return;
        OnNode($"{Ip} route show match {_backend}", "where packets to the address go: unreachable, blackhole, or only the default route");
        OnNode($"{Ip} neigh show to {_backend}", "FAILED or INCOMPLETE if nothing has the address");
    }

    private void DropRule() => OnNode("nft list ruleset | grep -i invalid || echo 'no rule drops INVALID'", "whether a rule drops INVALID packets");

    private void Rules(string? address, string shows)
    {
        if (address is null)
            return;
        OnNode($"nft list ruleset | grep -F {ShellWord.Quote(address)} || echo 'no rule has it'", shows);
        OnNode($"{(_v6 ? "ip6tables-save" : "iptables-save")} -t nat | grep -F {ShellWord.Quote(address)} || echo 'no rule has it'", $"{shows} (kube-proxy in iptables mode)");
    }

    private void Ipvs()
    {
        if (_backend is not null)
            OnNode($"ipvsadm -L -n -c | grep -F {ShellWord.Quote(_backend)} || echo 'no connection'", "connections that IPVS still has");
    }

    private void Sysctl(string name, string shows) => OnNode($"sysctl {name}", shows);

    private void ProxyMetrics(string pattern, string shows) => OnNode($"curl -s http://127.0.0.1:10249/metrics | grep -E {ShellWord.Quote(pattern)}", shows);

    private void Slices(string shows)
    {
        if (_observed.Subject.Service is { } service)
            Cluster(ShellWord.Line("kubectl", "get", "endpointslices", $"--namespace={service.Namespace}", $"--selector=kubernetes.io/service-name={service.Name}", "--output=wide"), shows);
    }

    private void Owner(string shows)
    {
        if (_backend is not null)
            Cluster(ShellWord.Line("kubectl", "get", "pods", "--all-namespaces", $"--field-selector=status.podIP={_backend}", "--output=wide"), shows);
    }

    private void Pod()
    {
        foreach (var (space, name) in Pods())
            Cluster(ShellWord.Line("kubectl", "get", "events", $"--namespace={space}", $"--field-selector=involvedObject.name={name}"), "Killing, then what followed");
    }

    private void Termination()
    {
        if (Pods().FirstOrDefault() is not ({ } space, _))
            return;
        foreach (string workload in _observed.Flow.Workloads.Take(1))
        {
            Cluster(ShellWord.Line("kubectl", "get", workload.ToLowerInvariant(), $"--namespace={space}",
                "--output=jsonpath={.spec.template.spec.terminationGracePeriodSeconds} {.spec.template.spec.containers[*].lifecycle}"), "the grace period, and the preStop hooks");
        }
    }

    private void ProxyPod()
    {
        if (_node is not null)
            Cluster(ShellWord.Line("kubectl", "get", "pods", "--namespace=kube-system", "--selector=k8s-app=kube-proxy", $"--field-selector=spec.nodeName={_node}", "--output=wide"), "kube-proxy of this node; then its log");
    }

    private IEnumerable<(string Space, string Name)> Pods() => _observed.Pods.Select(pod => pod.Split('/')).Where(parts => parts.Length == 2).Select(parts => (parts[0], parts[1]));

    private void OnNode(string? line, string shows)
    {
        if (line is not null)
            _lines.Add(new ShellLine(line, ShellPlace.Node, _node, shows));
    }

    private void Cluster(string? line, string shows)
    {
        if (line is not null)
            _lines.Add(new ShellLine(line, ShellPlace.Cluster, null, shows));
    }
}
