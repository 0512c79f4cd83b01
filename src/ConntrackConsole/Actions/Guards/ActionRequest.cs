using System.Text.Json.Serialization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Guards;

public enum ActionKind
{
    /// <summary>Deletes the entries that lead to a pod's address.</summary>
    Flush,
    /// <summary>Changes a setting of <see cref="SettingCatalog"/>, for a time.</summary>
    Setting,
}

/// <summary>What somebody wants done. As it came: nothing in it is checked.</summary>
public sealed record ActionRequest(ActionKind Kind)
{
    public string? PodIp { get; init; }

    /// <summary>Null: as the owner's state suggests.</summary>
    public FlushPreset? Preset { get; init; }

    public FlushScope? Scope { get; init; }

    public string? Key { get; init; }

    public string? Value { get; init; }

    /// <summary>When the nodes set it back; null: the usual time.</summary>
    public long? RevertAfterMs { get; init; }

    /// <summary>None: all nodes, for a flush; a setting needs them named.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>May be empty at first: it is asked for at the confirmation.</summary>
    public string? Reason { get; init; }

    public bool BreakGlass { get; init; }

    public string? IncidentId { get; init; }

    /// <summary>The pod's address or the setting's name.</summary>
    [JsonIgnore]
    public string Target => (Kind == ActionKind.Flush ? PodIp : Key) ?? "";
}
