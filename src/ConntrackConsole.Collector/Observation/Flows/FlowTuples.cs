
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Observation.Flows;

/// <summary>Both tuples of a flow, and how far it had come.</summary>
/// <param name="State">The last state that is known; of a destroyed flow, the one before its end.</param>
/// <param name="EndedUnreplied">True where the flow was destroyed before any answer but a reset had come.</param>
internal readonly record struct FlowTuples(FlowTuple Orig, FlowTuple Reply, FlowState State = FlowState.None, bool EndedUnreplied = false)
{
    /// <summary>True where the answers come from another place than the client asked.</summary>
    public bool IsTranslated => Reply.Src != Orig.Dst || Reply.Sport != Orig.Dport;
}
