using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Resets;

/// <summary>
/// Merges the two observations of one reset by a tracepoint and a packet socket: the tracepoint's, which has the reason, gets the
/// packet's sequence number. Only matched resets can be compared: a packet has the addresses before translation.
/// </summary>
internal sealed class ResetPairs
{
    private const long SameMs = 1000;

    private readonly Dictionary<(bool Received, ResetEnds Ends), List<Single>> _singles = [];
    private uint _frame;

    /// <summary>Call it before the resets of a frame are added.</summary>
    public void Begin(long nowMs)
    {
        _frame++;
        foreach (var (ends, singles) in _singles)
        {
            singles.RemoveAll(single => single.AtMs < nowMs - (3 * SameMs));
            if (singles.Count == 0)
                _singles.Remove(ends);
        }
    }

    /// <summary>Appends the reset, or merges it into its other observation.</summary>
    public void Add(in Reset reset, List<Reset> output)
    {
        ref var singles = ref CollectionsMarshal.GetValueRefOrAddDefault(_singles, (reset.Received, ResetEnds.Of(in reset)), out _);
        singles ??= [];
        for (int i = 0; i < singles.Count; i++)
        {
            var other = singles[i];
            if (other.Origin == reset.Origin || Math.Abs(other.AtMs - reset.AtMs) > SameMs)
                continue;
            singles.RemoveAt(i);
            if (other.Frame == _frame) // A reset in an emitted frame cannot be completed any more.
            {
                var earlier = output[other.Index];
                output[other.Index] = reset.Origin == ResetOrigin.Trace
                    ? reset with { Sequence = earlier.Sequence }
                    : earlier with { Sequence = reset.Sequence };
            }

            return;
        }

        singles.Add(new Single(reset.Origin, reset.AtMs, _frame, output.Count));
        output.Add(reset);
    }

    private readonly record struct Single(ResetOrigin Origin, long AtMs, uint Frame, int Index);
}
