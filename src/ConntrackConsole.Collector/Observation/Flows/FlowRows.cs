using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>One direction of a flow with its addresses packed into 32 bits each; see <see cref="AddressPool"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct PackedTuple(uint Src, uint Dst, ushort Sport, ushort Dport)
{
    public uint Ports => ((uint)Sport << 16) | Dport;
}

/// <summary>The identity of a flow: 16 bytes, so that a comparison touches one cache line.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlowIdentity
{
    public PackedTuple Orig;
    public uint Id;
}

[Flags]
internal enum RowFlags : byte
{
    None = 0,
    InUse = 1,
    V6 = 2,
    Silent = 4,
    OnlyLooksTranslated = 8,
}

/// <summary>The rest of a flow: eight bytes, scanned sequentially by a sweep or a look-up by backend.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlowRowState
{
    /// <summary>
    /// The group, which then determines the reply (<see cref="ReplyOrigin"/>), or the complement of a number in <see
    /// cref="FlowReplies"/>. In a free row the next free one.
    /// </summary>
    public int Group;
    public FlowState State;
    public byte Proto;
    public RowFlags Flags;

    /// <summary>Of the last dump with this flow. After 256 dumps in succession that were interrupted, one that ended may count as seen until the next.</summary>
    public byte Generation;
}

/// <summary>Columns of flows in segments of 32,768 rows: growth adds a segment and never moves existing rows.</summary>
internal sealed class FlowRows
{
    private const int SegmentBits = 15;
    private const int SegmentLength = 1 << SegmentBits;

    private FlowIdentity[][] _identities = [];
    private FlowRowState[][] _states = [];
    private uint[][] _bounds = [];
    private int _free = -1; // Head of the list of free rows, linked through State.Group.

    /// <summary>Number of rows ever used: all flows have lower row numbers.</summary>
    public int Used { get; private set; }

    /// <summary>Size of the segments.</summary>
    public long Bytes => (long)_identities.Length * SegmentLength * (Unsafe.SizeOf<FlowIdentity>() + Unsafe.SizeOf<FlowRowState>() + sizeof(uint));

    public ref FlowIdentity Name(int row) => ref _identities[row >> SegmentBits][row & (SegmentLength - 1)];

    public ref FlowRowState State(int row) => ref _states[row >> SegmentBits][row & (SegmentLength - 1)];

    /// <summary>The bound of the flow's timeout (<see cref="ExpiryBound"/>).</summary>
    public ref uint Bound(int row) => ref _bounds[row >> SegmentBits][row & (SegmentLength - 1)];

    public int Take()
    {
        int row = _free;
        if (row >= 0)
        {
            _free = State(row).Group;
            return row;
        }

        if (Used == RowIndex.MaxRows)
            throw new InvalidOperationException($"More than {RowIndex.MaxRows} flows cannot be followed.");
        row = Used++;
        if (row >> SegmentBits == _identities.Length)
        {
            Array.Resize(ref _identities, _identities.Length + 1);
            Array.Resize(ref _states, _states.Length + 1);
            Array.Resize(ref _bounds, _bounds.Length + 1);
            _identities[^1] = GC.AllocateUninitializedArray<FlowIdentity>(SegmentLength);
            _states[^1] = GC.AllocateUninitializedArray<FlowRowState>(SegmentLength);
            _bounds[^1] = GC.AllocateUninitializedArray<uint>(SegmentLength);
        }

        return row;
    }

    public void Free(int row)
    {
        State(row) = new FlowRowState { Group = _free };
        _free = row;
    }
}
