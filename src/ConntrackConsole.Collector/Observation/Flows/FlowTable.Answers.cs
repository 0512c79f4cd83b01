using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
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

    private readonly List<(LateAnswer Answer, uint AtMs)> _late = [];
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

    // 0 = unknown, as for an entry from a dump: its SYN is of before.
    private uint BoundOf(in Flow flow, bool fromDump) => flow.State != FlowState.SynSent ? Expiry.Of(flow.TimeoutSeconds) : fromDump ? 0 : Math.Max(1, Clock());

    private void NoteAnswer(int row, uint sentMs)
    {
        if (sentMs == 0)
            return;
        uint now = Clock();
        if (now - sentMs < LateMs)
            return;
        var orig = OrigAt(row);
        var reply = ReplyAt(row);
        if (orig.Proto != Protocols.Tcp || reply.Src == orig.Dst)
            return;
        if (_late.Count >= NodeFrameCodec.MaxLateAnswers)
            _moreLate++;
        else
            _late.Add((new LateAnswer(0, now - sentMs, orig.Src, orig.Sport, orig.Dst, orig.Dport, reply.Src, reply.Sport), now));
    }

    private static uint Clock() => (uint)Environment.TickCount64;
}
