using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Where this node's packets to watched addresses go: a pod's interface goes at its end, and its successor's is another one. Runs on the
/// observer's thread, at most <see cref="MaxPaths"/> queries a second; none without watched addresses.
/// </summary>
internal sealed class AddressPaths
{
    public const int MaxPaths = 200;

    private readonly Dictionary<Ip, (PathState State, uint Link)> _paths = [];
    private LocalRoutes? _routes;
    private Ip[] _round = [];
    private int _next;

    public (PathState State, uint Link) Of(Ip ip) => _paths.GetValueOrDefault(ip);

    public IEnumerable<Ip> Known => _paths.Keys;

    public void Look(IReadOnlySet<Ip> watched)
    {
        if (watched.Count == 0 && _paths.Count == 0)
            return;
        if (_next >= _round.Length)
        {
            (_round, _next) = ([.. watched], 0);
            foreach (var ip in _paths.Keys.Where(ip => !watched.Contains(ip)).ToList())
                _paths.Remove(ip);
        }

        HashSet<Ip>? silent = null;
        try
        {
            _routes ??= new LocalRoutes();
        }
        catch (NetlinkException)
        {
            return; // The next second tries again.
        }

        for (int sent = 0; sent < MaxPaths && _next < _round.Length; sent++)
        {
            var ip = _round[_next++];
            if (_routes.PathTo(ip) is not { } path)
                continue;
            var before = Of(ip).State;
            var now = path switch
            {
                { IsDead: true } => (PathState.Dead, 0u),
                { Link: > 0, IsBridge: true } => ((silent ??= Unresolved()).Contains(ip) ? PathState.NoNeighbour : PathState.Leaf, path.Link),
                { Link: > 0 } => (PathState.Leaf, path.Link),
                _ => (before is PathState.Leaf or PathState.NoNeighbour or PathState.LeafGone ? PathState.LeafGone : PathState.Elsewhere, 0u),
            };
            if (now == default)
                _paths.Remove(ip);
            else
                _paths[ip] = now;
        }
    }

    // /proc/net/arp: address, hardware type, flags, ... Flags 0x0: incomplete, no answer.
    private static HashSet<Ip> Unresolved()
    {
        var silent = new HashSet<Ip>();
        try
        {
            foreach (string line in File.ReadLines("/proc/thread-self/net/arp").Skip(1))
            {
                string[] text = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (text.Length >= 3 && text[2] == "0x0" && Ip.TryParse(text[0], out var ip))
                    silent.Add(ip);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }

        return silent;
    }
}
