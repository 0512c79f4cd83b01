namespace ConntrackConsole.Actions;

/// <summary>How much stands between the click and the act. The order is that of the risk.</summary>
public enum GuardDecision
{
    /// <summary>One click on what is on the screen.</summary>
    Allow,
    /// <summary>Something has to be typed.</summary>
    NeedsConfirmation,
    /// <summary>A second person has to agree.</summary>
    NeedsApproval,
    /// <summary>It is not done.</summary>
    Refuse,
}

/// <param name="Sentence">What the user reads: why, and what to do.</param>
/// <param name="TypeToConfirm">What has to be typed where a confirmation is needed.</param>
public sealed record GuardVerdict(GuardDecision Decision, string Sentence, string? TypeToConfirm = null)
{
    /// <summary>It is the person's right that is missing, not the world's state.</summary>
    public bool OfRole { get; init; }

    public static GuardVerdict Refuse(string sentence) => new(GuardDecision.Refuse, sentence);

    public static GuardVerdict Confirm(string sentence) => new(GuardDecision.NeedsConfirmation, sentence);

    public static GuardVerdict Approve(string sentence) => new(GuardDecision.NeedsApproval, sentence);
}
