using System.Text.Json.Serialization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>State of an action.</summary>
public enum ActionState
{
    /// <summary>Previewed; waiting for the confirmation of the requester.</summary>
    Previewed,
    /// <summary>Confirmed; waiting for a second person.</summary>
    Waiting,
    /// <summary>May be executed; nothing was sent yet.</summary>
    Approved,
    /// <summary>Commands are being sent.</summary>
    Running,
    /// <summary>Done on every node.</summary>
    Completed,
    /// <summary>Done on some nodes, or interrupted on one; the message names them.</summary>
    Partly,
    /// <summary>Done on no node.</summary>
    Failed,
    /// <summary>A node did not answer after the command was sent; it is queried again when it reconnects.</summary>
    Unknown,
    /// <summary>A guard refused; nothing was sent.</summary>
    Refused,
    /// <summary>Cancelled before anything was sent.</summary>
    Cancelled,
    /// <summary>Not confirmed or approved in time.</summary>
    Expired,
}

/// <summary>One action in its current state.</summary>
public sealed record ActionRecord(ActionPlan Plan, ActionState State, long UpdatedMs)
{
    public string Id => Plan.Id;

    /// <summary>The reason that was confirmed.</summary>
    public string Reason { get; init; } = "";

    public string? ApprovedBy { get; init; }

    /// <summary>The outcome, or the reason for its absence.</summary>
    public string Message { get; init; } = "";

    /// <summary>Code of a refusal, expiry or workflow failure; null if only the results of the nodes apply.</summary>
    public string? Code { get; init; }

    /// <summary>Code of anything but a complete success: of the workflow, else of the first node that has one.</summary>
    public string? OutcomeCode => Code ?? Nodes.Select(n => n.Code).FirstOrDefault(code => code is not null);

    public IReadOnlyList<NodeResult> Nodes { get; init; } = [];

    public OutcomeSample? Outcome { get; init; }

    /// <summary>When the commands were sent; null before.</summary>
    public long? StartedMs { get; init; }

    /// <summary>Deadline of the next step: 60 s for the requester; the plan's deadline for a second person.</summary>
    public long ExpiresMs => State == ActionState.Previewed ? Math.Min(Plan.ExpiresMs, Plan.RequestedMs + (long)ActionService.ConfirmTtl.TotalMilliseconds) : Plan.ExpiresMs;

    public bool IsOpen => State is ActionState.Previewed or ActionState.Waiting;

    /// <summary>Its commands were sent and their calls have ended; the result of a lost node may still be missing.</summary>
    public bool HasEnded => HasRun && State != ActionState.Running;

    public bool HasRun => State is ActionState.Completed or ActionState.Partly or ActionState.Failed or ActionState.Unknown or ActionState.Running;
}

/// <summary>Outcome of an action on one node.</summary>
public enum NodeOutcome
{
    /// <summary>The node answered: see its result.</summary>
    Done,
    /// <summary>The node refused and did nothing.</summary>
    Refused,
    /// <summary>The node could not be contacted; nothing was done there.</summary>
    NotAsked,
    /// <summary>The command was sent and not answered.</summary>
    Unknown,
    /// <summary>The command was not sent because a previous node failed.</summary>
    Stopped,
}

/// <summary>Result of an action on a node.</summary>
/// <param name="Flush">The answer of the node to a flush.</param>
/// <param name="Setting">The last answer of the node about the setting: of the change, later of the revert.</param>
/// <param name="Message">Additional message that the result does not contain.</param>
/// <param name="RefusalCode">Code of <paramref name="Message"/>, or null.</param>
public sealed record NodeResult(string Node, [property: JsonPropertyName("fate")] NodeOutcome Outcome, FlushResult? Flush = null, SettingResult? Setting = null, [property: JsonPropertyName("sentence")] string? Message = null, string? RefusalCode = null)
{
    /// <summary>Stable code of a result that is not a complete success, or null.</summary>
    [JsonIgnore]
    public string? Code => Outcome switch
    {
        NodeOutcome.NotAsked => NodeReasons.NotConnected,
        NodeOutcome.Stopped => NodeReasons.Stopped,
        NodeOutcome.Unknown => RefusalCode ?? NodeReasons.NoAnswer,
        _ => RefusalCode ?? Flush?.Code ?? Setting?.Code ?? Setting?.Outcome switch
        {
            // Collectors of older versions send no codes.
            SettingOutcome.Moved => SettingReasons.Moved,
            SettingOutcome.Drifted => SettingReasons.Drifted,
            SettingOutcome.Void => SettingReasons.Void,
            SettingOutcome.Withheld => SettingReasons.Withheld,
            SettingOutcome.Failed => SettingReasons.WriteFailed,
            SettingOutcome.Unsure => NodeReasons.Interrupted,
            _ => null,
        },
    };

    /// <summary>The node has the new value and will revert it automatically, or should have and did not.</summary>
    [JsonIgnore]
    public bool IsOpenChange => Setting is
    {
        RevertAtMs: not null, Before: not null, Outcome: SettingOutcome.Written or SettingOutcome.Withheld or SettingOutcome.Failed or SettingOutcome.Unsure,
    };
}
