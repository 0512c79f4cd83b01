using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Actions;

/// <summary>Request body that requests an action. Strict: an unknown or repeated field is an error.</summary>
internal sealed record ActionRequestBody
{
    public string? Kind { get; init; }
    public string? PodIp { get; init; }
    public string? Preset { get; init; }
    public ScopeBody? Scope { get; init; }
    public string? Key { get; init; }
    public string? Value { get; init; }
    public int? RevertAfterSeconds { get; init; }
    public IReadOnlyList<string?>? Nodes { get; init; }
    public string? Reason { get; init; }
    public bool BreakGlass { get; init; }
    public string? IncidentId { get; init; }

    private const int MaxNodes = 5_000;

    /// <summary>The request, or what is wrong with it.</summary>
    public (ActionRequest? Request, string? Error) Read()
    {
        ActionKind? kind = Kind switch { "flush" => ActionKind.Flush, "setting" or "sysctl" => ActionKind.Setting, _ => null };
        string? error =
            kind is null ? "'kind' must be flush or setting."
            : kind == ActionKind.Flush && PodIp is null ? "'podIp' is missing: a flush requires the pod address."
            : kind == ActionKind.Flush && (Key ?? Value) is not null ? "'key' and 'value' belong to a setting, not to a flush."
            : kind == ActionKind.Setting && (Key is null || Value is null) ? "'key' and 'value' are required: the setting and its new value."
            : kind == ActionKind.Setting && (PodIp is not null || Preset is not null || Scope is not null) ? "'podIp', 'preset' and 'scope' belong to a flush, not to a setting."
            : Preset is not null && ActionSettings.Preset(Preset) is null ? "'preset' must be safe, dead-backend or all."
            : Nodes?.Count > MaxNodes || Nodes?.Any(n => n is not { Length: > 0 and <= 253 }) == true ? $"'nodes' accepts at most {MaxNodes} names of 1 to 253 characters."
            : new[] { PodIp, Key, Value, Scope?.Proto, Scope?.Vip, IncidentId }.Any(t => t?.Length > 200) || Reason?.Length > 500 ? "A text is too long: at most 500 characters for the reason, 200 for other fields."
            : RevertAfterSeconds < 0 ? "'revertAfterSeconds' must not be negative."
            : null;
        return error is not null ? (null, error) : (new ActionRequest(kind!.Value)
        {
            PodIp = PodIp, Preset = ActionSettings.Preset(Preset), Scope = Scope is null ? null : new FlushScope(Scope.Proto, Scope.Vip, Scope.VipPort),
            Key = Key, Value = Value, RevertAfterMs = RevertAfterSeconds * 1000L, Nodes = [.. (Nodes ?? []).OfType<string>()], Reason = Reason, BreakGlass = BreakGlass, IncidentId = IncidentId,
        }, null);
    }
}

internal sealed record ScopeBody
{
    public string? Proto { get; init; }
    public string? Vip { get; init; }
    public int? VipPort { get; init; }
}

/// <summary>Request body that confirms, approves, cancels or reverts an action.</summary>
internal sealed record DecisionBody
{
    public string? Digest { get; init; }
    public string? Typed { get; init; }
    public string? Reason { get; init; }

    /// <summary>Only for a revert: also where a node withholds it.</summary>
    public bool BreakGlass { get; init; }
}
