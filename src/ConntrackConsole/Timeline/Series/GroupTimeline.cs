using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Series;

/// <summary>
/// One group of entries on one node: its history and its current counts. A value in the array of a <see cref="NodeGroups"/>: there are
/// millions of them.
/// </summary>
internal struct GroupTimeline(ClusterGroup group)
{
    // Up to three states, each with four bits for the state and sixteen for its count; more in an array.
    private const int PackedStates = 3;

    private StepSeries _steps;
    private ulong _packed;
    private uint[]? _counts;

    /// <summary>The same group on all nodes.</summary>
    public ClusterGroup Group { get; set; } = group;

    public readonly GroupKey Key => Group.Key;

    public readonly StepSlice Steps => _steps.Slice();

    /// <summary>How many bytes its history takes in other pages.</summary>
    public readonly int Needs => _steps.Needs;

    /// <summary>Number of the key frame that last contained the group.</summary>
    public int KeyFrame { get; set; }

    /// <summary>The current counts.</summary>
    public readonly Step Last => _steps.Last;

    /// <summary>Current entries in live states.</summary>
    public readonly int Live => _steps.Last.Live;

    public readonly StateCounts Now
    {
        get
        {
            var counts = default(StateCounts);
            if (_counts is not null)
                _counts.CopyTo((Span<uint>)counts);
            for (ulong rest = _packed; rest != 0; rest >>= 20)
                counts[(int)(rest & 0xF)] = (uint)(rest >> 4) & 0xFFFF;
            return counts;
        }
    }

    public void Set(in StateCounts counts, long atMs, StepPages pages)
    {
        Pack(counts);
        uint live = counts.Live;
        _steps.Add(atMs, Clamped(live), Clamped(counts.Total - live), pages);

        static int Clamped(uint count) => (int)Math.Min(count, int.MaxValue / 1024);
    }

    /// <summary>Removes the history before a moment.</summary>
    /// <returns>True if nothing is left.</returns>
    public bool Trim(long beforeMs, StepPages pages) => _steps.Trim(beforeMs, pages);

    /// <summary>Its history leaves its page.</summary>
    public void Drop(StepPages pages) => _steps.Drop(pages);

    /// <summary>Its history moves to other pages.</summary>
    public void MoveTo(StepPages pages) => _steps.MoveTo(pages);

    private void Pack(in StateCounts counts)
    {
        (_packed, _counts) = (0, null);
        int states = 0;
        for (int state = 0; state < FlowStates.Count; state++)
        {
            if (counts[state] == 0)
                continue;
            if (++states > PackedStates || counts[state] > 0xFFFF)
            {
                (_packed, _counts) = (0, ((ReadOnlySpan<uint>)counts).ToArray());
                return;
            }

            _packed = (_packed << 20) | (counts[state] << 4) | (uint)state;
        }
    }
}
