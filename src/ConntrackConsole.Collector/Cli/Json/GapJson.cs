using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>An interval for which data is incomplete.</summary>
internal sealed record GapJson(GapKind Kind, DateTimeOffset From, DateTimeOffset To, uint Lost)
{
    public static GapJson Of(Gap gap) => new(
        gap.Kind, DateTimeOffset.FromUnixTimeMilliseconds(gap.FromMs), DateTimeOffset.FromUnixTimeMilliseconds(gap.ToMs), gap.Lost);
}
