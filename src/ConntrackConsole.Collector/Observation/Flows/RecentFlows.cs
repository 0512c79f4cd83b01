using ConntrackConsole.Kernel.Conntrack;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>
/// Flows that were destroyed in the last seconds. A reset that destroys its entry at once (a refused SYN, a reset as the only
/// reply) is read from another source than the DESTROY, and may be read later. Flows lost before their connection ended are kept
/// longer: the un-NATed reset follows only when the backend sends again.
/// </summary>
internal sealed class RecentFlows
{
    private readonly FlowRing _ended = new(keepMs: 3000, maxFlows: 65_536);
    private readonly FlowRing _lost = new(keepMs: 600_000, maxFlows: 16_384);

    public void Add(in FlowTuples flow, long nowMs, bool lost = false) => (lost ? _lost : _ended).Add(in flow, nowMs);

    public bool TryFindByOrig(in FlowTuple tuple, out FlowTuples flow) => Later(
        _ended.FindByOrig(in tuple, out var ended), in ended, _lost.FindByOrig(in tuple, out var lost), in lost, out flow);

    public bool TryFindByReply(in FlowTuple tuple, out FlowTuples flow) => Later(
        _ended.FindByReply(in tuple, out var ended), in ended, _lost.FindByReply(in tuple, out var lost), in lost, out flow);

    /// <summary>Finds the flow of this original tuple that was lost before its connection ended, even if another one followed it.</summary>
    public bool TryFindLost(in FlowTuple orig, out FlowTuples flow) => _lost.FindByOrig(in orig, out flow) != long.MinValue;

    private static bool Later(long endedMs, in FlowTuples ended, long lostMs, in FlowTuples lost, out FlowTuples flow)
    {
        flow = lostMs > endedMs ? lost : ended;
        return lostMs != long.MinValue || endedMs != long.MinValue;
    }
}
