
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>Which of the entries that lead to an address a flush takes: the preset, and what narrows it.</summary>
/// <param name="Preset">One that exists.</param>
/// <param name="Proto">0 = any.</param>
/// <param name="Vip">None = any.</param>
/// <param name="Vport">0 = any.</param>
internal sealed record FlushFilter(FlushPreset Preset, byte Proto, Ip Vip, ushort Vport)
{
    /// <summary>Reads what the console sent; false with a sentence where it makes no sense.</summary>
    public static bool TryParse(FlushPreset preset, FlushScope? scope, out FlushFilter filter, out Reason? refusal)
    {
        filter = new FlushFilter(preset, 0, default, 0);
        refusal = null;
        if (!Enum.IsDefined(preset))
        {
            refusal = new(FlushReasons.UnknownPreset, "This collector does not know the preset that was asked for: it takes Safe, DeadBackend and All. Is it older than the console?");
            return false;
        }

        if (scope is null)
            return true;
        byte proto = 0;
        var vip = default(Ip);
        switch (scope.Proto)
        {
            case null:
                break;
            case "tcp":
                proto = Protocols.Tcp;
                break;
            case "udp":
                proto = Protocols.Udp;
                break;
            case "sctp":
                proto = Protocols.Sctp;
                break;
            default:
                refusal = new(FlushReasons.InvalidProtocol, $"'{Truncate(scope.Proto)}' is none of tcp, udp and sctp.");
                return false;
        }

        if (scope.Vip is not null && !Ip.TryParse(scope.Vip, out vip))
            refusal = new(FlushReasons.InvalidServiceAddress, $"'{Truncate(scope.Vip)}' is not a Service's address in its plain form.");
        else if (scope.VipPort is not null && scope.Vip is null)
            refusal = new(FlushReasons.PortWithoutAddress, "A Service's port narrows nothing without the Service's address.");
        else if (scope.VipPort is < 1 or > 65535)
            refusal = new(FlushReasons.InvalidPort, $"{scope.VipPort} is no port.");
        if (refusal is not null)
            return false;
        filter = new FlushFilter(preset, proto, vip, (ushort)(scope.VipPort ?? 0));
        return true;
    }

    /// <summary>True where the flush takes an entry that leads to an address whose owner is in this state.</summary>
    public bool Matches(in Flow flow, OwnerState owner) =>
        (Proto == 0 || flow.Orig.Proto == Proto)
        && (Vip.IsNone || (flow.Orig.Dst == Vip && (Vport == 0 || flow.Orig.Dport == Vport)))
        && (Preset != FlushPreset.Safe || IsSafe(in flow, owner));

    // What has no answer loses nothing, and a datagram to a pod that is gone can only profit.
    private static bool IsSafe(in Flow flow, OwnerState owner) =>
        (flow.Status & FlowStatus.SeenReply) == 0 || flow.State == FlowState.SynSent
        || (flow.Orig.Proto == Protocols.Udp && owner is (OwnerState.Gone or OwnerState.Lost));

    internal static string Truncate(string text) => TextSummary.Truncate(text, 64);
}
