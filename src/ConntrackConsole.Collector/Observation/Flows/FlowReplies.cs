using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>What a flow's original tuple and group do not determine.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 2)] // 18 bytes
internal struct FlowReply
{
    public PackedTuple Tuple;
    public int Group;
    public ushort Zone;
}

/// <summary>
/// The replies of flows that are not determined by their groups: a translated source, a zone, IPv6, a protocol without ports. In
/// segments, as <see cref="FlowRows"/>.
/// </summary>
internal sealed class FlowReplies
{
    private const int SegmentBits = 13;
    private const int SegmentLength = 1 << SegmentBits;

    private FlowReply[][] _segments = [];
    private int _used;
    private int _free = -1; // Head of the list of free elements, linked through Group.

    /// <summary>Size of the segments.</summary>
    public long Bytes => (long)_segments.Length * SegmentLength * Unsafe.SizeOf<FlowReply>();

    public ref FlowReply this[int number] => ref _segments[number >> SegmentBits][number & (SegmentLength - 1)];

    public int Add(in FlowReply reply)
    {
        int number = _free;
        if (number >= 0)
        {
            _free = this[number].Group;
        }
        else
        {
            number = _used++;
            if (number >> SegmentBits == _segments.Length)
            {
                Array.Resize(ref _segments, _segments.Length + 1);
                _segments[^1] = GC.AllocateUninitializedArray<FlowReply>(SegmentLength);
            }
        }

        this[number] = reply;
        return number;
    }

    public void Free(int number)
    {
        this[number].Group = _free;
        _free = number;
    }
}
