using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <summary>
/// At which addresses on nodes that the API server cannot reach something still answers: a kubelet died, its containers did not.
/// Needs two kinds of evidence: the node's own collector reports, and the timeout of an entry to the address is being refreshed
/// (alone it is no proof: a client's first keep-alive probes refresh it, too).
/// </summary>
internal sealed class AnsweringAddresses
{
    /// <summary>Without traffic the evidence applies for this long; data that waits for its acknowledgement refutes it at once.</summary>
    public const long IdleMs = 300_000;

    private readonly Dictionary<Ip, long> _aliveMs = [];
    private readonly HashSet<Ip> _refuted = [];
    private List<Ip> _answering = [];

    /// <summary>Addresses at which something answers.</summary>
    public IReadOnlyCollection<Ip> Answering => _answering;

    /// <summary>Addresses at which data stayed unacknowledged, and nothing was answered since.</summary>
    public IReadOnlyCollection<Ip> Refuted => _refuted;

    /// <param name="candidates">Addresses on lost nodes, with the node.</param>
    /// <param name="lookups">The current look-ups of all nodes that report.</param>
    /// <param name="reporting">Nodes with a collector that reports.</param>
    public void Update(
        IReadOnlyCollection<(Ip Ip, string Node)> candidates, IEnumerable<WatchedAddress> lookups, IReadOnlySet<string> reporting, long nowMs)
    {
        var present = candidates.Where(c => reporting.Contains(c.Node)).Select(c => c.Ip).ToHashSet();
        foreach (var ip in _aliveMs.Keys.Where(ip => !present.Contains(ip)).ToList())
            _aliveMs.Remove(ip);
        _refuted.IntersectWith(present);
        foreach (var address in lookups.Where(row => present.Contains(row.PodIp)).GroupBy(row => row.PodIp))
        {
            if (address.Any(row => row.Alive > 0))
            {
                _aliveMs[address.Key] = nowMs;
                _refuted.Remove(address.Key);
            }
            else if (address.Any(row => row.Unacknowledged > 0))
            {
                _aliveMs.Remove(address.Key);
                _refuted.Add(address.Key);
            }
        }

        _answering = [.. _aliveMs.Where(alive => nowMs - alive.Value <= IdleMs).Select(alive => alive.Key)];
    }
}
