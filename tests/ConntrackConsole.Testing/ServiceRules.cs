using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Nftables;

namespace ConntrackConsole.Testing;

/// <summary>The translation of a Service's address on the first node, changed in place as by kube-proxy.</summary>
internal sealed class ServiceRules
{
    private const string Table = "services", Pre = "prerouting";
    private readonly TwoNodes _nodes;
    private readonly string _chain;

    public ServiceRules(TwoNodes nodes, Ip vip, ushort port)
    {
        _nodes = nodes;
        _chain = $"service-{port}";
        Commit(new NftBatch().AddTable(Table).AddChain(Table, _chain).AddNatChain(Table, Pre, NftHook.PreRouting)
            .AddRule(Table, Pre, new NftRule().ToAddress(vip).ToPort(Protocols.Tcp, port).Jump(_chain)));
    }

    /// <summary>Sends new connections to this backend.</summary>
    public void To(Ip backend, ushort port) =>
        Commit(new NftBatch().ClearChain(Table, _chain).AddRule(Table, _chain, new NftRule().Dnat(backend, port)));

    private void Commit(NftBatch batch) => _nodes.Inside(TwoNodes.A, () =>
    {
        batch.Commit();
        return 0;
    });
}
