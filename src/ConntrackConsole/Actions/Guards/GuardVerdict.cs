using System.Text.Json.Serialization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

/// <summary>What an action requires before it runs, in increasing order of risk.</summary>
public enum GuardDecision
{
    /// <summary>One click on the preview.</summary>
    Allow,
    /// <summary>A typed confirmation.</summary>
    NeedsConfirmation,
    /// <summary>The approval of a second person.</summary>
    NeedsApproval,
    /// <summary>The action is not executed.</summary>
    Refuse,
}

/// <param name="Message">Message for the user: why, and what to do.</param>
/// <param name="TypeToConfirm">The text of the typed confirmation, if one is required.</param>
public sealed record GuardVerdict(GuardDecision Decision, [property: JsonPropertyName("sentence")] string Message, string? TypeToConfirm = null)
{
    /// <summary>Code of the deciding rule; null in verdicts stored before codes existed.</summary>
    public string? Code { get; init; }

    /// <summary>Every rule with a requirement, the strictest first; empty if a rule refused or no rule has a requirement.</summary>
    public IReadOnlyList<Reason> Reasons { get; init; } = [];

    /// <summary>Scopes with which the guards would not refuse the flush; may be empty.</summary>
    public IReadOnlyList<FlushScope> Scopes { get; init; } = [];

    /// <summary>The user's role is insufficient; the state of the cluster is not the cause.</summary>
    [JsonPropertyName("ofRole")]
    public bool IsRole { get; init; }

    public static GuardVerdict Refuse(string code, string message) => new(GuardDecision.Refuse, message) { Code = code };

    public static GuardVerdict Confirm(string code, string message) => new(GuardDecision.NeedsConfirmation, message) { Code = code };

    public static GuardVerdict Approve(string code, string message) => new(GuardDecision.NeedsApproval, message) { Code = code };
}
