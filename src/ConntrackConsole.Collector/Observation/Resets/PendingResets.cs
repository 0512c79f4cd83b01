
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Resets;

/// <summary>Resets on their way from their source into a frame: joined with their flows, each once, as many as fit.</summary>
internal sealed class PendingResets(bool isDouble)
{
    // The DESTROY or NEW that explains a reset is sent a moment after the reset was made. What is younger waits for the next
    // frame, so that the explanation is there whichever second it falls into.
    private const long MinAgeMs = 20;

    private readonly List<Reset> _pending = [];
    private readonly List<Reset> _joined = [];
    private readonly ResetPairs? _pairs = isDouble ? new ResetPairs() : null;

    /// <summary>Where the source puts what it has seen.</summary>
    public List<Reset> Waiting => _pending;

    /// <summary>Writes the settled resets to the frame.</summary>
    /// <returns>How many did not fit one by one.</returns>
    public int WriteTo(NodeFrame frame, FlowTable table, RecentFlows recent, long nowMs)
    {
        _joined.Clear();
        _pairs?.Begin(nowMs);
        int kept = 0;
        for (int i = 0; i < _pending.Count; i++)
        {
            var seen = _pending[i];
            if (seen.AtMs > nowMs - MinAgeMs && seen.AtMs <= nowMs)
            {
                _pending[kept++] = seen;
                continue;
            }

            var reset = ResetJoin.Join(seen, table, recent);
            if (_pairs is null)
                _joined.Add(reset);
            else
                _pairs.Add(in reset, _joined);
        }

        _pending.RemoveRange(kept, _pending.Count - kept);
        foreach (var reset in _joined)
        {
            if (frame.Resets.Count < NodeFrameCodec.MaxResets)
                frame.Resets.Add(reset);
            else
                frame.MoreResets[(int)reset.Kind]++;
        }

        return Math.Max(0, _joined.Count - NodeFrameCodec.MaxResets);
    }
}
