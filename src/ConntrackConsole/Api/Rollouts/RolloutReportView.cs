using System.Text.Json;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Rollouts;

namespace ConntrackConsole.Api.Rollouts;

/// <summary>A page of rollouts, newest first.</summary>
/// <param name="Continue">Pass it as ?continue= for the next page; null on the last page.</param>
internal sealed record RolloutPage(IReadOnlyList<RolloutItem> Items, string? Continue);

/// <summary>One rollout.</summary>
/// <param name="Id">Stable; the same as in the timeline and in terminations.</param>
/// <param name="State">inProgress, stuck, finished, superseded (another revision before it finished) or abandoned (the workload was deleted).</param>
/// <param name="Ended">Null while it is in progress.</param>
/// <param name="PodsTerminated">Terminations that belong to it, so far.</param>
internal sealed record RolloutItem(
    string Id, string Namespace, string Workload, string Kind, string Revision, string? FromRevision, bool IsRollback, string State, string Started, string? Ended, int PodsTerminated)
{
    public static RolloutItem Of(Rollout rollout, int pods)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        return new RolloutItem(
            rollout.Id, rollout.Namespace, rollout.Name, rollout.Kind.ToString(), rollout.Revision, rollout.FromRevision, rollout.IsRollback, StateOf(rollout), ApiTime.Text(rollout.StartedMs),
            ApiTime.Text(rollout.ClosedMs), pods);
    }

    private static string StateOf(Rollout rollout) => rollout switch
    {
        { FinishedMs: not null } => "finished",
        { RolledBackMs: not null } => "superseded",
        { AbandonedMs: not null } => "abandoned",
        { StuckMs: not null } => "stuck",
        _ => "inProgress",
    };
}

/// <summary>What a rollout broke.</summary>
/// <param name="Verdict">within, over or insufficient.</param>
/// <param name="Code">Stable code of the verdict.</param>
/// <param name="MaxResets">The limit that the verdict is about.</param>
/// <param name="Broken">Connections that broke, as far as it was seen: resets, hanging connections and failed attempts.</param>
/// <param name="Resets">Those of them that a reset ended or refused.</param>
/// <param name="BrokenPerPod">Per terminated pod; null without one.</param>
/// <param name="EvidenceComplete">Nothing more will be known by waiting.</param>
/// <param name="WithoutPod">Findings of the pods' Services that name no backend.</param>
internal sealed record RolloutReportView(
    RolloutItem Rollout, string Verdict, string Code, int MaxResets, int Broken, int Resets, double? BrokenPerPod, bool EvidenceComplete, string From, string To,
    BaselineView Baseline, IReadOnlyList<RolloutChangeView> Changes, IReadOnlyList<UnknownView> Unknown, IReadOnlyList<RolloutPodView> Pods, IReadOnlyList<RolloutFindingView> WithoutPod)
{
    public static RolloutReportView Of(RolloutReport report, int maxResets)
    {
        ArgumentNullException.ThrowIfNull(report);
        var measured = report.Measurement;
        var verdict = RolloutVerdicts.Of(measured, maxResets);
        return new RolloutReportView(
            RolloutItem.Of(report.Rollout, measured.Pods.Count), JsonNamingPolicy.CamelCase.ConvertName(verdict.ToString()), verdict.Code(), maxResets, measured.Broken, measured.Resets,
            measured.BrokenPerPod, measured.IsFinal, ApiTime.Text(measured.FromMs), ApiTime.Text(measured.ToMs),
            new BaselineView(report.Baseline.Rollouts, report.Baseline.MedianBrokenPerPod, report.Baseline.Omitted),
            [.. measured.Changes.Select(change => new RolloutChangeView(change.Action, change.Seconds, change.IsMinimum, change.Basis))],
            [.. measured.Unknown.Select(part => new UnknownView(part.Code, part.Text, part.Decides))],
            [.. measured.Pods.Select(RolloutPodView.Of)], [.. measured.WithoutPod.Select(RolloutFindingView.Of)]);
    }
}

/// <param name="Rollouts">Earlier rollouts of the workload with a complete measurement, at most ten.</param>
/// <param name="MedianBrokenPerPod">Null without one.</param>
/// <param name="Omitted">Earlier ones without a complete measurement.</param>
internal sealed record BaselineView(int Rollouts, double? MedianBrokenPerPod, int Omitted);

/// <param name="Action">setPreStop, setGrace, or another remedy of the findings.</param>
/// <param name="Seconds">Null if nothing measured gives a number.</param>
/// <param name="IsMinimum">More may be needed.</param>
internal sealed record RolloutChangeView(string Action, int? Seconds, bool IsMinimum, string Basis);

/// <param name="Decides">It could hide broken connections, so 'within' is not proved.</param>
internal sealed record UnknownView(string Code, string Text, bool Decides);

/// <summary>The end of one pod. Times of the API server are in whole seconds.</summary>
/// <param name="LastActivity">When its last connection began or ended after the deletion request.</param>
/// <param name="RulesSynced">When the last node's rules no longer had its endpoint; null if it is not known of every node.</param>
/// <param name="DrainSeconds">From the deletion request to the end of the containers, or to the last activity if that is not known.</param>
/// <param name="WasKilled">At the end of the grace period; null if its end was not reported.</param>
internal sealed record RolloutPodView(
    string Uid, string Namespace, string Pod, string PodIp, string Node, string? Service, string DeletionRequested, int? GraceSeconds, bool HasPreStop, string? PreStopFailure,
    string? LastActivity, string? RulesSynced, string? Finished, int? ExitCode, int? ExitSignal, string? ExitReason, string? Deleted, double? DrainSeconds, bool? WasKilled,
    IReadOnlyList<RolloutFindingView> Findings)
{
    public static RolloutPodView Of(PodMeasurement pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        return new RolloutPodView(
            pod.Uid, pod.Namespace, pod.Pod, pod.PodIp, pod.Node, pod.Service, ApiTime.Text(pod.DeletionRequestedMs), pod.GraceSeconds, pod.HasPreStop, pod.PreStopFailure,
            ApiTime.Text(pod.LastActivityMs), ApiTime.Text(pod.RulesSyncedMs), ApiTime.Text(pod.FinishedMs), pod.ExitCode, pod.ExitSignal, pod.ExitReason, ApiTime.Text(pod.DeletedMs),
            pod.DrainSeconds, pod.WasKilled, [.. pod.Findings.Select(RolloutFindingView.Of)]);
    }
}

/// <param name="Id">As in /findings.</param>
/// <param name="Broken">What counts as broken; 0 if the finding does not count.</param>
/// <param name="IsEarlier">It began before the deletion request, so a part of it may have another reason.</param>
internal sealed record RolloutFindingView(
    string Id, string Mechanism, string Code, string Title, string Unit, int Broken, string Text, string? Since, string? Until, string Confidence, bool IsEarlier)
{
    public static RolloutFindingView Of(CountedFinding finding)
    {
        ArgumentNullException.ThrowIfNull(finding);
        return new RolloutFindingView(
            finding.Id, finding.Mechanism, finding.Code, finding.Title, finding.Unit, finding.Counted, finding.Text, ApiTime.Text(finding.SinceMs), ApiTime.Text(finding.UntilMs),
            finding.Confidence, finding.IsEarlier);
    }
}
