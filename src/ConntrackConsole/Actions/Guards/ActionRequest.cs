using System.Text.Json.Serialization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

public enum ActionKind
{
    /// <summary>Deletes the entries that lead to a pod address.</summary>
    Flush,
    /// <summary>Changes a setting of <see cref="SettingCatalog"/> temporarily.</summary>
    Setting,
}

/// <summary>A requested action, not validated.</summary>
public sealed record ActionRequest(ActionKind Kind)
{
    public string? PodIp { get; init; }

    /// <summary>Null: chosen by the state of the owner.</summary>
    public FlushPreset? Preset { get; init; }

    public FlushScope? Scope { get; init; }

    public string? Key { get; init; }

    public string? Value { get; init; }

    /// <summary>Time until the nodes revert it; null: the default.</summary>
    public long? RevertAfterMs { get; init; }

    /// <summary>Empty: all nodes, for a flush; a setting requires explicit nodes.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>May be empty in the request: the confirmation requires it.</summary>
    public string? Reason { get; init; }

    public bool BreakGlass { get; init; }

    public string? IncidentId { get; init; }

    /// <summary>The pod address or the name of the setting.</summary>
    [JsonIgnore]
    public string Target => (Kind == ActionKind.Flush ? PodIp : Key) ?? "";
}
