using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// Counts the attempts to connect that each unanswered entry of a backend took: after the second one, several connections used it. The
/// entry itself shows nothing: since Linux 5.14 a repeated SYN does not renew it. Bounded.
/// </summary>
internal sealed class EndedAttempts
{
    /// <summary>Maximum number of entries of which attempts are counted.</summary>
    public const int MaxEntries = 4_096;

    // A client with a few ports comes back to each of them after all the others.
    private const long LastsMs = 20_000;

    private readonly Dictionary<FlowTuple, Attempts> _byOrig = [];
    private uint _leftOut;

    /// <summary>Counts those attempts that have an unanswered entry.</summary>
    public void Add(List<AttemptRecord> ended, FlowTable flows, long nowMs)
    {
        foreach (var name in _byOrig.Keys.Where(name => !IsUnanswered(flows, in name, out _)).ToList())
            _byOrig.Remove(name);
        foreach (var attempt in ended)
        {
            var orig = new FlowTuple(attempt.Src, attempt.Dst, Protocols.Tcp, attempt.Sport, attempt.Dport);
            if (!IsUnanswered(flows, in orig, out var backend))
                continue;
            int before = _byOrig.TryGetValue(orig, out var known) ? known.Count : 0;
            if (before > 0 || _byOrig.Count < MaxEntries)
                _byOrig[orig] = new Attempts(backend, before + 1, nowMs);
            else
                _leftOut++;
        }
    }

    /// <summary>Number of attempts since the last call that had no place: of their entries nothing is known.</summary>
    public uint TakeLeftOut()
    {
        uint leftOut = _leftOut;
        _leftOut = 0;
        return leftOut;
    }

    /// <summary>The next entry of these ports is another one.</summary>
    public void OnDestroy(in Flow flow)
    {
        if (_byOrig.Count > 0)
            _byOrig.Remove(flow.Orig);
    }

    /// <summary>The backend of each entry that several connections used, the last of them a moment ago.</summary>
    public IEnumerable<Ip> Reused(long nowMs) =>
        from entry in _byOrig.Values
        where entry.Count > 1 && nowMs - entry.LastMs <= LastsMs
        select entry.Backend;

    private static bool IsUnanswered(FlowTable flows, in FlowTuple orig, out Ip backend)
    {
        bool isFound = flows.TryFindByOrig(in orig, out var flow) && flow.State == FlowState.SynSent && flow.Reply.Src != orig.Dst;
        backend = isFound ? flow.Reply.Src : default;
        return isFound;
    }

    private readonly record struct Attempts(Ip Backend, int Count, long LastMs);
}
