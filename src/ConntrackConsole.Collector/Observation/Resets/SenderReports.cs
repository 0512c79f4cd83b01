using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Resets;

/// <summary>
/// Resets that were observed where they were sent, for a kernel that does not trace every sender: a reset observed at its
/// receiver is one of these, and then it is already counted, or its sender is unknown.
/// </summary>
internal sealed class SenderReports
{
    // As the console's limit: both observations of one reset are far closer, but may come in either order.
    private const long SameMs = 1000;

    private readonly Dictionary<ResetEnds, long> _sentAtMs = [];

    public void Note(in Reset sent) => _sentAtMs[ResetEnds.Of(in sent)] = sent.AtMs;

    public bool Has(in Reset received) =>
        _sentAtMs.TryGetValue(ResetEnds.Of(in received), out long sentAtMs) && Math.Abs(received.AtMs - sentAtMs) <= SameMs;

    /// <summary>Forgets what no later observation can belong to.</summary>
    public void Trim(long nowMs)
    {
        foreach (var (ends, sentAtMs) in _sentAtMs)
        {
            if (sentAtMs < nowMs - (3 * SameMs))
                _sentAtMs.Remove(ends);
        }
    }
}
