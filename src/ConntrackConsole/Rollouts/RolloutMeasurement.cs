namespace ConntrackConsole.Rollouts;

/// <summary>What was measured of a rollout. Stored as JSON, so that it outlives the frames: members may be added, not renamed.</summary>
/// <param name="FromMs">Start of the window, milliseconds of Unix time.</param>
/// <param name="Pods">The terminated pods, in the order of their deletion requests.</param>
/// <param name="WithoutPod">Findings of the pods' Services that name no backend.</param>
internal sealed record RolloutMeasurement(
    long FromMs, long ToMs, IReadOnlyList<PodMeasurement> Pods, IReadOnlyList<CountedFinding> WithoutPod, IReadOnlyList<SuggestedChange> Changes, IReadOnlyList<UnknownPart> Unknown)
{
    /// <summary>Connections that broke: each finding's count in its own unit.</summary>
    public int Broken => Pods.Sum(pod => pod.Findings.Sum(finding => finding.Counted)) + WithoutPod.Sum(finding => finding.Counted);

    public int Resets => CountOf("resets");

    public double? BrokenPerPod => Pods.Count == 0 ? null : (double)Broken / Pods.Count;

    /// <summary>Nothing more will be known by waiting.</summary>
    public bool IsFinal => !Unknown.Any(part => part.Code is RolloutCodes.InProgress or RolloutCodes.PodsTerminating or RolloutCodes.EvidencePending);

    /// <summary>Nothing is missing that could raise the count.</summary>
    public bool IsComplete => !Unknown.Any(part => part.Decides);

    private int CountOf(string unit) => Pods.SelectMany(pod => pod.Findings).Concat(WithoutPod).Where(finding => finding.Unit == unit).Sum(finding => finding.Counted);
}

/// <summary>The end of one pod, and what broke at it.</summary>
/// <param name="LastActivityMs">When its last connection began or ended after the deletion request; null if none did.</param>
/// <param name="RulesSyncedMs">When the last node's rules no longer had its endpoint; null if it is not known of every node.</param>
internal sealed record PodMeasurement(
    string Uid, string Namespace, string Pod, string PodIp, string Node, string? Service, long DeletionRequestedMs, int? GraceSeconds, long? LastActivityMs, long? FinishedMs,
    int? ExitCode, int? ExitSignal, string? ExitReason, bool HasPreStop, string? PreStopFailure, long? RulesSyncedMs, long? DeletedMs, IReadOnlyList<CountedFinding> Findings)
{
    private const int Sigkill = 9;
    private const int KilledExitCode = 137;

    /// <summary>Seconds from the deletion request to the end of the containers; without it, to the last activity.</summary>
    public double? DrainSeconds => (FinishedMs ?? LastActivityMs) is { } lastMs ? Math.Max(0, lastMs - DeletionRequestedMs) / 1000.0 : null;

    /// <summary>Killed at the end of the grace period; null if its end was not reported.</summary>
    public bool? WasKilled => ExitCode is null && ExitSignal is null ? null
        : (ExitCode == KilledExitCode || ExitSignal == Sigkill) && ExitReason != "OOMKilled" && GraceSeconds is { } grace && DrainSeconds >= grace - SlackSeconds;

    // Times of objects are in whole seconds.
    private const int SlackSeconds = 2;
}

/// <summary>What one finding adds to the report.</summary>
/// <param name="Unit">What is counted.</param>
/// <param name="Counted">How many count as broken; 0 if the finding does not.</param>
/// <param name="IsEarlier">It began before the pod's deletion request, so a part of it may have another reason.</param>
internal sealed record CountedFinding(
    string Id, string Mechanism, string Code, string Title, string Unit, int Counted, string Text, long? SinceMs, long? UntilMs, string Confidence, bool IsEarlier);

/// <summary>A change of the workload's manifest, with its number.</summary>
/// <param name="Action">setPreStop or setGrace.</param>
/// <param name="Seconds">Null if nothing measured gives a number.</param>
/// <param name="IsMinimum">The measurement is a lower bound: more may be needed.</param>
/// <param name="Basis">What the number is derived from.</param>
internal sealed record SuggestedChange(string Action, int? Seconds, bool IsMinimum, string Basis);

/// <summary>Something that is not known.</summary>
/// <param name="Decides">It could hide broken connections: within the limit is then not proved.</param>
internal sealed record UnknownPart(string Code, string Text, bool Decides);

/// <summary>Earlier rollouts of the same workload.</summary>
/// <param name="Rollouts">How many were measured completely; at most <see cref="MaxRollouts"/>.</param>
/// <param name="MedianBrokenPerPod">Null without one.</param>
/// <param name="Omitted">Earlier ones without a complete measurement.</param>
internal sealed record RolloutBaseline(int Rollouts, double? MedianBrokenPerPod, int Omitted)
{
    public const int MaxRollouts = 10;

    public static RolloutBaseline Of(IReadOnlyCollection<RolloutMeasurement?> earlier)
    {
        double[] complete = [.. earlier.Where(one => one is { IsComplete: true, BrokenPerPod: not null }).Select(one => one!.BrokenPerPod!.Value).Order()];
        int middle = complete.Length / 2;
        double? median = complete.Length == 0 ? null : complete.Length % 2 == 1 ? complete[middle] : (complete[middle - 1] + complete[middle]) / 2;
        return new RolloutBaseline(complete.Length, median, earlier.Count - complete.Length);
    }
}

/// <summary>Whether a rollout kept to a limit.</summary>
internal enum RolloutVerdict
{
    Within,
    Over,
    Insufficient,
}

internal static class RolloutVerdicts
{
    /// <summary>What was seen is a lower bound, so it can prove that the limit was exceeded, whatever is missing.</summary>
    public static RolloutVerdict Of(RolloutMeasurement measurement, int maxResets)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        return measurement.Broken > maxResets ? RolloutVerdict.Over : measurement.IsComplete ? RolloutVerdict.Within : RolloutVerdict.Insufficient;
    }

    public static string Code(this RolloutVerdict verdict) => verdict switch
    {
        RolloutVerdict.Within => RolloutCodes.Within,
        RolloutVerdict.Over => RolloutCodes.Over,
        _ => RolloutCodes.Insufficient,
    };
}
