using System.Diagnostics.CodeAnalysis;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>Selects the entries of an address that a flush deletes: the preset and an optional scope.</summary>
/// <param name="Preset">A defined preset.</param>
/// <param name="Proto">0 = any.</param>
/// <param name="Vip">None = any.</param>
/// <param name="Vport">0 = any.</param>
internal sealed record FlushFilter(FlushPreset Preset, byte Proto, Ip Vip, ushort Vport)
{
    /// <summary>Every entry of an address.</summary>
    public static FlushFilter Everything { get; } = new(FlushPreset.All, 0, default, 0);

    /// <summary>Parses what the console sent; false with a refusal if it is invalid.</summary>
    public static bool TryParse(FlushPreset preset, FlushScope? scope, out FlushFilter filter, out Reason? refusal)
    {
        filter = new FlushFilter(preset, 0, default, 0);
        refusal = null;
        if (!Enum.IsDefined(preset))
        {
            refusal = new(FlushReasons.UnknownPreset, "This collector does not know the requested preset: it supports Safe, DeadBackend and All. It may be older than the console.");
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
                refusal = new(FlushReasons.InvalidProtocol, $"'{QuotedText.Truncate(scope.Proto)}' is not one of tcp, udp and sctp.");
                return false;
        }

        if (scope.Vip is not null && !Ip.TryParse(scope.Vip, out vip))
            refusal = new(FlushReasons.InvalidServiceAddress, $"'{QuotedText.Truncate(scope.Vip)}' is not a valid Service address in canonical form.");
        else if (scope.VipPort is not null && scope.Vip is null)
            refusal = new(FlushReasons.PortWithoutAddress, "A Service port needs the Service's address.");
        else if (scope.VipPort is < 1 or > 65535)
            refusal = new(FlushReasons.InvalidPort, $"{scope.VipPort} is not a valid port.");
        if (refusal is not null)
            return false;
        filter = new FlushFilter(preset, proto, vip, (ushort)(scope.VipPort ?? 0));
        return true;
    }

    /// <summary>The filter of a flush in the journal, with the state of the owner that it was made for; false for a line without them.</summary>
    public static bool TryParse(JournalLine begin, [NotNullWhen(true)] out FlushFilter? filter, out OwnerState owner)
    {
        filter = null;
        // Not numbers: Enum.TryParse takes them, and nothing here writes them.
        if (!Enum.TryParse(begin.Owner, out owner) || owner.ToString() != begin.Owner
            || !Enum.TryParse(begin.Preset, out FlushPreset preset) || preset.ToString() != begin.Preset
            || !TryParse(preset, begin.Scope, out var parsed, out _))
        {
            return false;
        }

        filter = parsed;
        return true;
    }

    /// <summary>As the console sent it, for the journal; null = no restriction.</summary>
    public FlushScope? Scope => Proto == 0 && Vip.IsNone ? null : new FlushScope(Proto == 0 ? null : Protocols.Name(Proto), Vip.IsNone ? null : Vip.ToString(), Vport == 0 ? null : Vport);

    /// <summary>Whether the flush deletes an entry, given the state of the address's owner.</summary>
    public bool Matches(in Flow flow, OwnerState owner) => IsInScope(in flow, owner) && (Preset != FlushPreset.Safe || IsSafe(in flow, owner));

    /// <summary>Whether an entry is one that the flush is about, whatever its preset.</summary>
    public bool IsInScope(in Flow flow, OwnerState owner) =>
        (Proto == 0 || flow.Orig.Proto == Proto)
        && (Vip.IsNone || (flow.Orig.Dst == Vip && (Vport == 0 || flow.Orig.Dport == Vport)))
        && (owner != OwnerState.Service || !flow.IsTranslated);

    /// <summary>True if it names one address with exactly one port and protocol.</summary>
    public bool IsOnePort => Proto != 0 && Vport != 0 && !Vip.IsNone;

    /// <summary>True if it names the target, as a Service's address, with exactly one port and protocol.</summary>
    public bool IsServicePort(Ip target) => IsOnePort && Vip == target;

    // An unanswered entry loses nothing, and for a UDP flow to a pod that is gone a deletion can only help.
    private static bool IsSafe(in Flow flow, OwnerState owner) =>
        (flow.Status & FlowStatus.SeenReply) == 0 || flow.State == FlowState.SynSent
        || (flow.Orig.Proto == Protocols.Udp && owner is (OwnerState.Gone or OwnerState.Lost or OwnerState.Service));
}
