using System.Text.Json.Serialization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>How far an action has come.</summary>
public enum ActionState
{
    /// <summary>Shown; waits for the click of who asked.</summary>
    Previewed,
    /// <summary>Confirmed; waits for a second person.</summary>
    Waiting,
    /// <summary>May be carried out; nothing was sent yet.</summary>
    Approved,
    /// <summary>Orders go out.</summary>
    Running,
    /// <summary>Done on every node.</summary>
    Completed,
    /// <summary>Done on some nodes, or cut off in the middle of one; the sentence names which.</summary>
    Partly,
    /// <summary>Done nowhere.</summary>
    Failed,
    /// <summary>A node did not answer after it was told: it is asked again when it is back.</summary>
    Unknown,
    /// <summary>A guard refused; nothing was sent.</summary>
    Refused,
    /// <summary>Taken back before anything was sent.</summary>
    Cancelled,
    /// <summary>Nobody confirmed or approved it in time.</summary>
    Expired,
}

/// <summary>One action, as far as it has come.</summary>
public sealed record ActionRecord(ActionPlan Plan, ActionState State, long UpdatedMs)
{
    public string Id => Plan.Id;

    /// <summary>The reason that was confirmed.</summary>
    public string Reason { get; init; } = "";

    public string? ApprovedBy { get; init; }

    /// <summary>What came of it, or why nothing did.</summary>
    public string Sentence { get; init; } = "";

    /// <summary>Code of the refusal, the expiry or the failure of the workflow; null where the nodes' results say it all.</summary>
    public string? Code { get; init; }

    /// <summary>Code of what is not a complete success: of the workflow, else of the first node that has one.</summary>
    public string? OutcomeCode => Code ?? Nodes.Select(n => n.Code).FirstOrDefault(code => code is not null);

    public IReadOnlyList<NodeResult> Nodes { get; init; } = [];

    public OutcomeSample? Outcome { get; init; }

    /// <summary>When the orders went out; null before.</summary>
    public long? StartedMs { get; init; }

    /// <summary>Until when its next step may be taken: 60 s for who asked, what the plan says for a second person.</summary>
    public long ExpiresMs => State == ActionState.Previewed ? Math.Min(Plan.ExpiresMs, Plan.AskedMs + (long)ActionService.ConfirmTtl.TotalMilliseconds) : Plan.ExpiresMs;

    public bool IsOpen => State is ActionState.Previewed or ActionState.Waiting;

    /// <summary>Its orders were sent, and it waits for no answer of theirs any more, but perhaps for a node that was lost.</summary>
    public bool HasEnded => HasRun && State != ActionState.Running;

    public bool HasRun => State is ActionState.Completed or ActionState.Partly or ActionState.Failed or ActionState.Unknown or ActionState.Running;
}

/// <summary>What is known of one node.</summary>
public enum NodeOutcome
{
    /// <summary>It answered: see its result.</summary>
    Done,
    /// <summary>It refused and did nothing.</summary>
    Refused,
    /// <summary>It could not be asked; nothing was done there.</summary>
    NotAsked,
    /// <summary>It was told and has not answered.</summary>
    Unknown,
    /// <summary>Not told, because a node before it failed.</summary>
    Stopped,
}

/// <summary>What became of an action on a node.</summary>
/// <param name="Flush">Its answer, where it was a flush.</param>
/// <param name="Setting">Its last answer about the setting: of the change, later of the return.</param>
/// <param name="Sentence">What the result does not say.</param>
/// <param name="RefusalCode">Code of <paramref name="Sentence"/>, where there is one.</param>
public sealed record NodeResult(string Node, [property: JsonPropertyName("fate")] NodeOutcome Outcome, FlushResult? Flush = null, SettingResult? Setting = null, string? Sentence = null, string? RefusalCode = null)
{
    /// <summary>Stable code of a result that is not a complete success, or null.</summary>
    [JsonIgnore]
    public string? Code => Outcome switch
    {
        NodeOutcome.NotAsked => NodeReasons.NotConnected,
        NodeOutcome.Stopped => NodeReasons.Stopped,
        NodeOutcome.Unknown => NodeReasons.NoAnswer,
        _ => RefusalCode ?? Flush?.Code ?? Setting?.Code ?? Setting?.Outcome switch
        {
            // A collector without codes.
            SettingOutcome.Moved => SettingReasons.Moved,
            SettingOutcome.Drifted => SettingReasons.Drifted,
            SettingOutcome.Void => SettingReasons.Void,
            SettingOutcome.Withheld => SettingReasons.Withheld,
            SettingOutcome.Failed => SettingReasons.WriteFailed,
            SettingOutcome.Unsure => NodeReasons.Interrupted,
            _ => null,
        },
    };

    /// <summary>The node has the new value and would set it back by itself, or was to and did not.</summary>
    [JsonIgnore]
    public bool IsOpenChange => Setting is
    {
        RevertAtMs: not null, Before: not null, Outcome: SettingOutcome.Written or SettingOutcome.Withheld or SettingOutcome.Failed or SettingOutcome.Unsure,
    };
}
