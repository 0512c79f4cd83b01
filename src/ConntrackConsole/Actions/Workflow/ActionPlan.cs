using System.Text.Json.Serialization;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>What was on the screen before the click. Only exactly this can be confirmed, by its digest.</summary>
/// <param name="Request">With the preset, the nodes and the time filled in.</param>
public sealed record ActionPlan(string Id, [property: JsonPropertyName("ask")] ActionRequest Request, string AskedBy, long AskedMs, GuardVerdict Verdict, string Digest, long ExpiresMs)
{
    /// <summary>Names the session that asked.</summary>
    public string Session { get; init; } = "";

    /// <summary>What each node would delete.</summary>
    public IReadOnlyList<FlushPreview> Previews { get; init; } = [];

    /// <summary>What each node's setting is.</summary>
    public IReadOnlyList<SettingReading> Readings { get; init; } = [];

    /// <summary>Nodes that should be asked and cannot, or did not answer.</summary>
    public IReadOnlyList<string> Silent { get; init; } = [];

    public PlanOwner Owner { get; init; } = new(OwnerState.Unknown, null, null);

    public string SuggestedReason { get; init; } = "";

    /// <summary>Clients notice at their next retransmission: within so many seconds; null where nothing is known.</summary>
    public int? ExpectedWithinS { get; init; }

    public int Entries => Previews.Sum(p => p.Entries.Count);

    /// <summary>Nodes that would be told.</summary>
    public IReadOnlyList<string> Targets => Request.Kind == ActionKind.Flush
        ? [.. Previews.Where(p => p.Refusal is null).Select(p => p.Node)]
        : [.. Readings.Where(r => r.Refusal is null).Select(r => r.Node)];
}

/// <summary>Who owned the address when it was shown.</summary>
public sealed record PlanOwner(OwnerState State, string? Name, long? SinceMs);
