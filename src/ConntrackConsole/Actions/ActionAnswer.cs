namespace ConntrackConsole.Actions;

/// <summary>Why something was not done.</summary>
public enum RefusalKind
{
    /// <summary>A guard refuses it as the world is.</summary>
    Guard,
    /// <summary>This person may not.</summary>
    Role,
    /// <summary>There is no such action, or it is another person's.</summary>
    NotFound,
    /// <summary>It is too late: what was shown holds no longer, or it was done or taken back already.</summary>
    Over,
    /// <summary>The console itself cannot: the audit log cannot be written.</summary>
    Fault,
}

/// <param name="Sentence">What the user reads: why, and what to do.</param>
public sealed record Refusal(RefusalKind Kind, string Sentence);

/// <summary>The desk's answer: the action as it is now, or why nothing was done.</summary>
/// <param name="Record">Also there beside a refusal where the action exists.</param>
public sealed record ActionAnswer(ActionRecord? Record, Refusal? Refusal)
{
    public static ActionAnswer Of(ActionRecord record) => new(record, null);

    public static ActionAnswer No(RefusalKind kind, string sentence, ActionRecord? record = null) => new(record, new Refusal(kind, sentence));
}
