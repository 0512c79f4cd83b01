using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Routes;

/// <summary>
/// Decides which resets are this node's. Trace records contain no network namespace and come from the whole machine, so
/// the sender's address decides, by a lookup in this namespace's own routing table. Local is
/// <list type="bullet">
/// <item>an address of this namespace itself (route of type local), loopback excepted;</item>
/// <item>a host route (/32, /128) without gateway over a pod's own link (veth, netkit): a routed pod;</item>
/// <item>a route without gateway over a bridge with only such links as ports: a bridged pod.</item>
/// </list>
/// Everything behind a gateway is another node's, and so is a neighbour on a prefix route, although a link between nodes
/// may be a veth too (kind, the lab): only pods have routes of their own. So exactly one of two nodes keeps a reset.
/// </summary>
/// <remarks>
/// Bound to the network namespace of the thread that created it. Not thread-safe. Not recognized as local: pods on
/// macvlan or ipvlan, and pods that Cilium routes through cilium_host's gateway.
/// </remarks>
internal sealed class Locality : IDisposable
{
    // An answer is reused for this long: a storm from one pod costs one lookup per second.
    private static readonly TimeSpan CacheTtl = TimeSpan.FromSeconds(1);

    // A pod's route is removed moments after its last resets, and the ring may be read later than that.
    private static readonly TimeSpan LocalTtl = TimeSpan.FromSeconds(30);

    private const int MaxAnswers = 16384;

    private readonly Dictionary<Ip, Answer> _answers = [];
    private readonly TimeProvider _time;
    private readonly Func<Ip, bool> _lookup;
    private readonly LocalRoutes? _routes;

    /// <summary>For the network namespace of the calling thread.</summary>
    /// <exception cref="Netlink.NetlinkException">No netlink socket can be opened.</exception>
    public Locality()
    {
        _routes = new LocalRoutes();
        _lookup = _routes.IsLocal;
        _time = TimeProvider.System;
    }

    internal Locality(Func<Ip, bool> lookup, TimeProvider time)
    {
        _lookup = lookup;
        _time = time;
    }

    /// <summary>True if the address belongs to this node or one of its pods, now or within the last 30 s.</summary>
    public bool IsLocal(Ip address)
    {
        if (address.IsNone || address.IsUnspecified || address.IsLoopback)
            return false;
        long now = _time.GetTimestamp();
        bool known = _answers.TryGetValue(address, out var answer);
        if (known && _time.GetElapsedTime(answer.ReadAt, now) < CacheTtl)
            return answer.IsLocal;
        if (_lookup(address))
        {
            Store(address, new Answer(now, now, IsLocal: true));
            return true;
        }

        bool recently = known && answer.IsLocal && _time.GetElapsedTime(answer.LastLocalAt, now) < LocalTtl;
        Store(address, new Answer(now, recently ? answer.LastLocalAt : now, recently));
        return recently;
    }

    /// <summary>Closes the netlink socket.</summary>
    public void Dispose() => _routes?.Dispose();

    private void Store(Ip address, Answer answer)
    {
        // Resets from very many foreign addresses (a scan) must not grow this without limit. Each dropped answer costs one lookup.
        if (_answers.Count >= MaxAnswers)
            _answers.Clear();
        _answers[address] = answer;
    }

    private readonly record struct Answer(long ReadAt, long LastLocalAt, bool IsLocal);
}
