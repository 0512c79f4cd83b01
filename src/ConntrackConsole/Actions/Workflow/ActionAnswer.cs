using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>Category of a refusal.</summary>
public enum RefusalKind
{
    /// <summary>A guard refused.</summary>
    Guard,
    /// <summary>The role of the user does not allow it.</summary>
    Role,
    /// <summary>There is no such action, or it belongs to another user.</summary>
    NotFound,
    /// <summary>The preview expired, or the action has already been executed or cancelled.</summary>
    Over,
    /// <summary>The console cannot act: the audit log cannot be written.</summary>
    Fault,
}

/// <param name="Code">Stable reason code.</param>
/// <param name="Message">Message for the user: why, and what to do.</param>
internal sealed record Refusal(RefusalKind Kind, string Code, string Message)
{
    /// <summary>Scopes with which the guards would not refuse the flush.</summary>
    public IReadOnlyList<FlushScope> Scopes { get; init; } = [];

    public static Refusal Of(GuardVerdict verdict)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        return new Refusal(verdict.IsRole ? RefusalKind.Role : RefusalKind.Guard, verdict.Code!, verdict.Message) { Scopes = verdict.Scopes };
    }
}

/// <summary>Result of a workflow step: the current action, or why nothing was done.</summary>
/// <param name="Record">Also set with a refusal if the action exists.</param>
internal sealed record ActionAnswer(ActionRecord? Record, Refusal? Refusal)
{
    public static ActionAnswer Of(ActionRecord record) => new(record, null);

    public static ActionAnswer No(RefusalKind kind, string code, string message, ActionRecord? record = null) => No(new Refusal(kind, code, message), record);

    public static ActionAnswer No(Refusal refusal, ActionRecord? record = null) => new(record, refusal);
}
