using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Observation.Resets;

/// <summary>
/// Sender and receiver of a reset. The Service's address is replaced by its backend, so that a reset before and after translation
/// has the same ends.
/// </summary>
internal readonly record struct ResetEnds(Ip From, ushort FromPort, Ip To, ushort ToPort)
{
    public static ResetEnds Of(in Reset reset)
    {
        bool fromVip = !reset.Vip.IsNone && reset.Src == reset.Vip && reset.Sport == reset.Vport;
        bool toVip = !reset.Vip.IsNone && reset.Dst == reset.Vip && reset.Dport == reset.Vport;
        return new ResetEnds(
            fromVip ? reset.Backend : reset.Src, fromVip ? reset.Bport : reset.Sport,
            toVip ? reset.Backend : reset.Dst, toVip ? reset.Bport : reset.Dport);
    }
}
