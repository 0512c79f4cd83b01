namespace ConntrackConsole.Checks.Model;

/// <summary>The result of one check for one subject.</summary>
/// <param name="Value">The measured value with its unit; empty if nothing could be measured.</param>
/// <param name="Threshold">The limit that it is compared with.</param>
/// <param name="Sentence">What the result means and, if it is not ok, what to do.</param>
public sealed record CheckResult(
    CheckName Check, CheckSubject Subject, CheckState State, string Value, string Threshold, string Sentence)
{
    /// <summary>When the underlying reading was made, by the console's clock; null if there is no reading.</summary>
    public long? ReadMs { get; init; }

    /// <summary>Since when it is in this state, as far as the facts or the console's own rounds show.</summary>
    public long? SinceMs { get; init; }

    /// <summary>One of <see cref="UnknownCodes"/> if the state is <see cref="CheckState.InsufficientData"/>; null otherwise.</summary>
    public string? UnknownCode { get; init; }

    /// <summary>Commands that verify the result on the node or cluster.</summary>
    public IReadOnlyList<string> Commands { get; init; } = [];

    /// <summary>Identifies this result for as long as its subject exists.</summary>
    public string Key { get; } = $"{Check.Id}:{Subject}";
}
