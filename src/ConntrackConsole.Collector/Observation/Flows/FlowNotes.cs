using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// Records unusual creations and losses of TCP entries: established ones that are destroyed before their connection has ended,
/// with the cause, and new ones that begin in mid-stream.
/// </summary>
/// <remarks>
/// Covers only entries that emit events: with nf_conntrack_events=2 those that were created while a program listened.
/// </remarks>
/// <param name="own">The netlink ports of this program's deletions.</param>
/// <param name="expiry">Determines whether a timeout can have run out; null = never known.</param>
internal sealed class FlowNotes(OwnNetlinkPorts own, ExpiryBound? expiry = null)
{
    private const long BackendTtlMs = 600_000;
    private const int MaxBackends = 65_536;

    private readonly List<Pending> _pending = [];
    private readonly Dictionary<(Ip, ushort), long> _backends = [];
    private uint _more;

    /// <summary>True for a new flow that was picked up in mid-stream: it began without a SYN, or the SYN was not seen.</summary>
    public static bool IsMidStream(in Flow flow) =>
        flow.State == FlowState.Established && (flow.Status & FlowStatus.SeenReply) == 0 && flow.Orig.Proto == Protocols.Tcp;

    public void OnNew(in Flow flow, uint portId, long nowMs)
    {
        if (!IsMidStream(in flow))
            return;
        bool byBackend = _backends.TryGetValue((flow.Orig.Src, flow.Orig.Sport), out long seen) && nowMs - seen <= BackendTtlMs;
        Note(in flow, byBackend ? FlowNoteKind.UnNated : FlowNoteKind.MidStream, LossCause.None, portId, nowMs);
    }

    /// <param name="last">The last state before the entry was destroyed.</param>
    /// <param name="bound">Of its timeout, from <see cref="ExpiryBound"/>; 0 = unknown.</param>
    /// <param name="atSeconds">Now, by that clock.</param>
    /// <returns>True if its connection has not ended.</returns>
    public bool OnDestroy(in Flow flow, FlowState last, uint portId, long nowMs, uint bound = 0, uint atSeconds = 0)
    {
        // DESTROY contains the state since Linux 5.8: it is CLOSE for an entry that ended by a reset without an UPDATE.
        if (flow.Orig.Proto != Protocols.Tcp || last is not (FlowState.Established or FlowState.Offloaded)
            || flow.State is not (FlowState.Established or FlowState.Offloaded or FlowState.None))
            return false;
        var cause = portId == 0 ? LossCause.None : own.Contains(portId) ? LossCause.OwnDelete : LossCause.ForeignDelete;
        Note(in flow, FlowNoteKind.Lost, cause, portId, nowMs, bound, atSeconds);
        // This may be the last entry of its group, before any frame contained it: remember the backend now.
        if (flow.IsTranslated)
            Learn(flow.Reply.Src, flow.Reply.Sport, nowMs);
        return true;
    }

    /// <summary>Writes the notes since the last frame; the frame's groups and counters must be set before.</summary>
    public void WriteTo(NodeFrame frame)
    {
        foreach (var group in frame.Groups)
        {
            if (group.Key is { Proto: Protocols.Tcp, Vip.IsNone: false, IsOther: false } key)
                Learn(key.Backend, key.Bport, frame.AtMs);
        }

        // Without a netlink port it was the kernel, which gives no reason: if entries were evicted in the same second or the
        // table is full, eviction is more likely; otherwise the bound of its timeout decides. Decided here, because a timeout that
        // was shortened in this second is known only now.
        bool evicts = frame.Counters.EarlyDrop > 0 || (frame.Counters.Max > 0 && frame.Counters.Count >= frame.Counters.Max);
        foreach (var (note, bound, atSeconds) in _pending)
        {
            frame.Notes.Add(note is not { Kind: FlowNoteKind.Lost, Cause: LossCause.None } ? note : note with
            {
                Cause = evicts ? LossCause.Kernel : expiry?.CauseOf(bound, atSeconds) ?? LossCause.None,
            });
        }

        frame.MoreNotes = _more;
        _pending.Clear();
        _more = 0;
    }

    private void Note(in Flow flow, FlowNoteKind kind, LossCause cause, uint portId, long nowMs, uint bound = 0, uint atSeconds = 0)
    {
        if (_pending.Count >= NodeFrameCodec.MaxNotes)
        {
            _more++;
            return;
        }

        var note = new FlowNote(
            nowMs, kind, cause, flow.Orig.Src, flow.Orig.Sport, flow.Orig.Dst, flow.Orig.Dport, flow.Reply.Src, flow.Reply.Sport, portId);
        _pending.Add(new Pending(note, bound, atSeconds));
    }

    private void Learn(Ip backend, ushort port, long nowMs)
    {
        if (_backends.Count >= MaxBackends)
        {
            foreach (var (key, seen) in _backends)
            {
                if (nowMs - seen > BackendTtlMs / 10) // Key frames contain every existing group once a minute.
                    _backends.Remove(key);
            }

            if (_backends.Count >= MaxBackends)
                return;
        }

        _backends[(backend, port)] = nowMs;
    }

    private readonly record struct Pending(FlowNote Note, uint Bound, uint AtSeconds);
}
