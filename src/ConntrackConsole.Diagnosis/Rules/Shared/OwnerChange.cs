using ConntrackConsole.Diagnosis.Facts;

namespace ConntrackConsole.Diagnosis.Rules.Shared;

/// <summary>
/// When an address went from one pod to another. A new pod answers before its status names the address, and the end of the former one is
/// known in whole seconds: what happens in between may be either's.
/// </summary>
/// <param name="FormerUntilMs">Before it, the address certainly was the former pod's.</param>
/// <param name="NewFromMs">From then on it certainly is the new pod's.</param>
internal readonly record struct OwnerChange(long FormerUntilMs, long NewFromMs)
{
    private const long WholeSecondMs = 1_000;

    // Until a new pod's status names its address.
    private const long StatusDelayMs = 2_000;

    public static readonly OwnerChange None = new(long.MaxValue, long.MaxValue);

    /// <param name="startedMs">Since when the cluster's objects give the address to the new pod.</param>
    public static OwnerChange Of(LifecycleEvidence life, long startedMs)
    {
        var change = ByObjects(life, startedMs);
        // A fact of the node instead: nothing of the former pod is left there.
        return life.FormerGoneMs is { } goneMs ? new OwnerChange(Math.Min(change.FormerUntilMs, goneMs), Math.Min(change.NewFromMs, goneMs)) : change;
    }

    /// <summary>
    /// No other pod is known to have the address. One that has is reported only after it answers: what came after the former one's end is not
    /// the former one's where its interface had gone, and elsewhere only after a successor would have been reported.
    /// </summary>
    /// <param name="nowMs">The moment as of which none is reported.</param>
    public static OwnerChange Unreported(LifecycleEvidence life, long nowMs)
    {
        // Within the second of the end a successor may have answered already, if there is any pod that may be one.
        long awaitedMs = life.FinishedMs is { } finishedMs ? Math.Max(finishedMs + (life.NoSuccessor ? WholeSecondMs : 0), nowMs - StatusDelayMs) : long.MaxValue;
        return new OwnerChange(Math.Min(life.FormerGoneMs ?? long.MaxValue, awaitedMs), long.MaxValue);
    }

    // Within the second of the former one's end a successor that is reported soon after may have answered already.
    private static OwnerChange ByObjects(LifecycleEvidence life, long startedMs) => life.FinishedMs is { } finishedMs
        ? new OwnerChange(Math.Min(startedMs, Math.Max(finishedMs, Math.Min(finishedMs + WholeSecondMs, startedMs - StatusDelayMs))), Math.Min(startedMs, finishedMs + WholeSecondMs + StatusDelayMs))
        : new OwnerChange(startedMs - StatusDelayMs, startedMs);

    /// <summary>How many of some events may be either pod's.</summary>
    public int Unclear(Occurrences events) => events.Between(FormerUntilMs, NewFromMs).Count;
}
