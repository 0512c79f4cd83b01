using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>One TCP reset, with the flow it was matched to, if any.</summary>
internal sealed record ResetJson(
    DateTimeOffset At, ResetKind Kind, bool Received, string Src, int Sport, string Dst, int Dport,
    string? Vip, int? Vport, string? Backend, int? Bport, int Reason,
    ResetOrigin Origin, uint? SequenceNumber)
{
    public static ResetJson Of(Reset reset) => new(
        DateTimeOffset.FromUnixTimeMilliseconds(reset.AtMs), reset.Kind, reset.Received, reset.Src.ToString(), reset.Sport,
        reset.Dst.ToString(), reset.Dport, reset.Vip.IsNone ? null : reset.Vip.ToString(), reset.Vip.IsNone ? null : reset.Vport,
        reset.Backend.IsNone ? null : reset.Backend.ToString(), reset.Backend.IsNone ? null : reset.Bport, reset.Reason,
        reset.Origin, reset.Sequence == 0 ? null : reset.Sequence);
}
