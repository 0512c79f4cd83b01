using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>Predicts the effect of a deletion on the entry's flow.</summary>
internal static class EffectPrediction
{
    public static FlushEffect Of(in Flow flow, OwnerState owner, bool tcpLoose)
    {
        // At the Service's own address: without the entry the next packet is translated, if the rules are there now.
        if (owner == OwnerState.Service && flow.State.IsLive())
            return flow.Orig.Proto != Protocols.Tcp ? FlushEffect.Moves : tcpLoose || flow.State == FlowState.SynSent ? FlushEffect.FailsFast : FlushEffect.Hangs;
        // Without translation the next packet creates the same entry again; without a live state nothing depends on it.
        if (!flow.IsTranslated || !flow.State.IsLive())
            return FlushEffect.NoEffect;
        if (flow.Orig.Proto != Protocols.Tcp)
            return FlushEffect.Moves;
        if (flow.State is FlowState.SynSent)
            return FlushEffect.FailsFast; // The next SYN is translated again.
        if (!tcpLoose)
            return FlushEffect.Hangs; // Every later segment is INVALID and is not translated.
        // Whether it is answered is unknown: the flowtable forwards its packets past conntrack.
        if (flow.State == FlowState.Offloaded)
            return FlushEffect.MayBreak;
        // A backend that is gone cannot send first; one that still runs may, and its segment would arrive un-NATed.
        return owner is OwnerState.Gone or OwnerState.Lost ? FlushEffect.FailsFast : FlushEffect.MayBreak;
    }
}
