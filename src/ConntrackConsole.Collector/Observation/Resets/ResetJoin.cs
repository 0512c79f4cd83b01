using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Resets;

/// <summary>Matches a reset to its flow and classifies it.</summary>
internal static class ResetJoin
{
    /// <summary>
    /// Matches in this order: the original tuple, the un-NATed pair, the inverted original tuple, the reply tuple in either
    /// direction. The un-NATed pair, which is the inverted reply tuple of a Service's flow, is checked only on the node that
    /// <em>sent</em> the reset: on the backend's node every reset of a client appears as client→pod, because it was translated on
    /// the way. It comes before the inverted original tuple, because a segment of a backend after the loss of its entry creates
    /// an entry of its own.
    /// </summary>
    /// <param name="reset">The reset.</param>
    /// <param name="table">The flows.</param>
    /// <param name="recent">Flows that ended.</param>
    /// <param name="attempts">Attempts to connect that ended.</param>
    /// <param name="everySender">
    /// As <see cref="ResetSource.TracesEverySender"/>. If not, a reset that a backend received may be a client's abort, or the
    /// answer to an un-NATed segment: at the receiver both look alike, so its kind is unknown.
    /// </param>
    public static Reset Join(Reset reset, FlowTable table, RecentFlows recent, RecentAttempts attempts, bool everySender = true)
    {
        var packet = new FlowTuple(reset.Src, reset.Dst, Protocols.Tcp, reset.Sport, reset.Dport);
        var inverted = packet.Inverted();

        if (ByOrig(packet, out var flow)) // client → VIP (or straight to a pod)
            return With(flow, flow.IsTranslated ? ResetKind.ClientAbort : ResetKind.Direct);
        if (!reset.Received && ByReply(inverted, out flow) && flow.IsTranslated)
            return With(flow, ResetKind.UnNated); // client → backend's own address
        if (ByOrig(inverted, out flow)) // The client's own socket received it, from its destination address.
            return With(flow, OfBackend(in flow));
        if (ByReply(packet, out flow)) // backend → client, before translation back
            return With(flow, OfBackend(in flow));
        if (ByReply(inverted, out flow)) // The backend received it, translated on the way.
            return With(flow, !flow.IsTranslated ? ResetKind.Direct : everySender || reset.Origin == ResetOrigin.Packet ? ResetKind.ClientAbort : ResetKind.Other);
        return reset;

        bool ByOrig(in FlowTuple tuple, out FlowTuples flow) =>
            table.TryFindByOrig(in tuple, out flow) || recent.TryFindByOrig(in tuple, out flow);

        bool ByReply(in FlowTuple tuple, out FlowTuples flow) =>
            table.TryFindByReply(in tuple, out flow) || recent.TryFindByReply(in tuple, out flow);

        // An entry that a reset destroyed as the only reply had either just begun (its SYN was refused), or was picked up in
        // mid-stream after the previous entry was lost, towards a backend without that connection. If its NEW was lost, only the
        // client's socket shows which. It also shows a SYN in the entry of a connection that the backend had reset: until that entry
        // expires, a new connection from the same port is translated to the same backend, without any event.
        ResetKind OfBackend(in FlowTuples flow) => flow switch
        {
            { IsTranslated: false } => ResetKind.Direct,
            { State: FlowState.SynSent } => ResetKind.RefusedSyn,
            { State: FlowState.Established, EndedUnreplied: true } => ResetKind.NewBackend,
            { State: FlowState.Close or FlowState.None } when attempts.EndedAt(flow.Orig, reset.AtMs) => ResetKind.RefusedSyn,
            { State: FlowState.Close or FlowState.None, EndedUnreplied: true } => ResetKind.Other,
            _ => ResetKind.FromBackend,
        };

        Reset With(in FlowTuples flow, ResetKind kind) => !flow.IsTranslated && recent.TryFindLost(flow.Orig, out var lost) && lost.IsTranslated
            ? OfService(in lost, reset.Src == lost.Orig.Src ? ResetKind.ClientAbort : ResetKind.NewBackend)
            : OfService(in flow, kind);

        // After a Service's entry was lost, the client's next segment can meet the VIP itself: under IPVS it is an address of the node,
        // and the node resets the connection that it never had. That reset belongs to the Service, and to the backend that was lost.
        Reset OfService(in FlowTuples flow, ResetKind kind) => reset with
        {
            Kind = kind,
            Vip = flow.IsTranslated ? flow.Orig.Dst : default,
            Vport = flow.IsTranslated ? flow.Orig.Dport : (ushort)0,
            Backend = flow.Reply.Src,
            Bport = flow.Reply.Sport,
        };
    }
}
