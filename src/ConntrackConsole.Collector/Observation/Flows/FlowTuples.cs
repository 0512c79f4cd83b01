using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>Both tuples of a flow and its last state.</summary>
/// <param name="State">The last known state; of a destroyed flow, the one before its end.</param>
/// <param name="OnlyLooksTranslated">As <see cref="Flow.OnlyLooksTranslated"/>.</param>
/// <param name="EndedUnreplied">True if the flow was destroyed before any reply other than a reset.</param>
internal readonly record struct FlowTuples(FlowTuple Orig, FlowTuple Reply, FlowState State = FlowState.None, bool EndedUnreplied = false, bool OnlyLooksTranslated = false)
{
    /// <summary>True if the replies come from another address or port than the client's destination.</summary>
    public bool IsTranslated => !OnlyLooksTranslated && (Reply.Src != Orig.Dst || Reply.Sport != Orig.Dport);
}
