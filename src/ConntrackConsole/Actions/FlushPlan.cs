using ConntrackConsole.Cluster;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>What is on the screen before the click. Only exactly this can be confirmed, by its digest.</summary>
public sealed record FlushPlan(
    string ActionId, string Digest, string PodIp, GuardVerdict Verdict, IReadOnlyList<FlushPreview> Nodes,
    IReadOnlyList<string> SilentNodes, long ExpiresAtMs, string SuggestedReason, Ownership Owner)
{
    public int Entries => Nodes.Sum(n => n.Entries.Count);
}

public enum GuardDecision
{
    Allow,
    NeedsConfirmation,
    Refuse,
}

/// <param name="Sentence">What the user reads: why, and what to do.</param>
/// <param name="TypeToConfirm">What has to be typed where a confirmation is needed.</param>
public sealed record GuardVerdict(GuardDecision Decision, string Sentence, string? TypeToConfirm = null);

public enum ActionState
{
    /// <summary>Done on every node.</summary>
    Completed,
    /// <summary>Done on some nodes; the sentence names the others.</summary>
    Partly,
    /// <summary>Done nowhere.</summary>
    Failed,
    /// <summary>A node did not answer after it was told: nobody knows.</summary>
    Unknown,
    /// <summary>A guard refused; nothing was sent.</summary>
    Refused,
}

/// <param name="SilentNodes">Nodes that were not asked or did not answer.</param>
public sealed record FlushOutcome(
    string ActionId, ActionState State, IReadOnlyList<FlushResult> Nodes, IReadOnlyList<string> SilentNodes, string Sentence);
