
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>How much an action needs before it runs, in the order of its risk.</summary>
public enum GuardDecision
{
    /// <summary>One click on the preview.</summary>
    Allow,
    /// <summary>A typed confirmation.</summary>
    NeedsConfirmation,
    /// <summary>The approval of a second person.</summary>
    NeedsApproval,
    /// <summary>It is not executed.</summary>
    Refuse,
}

/// <param name="Sentence">What the user reads: why, and what to do.</param>
/// <param name="TypeToConfirm">The text of the typed confirmation, where one is needed.</param>
public sealed record GuardVerdict(GuardDecision Decision, string Sentence, string? TypeToConfirm = null)
{
    /// <summary>Code of the rule that decided; null in verdicts that were stored before there were codes.</summary>
    public string? Code { get; init; }

    /// <summary>Every rule that demands something, the strictest first; empty where one refused or none demands anything.</summary>
    public IReadOnlyList<Reason> Reasons { get; init; } = [];

    /// <summary>The role of the user is missing a right; the state of the cluster is not the cause.</summary>
    public bool OfRole { get; init; }

    public static GuardVerdict Refuse(string code, string sentence) => new(GuardDecision.Refuse, sentence) { Code = code };

    public static GuardVerdict Confirm(string code, string sentence) => new(GuardDecision.NeedsConfirmation, sentence) { Code = code };

    public static GuardVerdict Approve(string code, string sentence) => new(GuardDecision.NeedsApproval, sentence) { Code = code };
}
