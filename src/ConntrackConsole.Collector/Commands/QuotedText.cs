using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands;

/// <summary>Text of a command that a refusal quotes: it may be of any length.</summary>
internal static class QuotedText
{
    private const int MaxLength = 64;

    public static string Truncate(string? text) => TextSummary.Truncate(text ?? "", MaxLength);
}
