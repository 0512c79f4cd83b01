using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <content>
/// Which connections were answered only after a repeated SYN. The kernel sends no event for the repetition: the time between its events of the
/// first SYN and of the answer shows it. Until it is answered, a row has that time in the place of its timeout's bound, which only
/// established entries need.
/// </content>
internal sealed partial class FlowTable
{
    // The first repetition comes after a second; the clock advances by four milliseconds, and an event waits up to a quarter of a second.
    private const uint LateMs = 900;

    private const uint FirstRepetitionMs = 1_000;

    // An answer comes before the next repetition, or is that one's.
    private const long RepeatedLastsMs = 2_000;

    private readonly List<(LateAnswer Answer, uint AtMs)> _late = [];
    private HashSet<(Ip Src, ushort Sport, Ip Vip)> _lateBefore = [];
    private uint _moreLate;

    /// <summary>Takes the late answers since the last frame.</summary>
    /// <param name="output">Gets them.</param>
    /// <param name="nowMs">Milliseconds of Unix time.</param>
    /// <returns>How many more there were than a frame has.</returns>
    public uint WriteLateAnswers(List<LateAnswer> output, long nowMs)
    {
        ProcessPending();
        if (_late.Count == 0)
            return 0;
        uint now = Clock();
        foreach (var (answer, atMs) in _late)
            output.Add(answer with { AtMs = nowMs - (now - atMs) });
        _late.Clear();
        uint more = _moreLate;
        _moreLate = 0;
        return more;
    }

    /// <summary>
    /// Notes connections that sent their SYN again and were answered, although no event showed a wait: the first SYN was dropped before it had
    /// an entry. To be called once before each frame.
    /// </summary>
    /// <param name="repeated">Since the last frame; keeps those that are not answered yet.</param>
    /// <param name="nowMs">Milliseconds of Unix time.</param>
    public void NoteRepeatedSyns(List<AttemptRecord> repeated, long nowMs)
    {
        ProcessPending();
        var late = _late.Select(seen => (seen.Answer.Src, seen.Answer.Sport, seen.Answer.Vip)).ToHashSet();
        for (int i = repeated.Count - 1; i >= 0; i--)
        {
            var syn = repeated[i];
            int row = FindByOrig(new FlowTuple(syn.Src, syn.Dst, Protocols.Tcp, syn.Sport, syn.Dport), 0);
            if (row >= 0 && _rows.State(row).State != FlowState.SynSent && late.Add((syn.Src, syn.Sport, syn.Dst)) && !_lateBefore.Contains((syn.Src, syn.Sport, syn.Dst)))
                AddLate(row, FirstRepetitionMs);
            // Its answer may be on the way; the wait of an entry that was there before is seen by its events.
            if (row >= 0 && _rows.State(row).State != FlowState.SynSent || nowMs - syn.AtMs > RepeatedLastsMs)
                repeated.RemoveAt(i);
        }

        _lateBefore = late;
    }

    // 0 = unknown, as for an entry from a dump: its SYN is of before.
    private uint BoundOf(in Flow flow, bool fromDump) => flow.State != FlowState.SynSent ? Expiry.Of(flow.TimeoutSeconds) : fromDump ? 0 : Math.Max(1, Clock());

    private void NoteAnswer(int row, uint sentMs)
    {
        if (sentMs == 0)
            return;
        uint now = Clock();
        if (now - sentMs < LateMs)
            return;
        AddLate(row, now - sentMs);
    }

    private void AddLate(int row, uint waitedMs)
    {
        var orig = OrigAt(row);
        var reply = ReplyAt(row);
        if (orig.Proto != Protocols.Tcp || reply.Src == orig.Dst)
            return;
        if (_late.Count >= NodeFrameCodec.MaxLateAnswers)
            _moreLate++;
        else
            _late.Add((new LateAnswer(0, waitedMs, orig.Src, orig.Sport, orig.Dst, orig.Dport, reply.Src, reply.Sport), Clock()));
    }

    private static uint Clock() => (uint)Environment.TickCount64;
}
