using System.Runtime.CompilerServices;

namespace ConntrackConsole.Timeline.Series;

/// <summary>The node's part of the sums of the virtual addresses: what was added is taken back exactly.</summary>
internal sealed partial class NodeTimeline
{
    /// <summary>The measured offset of a clock varies by some milliseconds.</summary>
    public const int SameClockMs = 250;

    private readonly List<(long FromSecond, long ToSecond, VirtualAddress[] Vips)> _doubts = [];
    private readonly HashSet<VirtualAddress> _withEntries = [];
    private int _sumOffsetMs;

    /// <summary>The addresses with entries of this node now: what an interval without reports leaves unknown.</summary>
    public IEnumerable<(VirtualAddress Vip, Step Now)> Entries() =>
        Groups.Slots.Select(slot => Groups[slot]).Where(group => !group.Key.Vip.IsNone && group.Last.Live + group.Last.Closing > 0).Select(group => (VirtualAddress.Of(group.Key), group.Last));

    private long DoubtBytes
    {
        get
        {
            long bytes = 0;
            foreach (var (_, _, vips) in _doubts)
                bytes += 64 + (vips.Length * (long)Unsafe.SizeOf<VirtualAddress>());
            return bytes;
        }
    }

    private long SecondOf(long atMs) => LaneSum.SecondOf(atMs + _sumOffsetMs);

    private void NoteEntries() => _withEntries.UnionWith(Entries().Select(entry => entry.Vip));

    // Between two reports the sums of addresses are unknown of which the node had entries before or has them after.
    private void Doubt(long atMs)
    {
        NoteEntries();
        if (_withEntries.Count > 0)
        {
            long from = _known.Count == 0 ? long.MinValue : SecondOf(_known[_known.Count - 1].ToMs + 1), to = SecondOf(atMs);
            if (from < to)
            {
                _doubts.Add((from, to, [.. _withEntries]));
                AddDoubt(_doubts[^1], 1);
            }
        }

        _withEntries.Clear();
    }

    private void TrimDoubts(long beforeMs) => _doubts.RemoveAll(doubt => doubt.ToSecond < SecondOf(beforeMs));

    private void FollowClock()
    {
        int offsetMs = ClockOffsetMs;
        if (Math.Abs(offsetMs - _sumOffsetMs) <= SameClockMs)
            return;
        SubtractAll();
        long moved = (offsetMs - _sumOffsetMs) / 1_000;
        for (int i = 0; i < _doubts.Count; i++)
        {
            var (from, to, vips) = _doubts[i];
            _doubts[i] = (from == long.MinValue ? from : from + moved, to + moved, vips);
        }

        _sumOffsetMs = offsetMs;
        AddAll();
    }

    private void AddAll() => AddAll(1);

    private void SubtractAll() => AddAll(-1);

    private void AddAll(int sign)
    {
        if (_index is null)
            return;
        foreach (int slot in Groups)
        {
            if (Groups[slot].Group.Sum is not { } sum)
                continue;
            var last = default(Step);
            foreach (var step in Groups[slot].Steps)
            {
                sum.Add(SecondOf(step.AtMs), new SumChange(sign * (step.Live - last.Live), sign * (step.Closing - last.Closing), 0));
                last = step;
            }
        }

        foreach (var doubt in _doubts)
            AddDoubt(doubt, sign);
    }

    private void AddDoubt(in (long FromSecond, long ToSecond, VirtualAddress[] Vips) doubt, int sign)
    {
        foreach (var vip in doubt.Vips)
        {
            if (_index?.SumOf(vip) is not { } sum)
                continue;
            sum.Add(doubt.FromSecond, new SumChange(0, 0, sign));
            sum.Add(doubt.ToSecond, new SumChange(0, 0, -sign));
        }
    }
}
