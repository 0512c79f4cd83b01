using System.Runtime.InteropServices;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Resets;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Resets;

/// <summary>Resets on their way from the source into a frame: matched to their flows, deduplicated, limited in number.</summary>
/// <param name="isDouble">As <see cref="ResetSource.IsDouble"/>.</param>
/// <param name="everySender">As <see cref="ResetSource.TracesEverySender"/>.</param>
internal sealed class PendingResets(bool isDouble, bool everySender = true)
{
    // The DESTROY or NEW that explains a reset arrives a moment after the reset. Younger resets wait for the next frame, so that
    // the event is available even at the boundary of a second.
    private const long MinAgeMs = 20;

    private readonly List<Reset> _pending = [];
    private readonly List<Reset> _joined = [];
    private readonly ResetPairs? _pairs = isDouble ? new ResetPairs() : null;
    private readonly RecentAttempts _attempts = new();
    private readonly SenderReports? _senders = everySender ? null : new SenderReports();

    /// <summary>Input list, filled from the source.</summary>
    public List<Reset> Waiting => _pending;

    /// <summary>Takes the attempts to connect that ended; before the resets that refused them are written.</summary>
    public void AddAttempts(List<AttemptRecord> ended, long nowMs) => _attempts.Add(ended, nowMs);

    /// <summary>Writes all resets that are old enough to the frame.</summary>
    /// <returns>How many did not fit individually.</returns>
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

            var reset = ResetJoin.Join(seen, table, recent, _attempts, everySender);
            if (_pairs is null)
                _joined.Add(reset);
            else
                _pairs.Add(in reset, _joined);
        }

        _pending.RemoveRange(kept, _pending.Count - kept);
        if (_senders is not null)
            RemoveReceived(_senders, nowMs);
        foreach (var reset in _joined)
        {
            if (frame.Resets.Count < NodeFrameCodec.MaxResets)
                frame.Resets.Add(reset);
            else
                frame.MoreResets[(int)reset.Kind]++;
        }

        return Math.Max(0, _joined.Count - NodeFrameCodec.MaxResets);
    }

    // After all of the frame are joined: the receiver's record may be read before the sender's.
    private void RemoveReceived(SenderReports senders, long nowMs)
    {
        senders.Trim(nowMs);
        foreach (ref readonly var reset in CollectionsMarshal.AsSpan(_joined))
        {
            if (!reset.Received)
                senders.Note(in reset);
        }

        _joined.RemoveAll(reset => reset is { Received: true, Kind: ResetKind.Other, Vip.IsNone: false } && senders.Has(in reset));
    }
}
