using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;

namespace ConntrackConsole.Collector.Observation.Resets;

/// <summary>
/// Attempts to connect that ended in the last seconds, by the tuple that their client sees. They show that a reset refused a SYN where the NEW of
/// its entry was lost: without it, DESTROY contains CLOSE alone, as after the reset of a connection that was picked up in mid-stream. Bounded.
/// </summary>
internal sealed class RecentAttempts
{
    /// <summary>Maximum number of attempts that are kept.</summary>
    public const int Max = 4_096;

    private const long KeepMs = 3_000;

    // A reset changes the state of the client's socket at once; on a busy machine the packet may wait on its way there. The next attempt from
    // the same port comes later.
    private const long ApartMs = 50;

    private readonly Dictionary<FlowTuple, long> _endedMs = [];
    private readonly Queue<(FlowTuple Orig, long AtMs)> _order = [];

    public void Add(List<AttemptRecord> ended, long nowMs)
    {
        while (_order.TryPeek(out var oldest) && (oldest.AtMs < nowMs - KeepMs || _order.Count > Max - ended.Count))
        {
            _order.Dequeue();
            if (_endedMs.GetValueOrDefault(oldest.Orig) == oldest.AtMs)
                _endedMs.Remove(oldest.Orig);
        }

        foreach (var attempt in ended.Take(Max))
        {
            var orig = new FlowTuple(attempt.Src, attempt.Dst, Protocols.Tcp, attempt.Sport, attempt.Dport);
            _endedMs[orig] = attempt.AtMs;
            _order.Enqueue((orig, attempt.AtMs));
        }
    }

    /// <summary>True if an attempt of this original tuple ended at about that moment.</summary>
    public bool EndedAt(in FlowTuple orig, long atMs) =>
        _endedMs.TryGetValue(orig, out long endedMs) && Math.Abs(endedMs - atMs) <= ApartMs;
}
