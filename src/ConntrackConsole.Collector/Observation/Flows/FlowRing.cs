using ConntrackConsole.Kernel.Conntrack;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// The most recently ended flows, indexed by either tuple: a ring buffer that grows on demand, without allocation per flow.
/// </summary>
internal sealed class FlowRing
{
    private readonly long _keepMs;
    private readonly int _maxFlows;

    private readonly RowIndex _byOrig;
    private readonly RowIndex _byReply;
    private Entry[] _ring = new Entry[256];
    private int _first;
    private int _count;

    /// <param name="maxFlows">A power of two, at least 256.</param>
    public FlowRing(long keepMs, int maxFlows)
    {
        _keepMs = keepMs;
        _maxFlows = maxFlows;
        _byOrig = new RowIndex(row => Hash(_ring[row].Flow.Orig));
        _byReply = new RowIndex(row => Hash(_ring[row].Flow.Reply));
    }

    public void Add(in FlowTuples flow, long nowMs)
    {
        while (_count > 0 && (_count == _maxFlows || _ring[_first].AtMs < nowMs - _keepMs))
        {
            Unlink(_first);
            _first = (_first + 1) & (_ring.Length - 1);
            _count--;
        }

        if (_count == _ring.Length)
            Grow();
        ulong hash = Hash(flow.Orig);
        int before = _byOrig.Find(hash, new OrigMatch(_ring, flow.Orig));
        if (before >= 0)
            Unlink(before); // Of two flows with the same tuple the later one is found.
        int row = (_first + _count++) & (_ring.Length - 1);
        _ring[row] = new Entry { AtMs = nowMs, Flow = flow };
        _byOrig.Add(hash, row);
        _byReply.Add(Hash(flow.Reply), row);
    }

    /// <returns>When the flow ended, or <see cref="long.MinValue"/> if not found.</returns>
    public long FindByOrig(in FlowTuple tuple, out FlowTuples flow) =>
        Found(_byOrig.Find(Hash(in tuple), new OrigMatch(_ring, tuple)), out flow);

    /// <inheritdoc cref="FindByOrig"/>
    public long FindByReply(in FlowTuple tuple, out FlowTuples flow) =>
        Found(_byReply.Find(Hash(in tuple), new ReplyMatch(_ring, tuple)), out flow);

    private long Found(int row, out FlowTuples flow)
    {
        flow = row < 0 ? default : _ring[row].Flow;
        return row < 0 ? long.MinValue : _ring[row].AtMs;
    }

    private void Unlink(int row)
    {
        _byOrig.Remove(Hash(_ring[row].Flow.Orig), row);
        _byReply.Remove(Hash(_ring[row].Flow.Reply), row);
    }

    private void Grow()
    {
        var old = _ring;
        for (int at = 0; at < _count; at++)
            Unlink((_first + at) & (old.Length - 1));
        _ring = new Entry[old.Length * 2];
        for (int at = 0; at < _count; at++)
        {
            ref var entry = ref _ring[at];
            entry = old[(_first + at) & (old.Length - 1)];
            int before = _byOrig.Find(Hash(entry.Flow.Orig), new OrigMatch(_ring, entry.Flow.Orig));
            if (before >= 0)
                Unlink(before);
            _byOrig.Add(Hash(entry.Flow.Orig), at);
            _byReply.Add(Hash(entry.Flow.Reply), at);
        }

        _first = 0;
    }

    private static ulong Hash(in FlowTuple tuple) => RowHash.Of(
        (uint)tuple.Src.GetHashCode(), (uint)tuple.Dst.GetHashCode(), ((uint)tuple.Sport << 16) | tuple.Dport, tuple.Proto);

    private struct Entry
    {
        public long AtMs;
        public FlowTuples Flow;
    }

    private readonly struct OrigMatch(Entry[] ring, FlowTuple tuple) : IRowMatch
    {
        public bool Is(int row) => ring[row].Flow.Orig == tuple;
    }

    private readonly struct ReplyMatch(Entry[] ring, FlowTuple tuple) : IRowMatch
    {
        public bool Is(int row) => ring[row].Flow.Reply == tuple;
    }
}
