
using ConntrackConsole.Actions.Guards;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Why something was not done.</summary>
public enum RefusalKind
{
    /// <summary>A guard refused.</summary>
    Guard,
    /// <summary>The role of the user does not allow it.</summary>
    Role,
    /// <summary>There is no such action, or it belongs to another user.</summary>
    NotFound,
    /// <summary>Too late: the preview expired, or the action was executed or cancelled before.</summary>
    Over,
    /// <summary>The console itself cannot: the audit log cannot be written.</summary>
    Fault,
}

/// <param name="Code">Stable reason code.</param>
/// <param name="Sentence">What the user reads: why, and what to do.</param>
public sealed record Refusal(RefusalKind Kind, string Code, string Sentence)
{
    public static Refusal Of(GuardVerdict verdict)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        return new Refusal(verdict.OfRole ? RefusalKind.Role : RefusalKind.Guard, verdict.Code!, verdict.Sentence);
    }
}

/// <summary>The answer of the service: the action as it is now, or why nothing was done.</summary>
/// <param name="Record">Also present beside a refusal where the action exists.</param>
public sealed record ActionAnswer(ActionRecord? Record, Refusal? Refusal)
{
    public static ActionAnswer Of(ActionRecord record) => new(record, null);

    public static ActionAnswer No(RefusalKind kind, string code, string sentence, ActionRecord? record = null) => No(new Refusal(kind, code, sentence), record);

    public static ActionAnswer No(Refusal refusal, ActionRecord? record = null) => new(record, refusal);
}
