using System.Globalization;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings;

namespace ConntrackConsole.Rollouts;

/// <summary>
/// The change that would have avoided what a rollout broke: the remedies of its findings. Where a remedy has no number, the number is what the
/// rollout's own pods needed; a pod that was cut off may have needed more. Pure.
/// </summary>
internal static class ChangeAdvisor
{
    // The time that a process may need to end after its last connection; the same as in the rules of M3.
    private const int ExitSeconds = 10;

    /// <param name="counted">The findings that count as broken.</param>
    public static IReadOnlyList<SuggestedChange> Advise(IReadOnlyList<PodMeasurement> pods, IReadOnlyList<ObservedFinding> counted)
    {
        var changes = new List<SuggestedChange>();
        var remedies = counted.SelectMany(finding => finding.Finding.Remedies).ToList();
        var preStop = remedies.Exists(remedy => remedy.Action == RemedyAction.SetPreStop) ? PreStop(pods, remedies) : null;
        if (preStop is not null)
            changes.Add(preStop);
        if (remedies.Exists(remedy => remedy.Action == RemedyAction.SetGrace) && Grace(pods, remedies, preStop?.Seconds) is { } grace)
            changes.Add(grace);
        foreach (var finding in counted.DistinctBy(finding => finding.Code))
        {
            foreach (var remedy in finding.Finding.Remedies.Where(remedy => remedy.Action is not (RemedyAction.SetPreStop or RemedyAction.SetGrace or RemedyAction.None)))
                changes.Add(new SuggestedChange(MeasurementBuilder.Name(remedy.Action), remedy.Seconds, false, finding.Finding.Helps));
        }

        return [.. changes.Distinct()];
    }

    private static SuggestedChange PreStop(IReadOnlyList<PodMeasurement> pods, List<Remedy> remedies)
    {
        const string action = "setPreStop";
        if (remedies.Where(remedy => remedy.Action == RemedyAction.SetPreStop).Max(remedy => remedy.Seconds) is { } seconds)
            return new SuggestedChange(action, seconds, false, "99 of 100 earlier pods had their last connection begin or end within that time after the deletion request");
        double? synced = pods.Max(pod => (pod.RulesSyncedMs - pod.DeletionRequestedMs) / 1_000.0), active = pods.Max(pod => (pod.LastActivityMs - pod.DeletionRequestedMs) / 1_000.0);
        var basis = new List<string>();
        if (synced is not null)
            basis.Add(string.Create(CultureInfo.InvariantCulture, $"the last node's rules no longer had the endpoint {synced:0.#} s after the deletion request"));
        if (active is not null)
            basis.Add(string.Create(CultureInfo.InvariantCulture, $"the last connection began or ended {active:0.#} s after it"));
        return (synced ?? active) is null
            ? new SuggestedChange(action, null, true, "how long clients still use a pod after its deletion request was not measured")
            : new SuggestedChange(action, Math.Max(1, (int)Math.Ceiling(Math.Max(synced ?? 0, active ?? 0))), true, string.Join("; ", basis));
    }

    private static SuggestedChange? Grace(IReadOnlyList<PodMeasurement> pods, List<Remedy> remedies, int? preStop)
    {
        int? now = pods.Max(pod => pod.GraceSeconds);
        bool killed = pods.Any(pod => pod.WasKilled == true);
        int? seconds = remedies.Where(remedy => remedy.Action == RemedyAction.SetGrace).Max(remedy => remedy.Seconds);
        string basis = "the rules derive it from the last packets of terminated pods";
        if (seconds is null)
        {
            seconds = killed && now is not null ? Math.Max(now.Value, preStop ?? 0) + ExitSeconds : preStop + ExitSeconds;
            basis = killed ? $"pods were killed at the end of {now} s, so they need more" : $"the preStop sleep, and {ExitSeconds} s to end";
        }

        return seconds is not null && now >= seconds ? null : new SuggestedChange("setGrace", seconds, killed || seconds is null, basis);
    }
}
