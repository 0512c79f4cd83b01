
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// Notes what is remarkable about births and deaths of TCP entries: established ones that are destroyed while their
/// connection has not ended, with who did it, and new ones that begin in mid-stream.
/// </summary>
/// <remarks>
/// Only entries that emit events are noted: with nf_conntrack_events=2 those are the ones made while somebody listened.
/// </remarks>
internal sealed class FlowNotes(OwnNetlinkPorts own)
{
    private const long BackendTtlMs = 600_000;
    private const int MaxBackends = 65_536;

    private readonly List<FlowNote> _pending = [];
    private readonly Dictionary<(Ip, ushort), long> _backends = [];
    private uint _more;

    /// <summary>True for a flow that was picked up in mid-stream, if it is new: it began without a SYN, or the SYN was not seen.</summary>
    public static bool IsMidStream(in Flow flow) =>
        flow.State == FlowState.Established && (flow.Status & FlowStatus.SeenReply) == 0 && flow.Orig.Proto == Protocols.Tcp;

    public void OnNew(in Flow flow, uint portId, long nowMs)
    {
        if (!IsMidStream(in flow))
            return;
        bool byBackend = _backends.TryGetValue((flow.Orig.Src, flow.Orig.Sport), out long seen) && nowMs - seen <= BackendTtlMs;
        Note(in flow, byBackend ? FlowNoteKind.UnNated : FlowNoteKind.MidStream, LossCause.None, portId, nowMs);
    }

    /// <param name="last">The state in which the entry was before it was destroyed.</param>
    /// <returns>True where its connection lives on without it.</returns>
    public bool OnDestroy(in Flow flow, FlowState last, uint portId, long nowMs)
    {
        // A DESTROY tells its state since Linux 5.8: one that ended by a reset of which no UPDATE came says CLOSE here.
        if (flow.Orig.Proto != Protocols.Tcp || last != FlowState.Established || flow.State is not (FlowState.Established or FlowState.None))
            return false;
        var cause = portId == 0 ? LossCause.None : own.Contains(portId) ? LossCause.OwnDelete : LossCause.ForeignDelete;
        Note(in flow, FlowNoteKind.Lost, cause, portId, nowMs);
        // The last entry of its group may just have gone, before a frame told of it: this is when the backend must be known.
        if (flow.IsTranslated)
            Learn(flow.Reply.Src, flow.Reply.Sport, nowMs);
        return true;
    }

    /// <summary>Writes what came since the last frame; the frame's groups and counters must be there already.</summary>
    public void WriteTo(NodeFrame frame)
    {
        foreach (var group in frame.Groups)
        {
            if (group.Key is { Proto: Protocols.Tcp, Vip.IsNone: false, IsOther: false } key)
                Learn(key.Backend, key.Bport, frame.AtMs);
        }

        // Without a netlink port it was the kernel. It does not tell why: an eviction in the same second or a full table is
        // the nearer reason, else the entry's time had run out.
        bool evicts = frame.Counters.EarlyDrop > 0 || (frame.Counters.Max > 0 && frame.Counters.Count >= frame.Counters.Max);
        foreach (var note in _pending)
        {
            frame.Notes.Add(note is { Kind: FlowNoteKind.Lost, Cause: LossCause.None }
                ? note with { Cause = evicts ? LossCause.Kernel : LossCause.Timeout }
                : note);
        }

        frame.MoreNotes = _more;
        _pending.Clear();
        _more = 0;
    }

    private void Note(in Flow flow, FlowNoteKind kind, LossCause cause, uint portId, long nowMs)
    {
        if (_pending.Count >= NodeFrameCodec.MaxNotes)
        {
            _more++;
            return;
        }

        _pending.Add(new FlowNote(
            nowMs, kind, cause, flow.Orig.Src, flow.Orig.Sport, flow.Orig.Dst, flow.Orig.Dport, flow.Reply.Src, flow.Reply.Sport, portId));
    }

    private void Learn(Ip backend, ushort port, long nowMs)
    {
        if (_backends.Count >= MaxBackends)
        {
            foreach (var (key, seen) in _backends)
            {
                if (nowMs - seen > BackendTtlMs / 10) // Key frames name every living group once a minute.
                    _backends.Remove(key);
            }

            if (_backends.Count >= MaxBackends)
                return;
        }

        _backends[(backend, port)] = nowMs;
    }
}
