using System.Text.Json.Serialization;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>The preview of an action. Only exactly this preview can be confirmed, by its digest.</summary>
/// <param name="Request">The request with the preset, the nodes and the time until the revert filled in.</param>
public sealed record ActionPlan(string Id, [property: JsonPropertyName("ask")] ActionRequest Request, [property: JsonPropertyName("askedBy")] string RequestedBy, [property: JsonPropertyName("askedMs")] long RequestedMs, GuardVerdict Verdict, string Digest, long ExpiresMs)
{
    /// <summary>The session that requested it.</summary>
    public string Session { get; init; } = "";

    /// <summary>What each node would delete.</summary>
    public IReadOnlyList<FlushPreview> Previews { get; init; } = [];

    /// <summary>The current value of the setting on each node.</summary>
    public IReadOnlyList<SettingReading> Readings { get; init; } = [];

    /// <summary>Requested nodes that cannot be queried or did not answer.</summary>
    public IReadOnlyList<string> Silent { get; init; } = [];

    public PlanOwner Owner { get; init; } = new(OwnerState.Unknown, null, null);

    public string SuggestedReason { get; init; } = "";

    public int Entries => Previews.Sum(p => p.Entries.Count);

    /// <summary>Nodes that would receive a command.</summary>
    public IReadOnlyList<string> Targets => Request.Kind == ActionKind.Flush
        ? [.. Previews.Where(p => p.Refusal is null).Select(p => p.Node)]
        : [.. Readings.Where(r => r.Refusal is null).Select(r => r.Node)];
}

/// <summary>The owner of the address at the preview.</summary>
public sealed record PlanOwner(OwnerState State, string? Name, long? SinceMs);
