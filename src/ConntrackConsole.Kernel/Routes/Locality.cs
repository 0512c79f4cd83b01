

using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Kernel.Routes;

/// <summary>
/// Decides which resets are this node's. Trace records tell no network namespace and come from all of the machine, so
/// the maker's address decides, asked in this namespace's own routing table. Local is
/// <list type="bullet">
/// <item>an address of this namespace itself (route of type local), loopback excepted;</item>
/// <item>a host route (/32, /128) without gateway over a pod's own cable (veth, netkit): a routed pod;</item>
/// <item>a route without gateway over a bridge all of whose ports are such cables: a bridged pod.</item>
/// </list>
/// Everything behind a gateway is another node's, and so is a neighbour on a prefix route, although a cable between nodes
/// may be a veth too (kind, the lab): only pods have routes of their own. So of two nodes exactly one keeps a reset.
/// </summary>
/// <remarks>
/// Belongs to the network namespace of the thread that made it. For one thread at a time. Not seen as local: pods on
/// macvlan or ipvlan, and pods that Cilium routes through cilium_host's gateway.
/// </remarks>
public sealed class Locality : IDisposable
{
    // An answer is used again for this long: a storm from one pod costs one look-up a second.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    // A pod's route goes moments after its last resets, and the ring may be read later than that.
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(30);

    private const int MostAnswers = 16384;

    private readonly Dictionary<Ip, Answer> _answers = [];
    private readonly TimeProvider _time;
    private readonly Func<Ip, bool> _ask;
    private readonly LocalRoutes? _routes;

    /// <summary>For the network namespace of the calling thread.</summary>
    /// <exception cref="Netlink.NetlinkException">No netlink socket to be had.</exception>
    public Locality()
    {
        _routes = new LocalRoutes();
        _ask = _routes.IsLocal;
        _time = TimeProvider.System;
    }

    internal Locality(Func<Ip, bool> ask, TimeProvider time)
    {
        _ask = ask;
        _time = time;
    }

    /// <summary>True where the address is this node's or one of its pods', now or within the last 30 s.</summary>
    public bool IsLocal(Ip address)
    {
        if (address.IsNone || address.IsUnspecified || address.IsLoopback)
            return false;
        long now = _time.GetTimestamp();
        bool known = _answers.TryGetValue(address, out var answer);
        if (known && _time.GetElapsedTime(answer.AskedAt, now) < Fresh)
            return answer.IsLocal;
        if (_ask(address))
        {
            Keep(address, new Answer(now, now, IsLocal: true));
            return true;
        }

        bool recently = known && answer.IsLocal && _time.GetElapsedTime(answer.LastLocalAt, now) < Remembered;
        Keep(address, new Answer(now, recently ? answer.LastLocalAt : now, recently));
        return recently;
    }

    /// <summary>Closes the netlink socket.</summary>
    public void Dispose() => _routes?.Dispose();

    private void Keep(Ip address, Answer answer)
    {
        // Resets from very many foreign addresses (a scan) must not grow this for ever. Forgetting costs a look-up each.
        if (_answers.Count >= MostAnswers)
            _answers.Clear();
        _answers[address] = answer;
    }

    private readonly record struct Answer(long AskedAt, long LastLocalAt, bool IsLocal);
}
