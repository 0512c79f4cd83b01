namespace ConntrackConsole.Checks.Model;

/// <summary>What one check says of one subject.</summary>
/// <param name="Value">What was measured, with its unit; empty where nothing could be.</param>
/// <param name="Threshold">What it is held against.</param>
/// <param name="Sentence">What it means and, where it is not well, what helps.</param>
public sealed record CheckResult(
    CheckName Check, CheckSubject Subject, CheckState State, string Value, string Threshold, string Sentence)
{
    /// <summary>When the reading was made that it rests on, by our clock; null where there is none.</summary>
    public long? ReadMs { get; init; }

    /// <summary>Since when it is in this state, as far as the facts or the console's own looks tell.</summary>
    public long? SinceMs { get; init; }

    /// <summary>One of <see cref="UnknownCodes"/> where the check cannot tell; null otherwise.</summary>
    public string? UnknownCode { get; init; }

    /// <summary>Command lines that show the same with one's own eyes.</summary>
    public IReadOnlyList<string> Commands { get; init; } = [];

    /// <summary>Names this result for as long as its subject exists.</summary>
    public string Key { get; } = $"{Check.Id}:{Subject}";
}
