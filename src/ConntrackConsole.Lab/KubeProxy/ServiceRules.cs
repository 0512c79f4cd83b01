using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Nftables;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;

namespace ConntrackConsole.Lab.KubeProxy;

/// <summary>
/// A node's translation of Services: table ip kube-proxy, modelled on kube-proxy's nftables mode. One chain per
/// Service with a rule per endpoint; another with a reject rule if it has no endpoints.
/// </summary>
internal sealed class ServiceRules(NetworkNamespace networkNamespace) : INodeRules
{
    private const string Table = "kube-proxy";
    private const string Forward = "filter-forward";
    private const string Services = "services", NoEndpoints = "service-endpoints-check";

    /// <inheritdoc/>
    public void Install() => networkNamespace.Run(() =>
    {
        var batch = new NftBatch().AddTable(Table).AddChain(Table, Services).AddChain(Table, NoEndpoints);
        foreach (var hook in new[] { NftHook.PreRouting, NftHook.Output })
        {
            string name = hook == NftHook.PreRouting ? "prerouting" : "output";
            batch.AddFilterChain(Table, $"filter-{name}", hook).AddNatChain(Table, $"nat-{name}", hook)
                // This rule also keeps conntrack enabled while no Service has an endpoint.
                .AddRule(Table, $"filter-{name}", new NftRule().IfNew().Jump(NoEndpoints))
                .AddRule(Table, $"nat-{name}", new NftRule().Jump(Services));
        }

        batch.Commit();
        NamespaceSysctl.SetAsKubeProxy();
    });

    /// <inheritdoc/>
    public void SetServices(IReadOnlyList<LabService> services, LabService? added = null) => networkNamespace.Run(() =>
    {
        var batch = new NftBatch();
        if (added is not null)
        {
            batch.AddChain(Table, Chain(added)).AddChain(Table, RefusalChain(added));
            // A Service of this name may have been here before.
            batch.ClearChain(Table, Chain(added)).ClearChain(Table, RefusalChain(added)).AddRule(Table, RefusalChain(added), new NftRule().Reject());
        }

        batch.ClearChain(Table, Services).ClearChain(Table, NoEndpoints);
        foreach (var service in services)
        {
            batch.AddRule(Table, Services, To(service).Jump(Chain(service)))
                .AddRule(Table, NoEndpoints, To(service).Jump(RefusalChain(service)));
        }

        batch.Commit();
    });

    /// <inheritdoc/>
    public void Replace(LabService service, IReadOnlyList<Ip> endpoints) => networkNamespace.Run(() =>
    {
        var batch = new NftBatch().ClearChain(Table, Chain(service)).ClearChain(Table, RefusalChain(service));
        // Each rule sees only what the rules before it did not match, so 1/n, 1/(n-1), ... gives each endpoint the same share.
        for (int i = 0; i < endpoints.Count; i++)
            batch.AddRule(Table, Chain(service), new NftRule().OneOf(endpoints.Count - i).Dnat(endpoints[i], service.TargetPort));
        if (endpoints.Count == 0)
            batch.AddRule(Table, RefusalChain(service), new NftRule().Reject());
        batch.Commit();
    });

    /// <inheritdoc/>
    public void DropInvalid(bool drops) => networkNamespace.Run(() =>
    {
        var batch = new NftBatch().AddFilterChain(Table, Forward, NftHook.Forward).ClearChain(Table, Forward);
        if (drops)
            batch.AddRule(Table, Forward, new NftRule().IfInvalid().Count().Drop());
        batch.Commit();
    });

    /// <inheritdoc/>
    public long? InvalidDropped() => networkNamespace.Run(() =>
    {
        if (NftDump.TryRules(NftFamily.Ipv4, Table, Forward, out var rules) != Errno.Ok)
            return null;
        foreach (byte[] rule in rules)
        {
            var expressions = new NftRuleReader(rule).Expressions;
            while (expressions.MoveNext())
            {
                if (!expressions.Name.SequenceEqual("counter"u8))
                    continue;
                var counter = expressions.Data;
                while (counter.MoveNext())
                {
                    if (counter.Type == 2) // NFTA_COUNTER_PACKETS
                        return (long?)counter.U64Network();
                }
            }
        }

        return null;
    });

    private static NftRule To(LabService service) => new NftRule().ToAddress(service.Address).ToPort(service.IsUdp ? Protocols.Udp : Protocols.Tcp, service.Port);

    private static string Chain(LabService service) => $"service-{service.Key}/{service.Protocol.ToLowerInvariant()}/http";

    private static string RefusalChain(LabService service) => $"refuse-{service.Key}/{service.Protocol.ToLowerInvariant()}/http";
}
