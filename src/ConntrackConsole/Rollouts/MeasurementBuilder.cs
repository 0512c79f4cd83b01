using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Findings;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Rollouts;

/// <summary>Everything that a measurement is made from.</summary>
/// <param name="Ended">The terminations of the rollout, oldest first.</param>
/// <param name="Found">The findings of the window.</param>
/// <param name="Syncs">By pod uid: when each node's rules no longer had its endpoint.</param>
/// <param name="Nodes">The nodes of the cluster; null if they are not known.</param>
/// <param name="WithoutResets">Nodes that have no source of resets.</param>
/// <param name="SettleMs">For how long after the last pod's end resets and hanging connections are awaited.</param>
internal sealed record RolloutFacts(
    Rollout Rollout, IReadOnlyList<Termination> Ended, FindingReport Found, IReadOnlyDictionary<string, IReadOnlyList<NodeSync>> Syncs, IReadOnlyList<string>? Nodes,
    IReadOnlyList<string> WithoutResets, long SettleMs, long NowMs);

/// <summary>Measures a rollout. Pure.</summary>
internal static class MeasurementBuilder
{
    // Times of objects are in whole seconds, and two watches have no order.
    private const long SlackMs = 2_000;

    private const int MaxNames = 5;

    /// <summary>The window in which a rollout's findings are counted.</summary>
    public static TimeRange Window(Rollout rollout, IReadOnlyList<Termination> ended, long settleMs, long nowMs) =>
        new(Math.Min(rollout.StartedMs, ended.Count == 0 ? long.MaxValue : ended.Min(t => t.DeletionRequestedMs)) - SlackMs, Math.Min(nowMs, EndMs(rollout, ended, nowMs) + settleMs));

    /// <summary>Whether waiting can add something.</summary>
    public static bool IsOver(Rollout rollout, IReadOnlyList<Termination> ended, long settleMs, long nowMs) =>
        !rollout.IsOpen && ended.All(t => t.OverMs is not null) && nowMs >= EndMs(rollout, ended, nowMs) + settleMs;

    public static RolloutMeasurement Build(RolloutFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var (ended, found) = (facts.Ended, facts.Found);
        var byPod = ended.ToDictionary(t => t.Uid, _ => new List<ObservedFinding>());
        var withoutPod = new List<ObservedFinding>();
        var services = ended.Select(t => t.Service).OfType<ServiceKey>().ToHashSet();
        foreach (var finding in found.Findings)
        {
            if (finding.Subject.Backend.IsNone)
            {
                if (finding.Subject.Service is { } service && services.Contains(service))
                    withoutPod.Add(finding);
            }
            else if (PodOf(ended, finding) is { } pod)
            {
                byPod[pod.Uid].Add(finding);
            }
        }

        var pods = ended.Select(t => Pod(t, facts, byPod[t.Uid])).ToList();
        var counted = byPod.Values.SelectMany(findings => findings).Concat(withoutPod).Where(finding => Counted(finding) > 0);
        return new RolloutMeasurement(
            found.FromMs, found.ToMs, pods, [.. withoutPod.Select(finding => Of(finding, null))], ChangeAdvisor.Advise(pods, [.. counted]), [.. Unknown(facts)]);
    }

    private static long EndMs(Rollout rollout, IReadOnlyList<Termination> ended, long nowMs) =>
        Math.Max(rollout.ClosedMs ?? nowMs, ended.Select(t => t.OverMs ?? nowMs).DefaultIfEmpty(0).Max());

    // The pod that last had the address before the finding's first event; what ended before the deletion request has another reason.
    private static Termination? PodOf(IReadOnlyList<Termination> ended, ObservedFinding finding)
    {
        var same = ended.Where(t => t.PodIp == finding.Subject.Backend && finding.Pods.Contains($"{t.Namespace}/{t.Pod}", StringComparer.Ordinal)
            && !(finding.UntilMs < t.DeletionRequestedMs - SlackMs)).ToList();
        long sinceMs = (finding.SinceMs ?? long.MaxValue - SlackMs) + SlackMs;
        return same.LastOrDefault(t => t.DeletionRequestedMs <= sinceMs) ?? same.FirstOrDefault();
    }

    private static PodMeasurement Pod(Termination t, RolloutFacts facts, List<ObservedFinding> findings)
    {
        var syncs = facts.Syncs.GetValueOrDefault(t.Uid, []);
        return new PodMeasurement(
            t.Uid, t.Namespace, t.Pod, t.PodIp.IsNone ? "" : t.PodIp.ToString(), t.Node, t.Service?.ToString(), t.DeletionRequestedMs, t.GraceSeconds,
            facts.Found.Observation.LastActive.TryGetValue(t.PodIp, out long lastMs) ? lastMs : null, t.ContainerFinishedMs, t.ExitCode, t.ExitSignal, t.ExitReason, t.HasPreStop,
            t.PreStopFailure, syncs.Count > 0 && syncs.All(sync => sync.AtMs is not null) ? syncs.Max(sync => sync.AtMs) : null, t.DeletedMs,
            [.. findings.Select(finding => Of(finding, t.DeletionRequestedMs))]);
    }

    private static CountedFinding Of(ObservedFinding observed, long? requestedMs)
    {
        var finding = observed.Finding;
        return new CountedFinding(
            observed.Id, finding.Mechanism.Id, observed.Code, finding.Mechanism.Title, Name(finding.Explains.Unit), Counted(observed), finding.Explains.Text, observed.SinceMs, observed.UntilMs,
            Name(finding.Confidence), observed.SinceMs < requestedMs - SlackMs);
    }

    // Packets without an answer are sent again, and IPVS ends a connection to a removed server so that its client connects again.
    private static int Counted(ObservedFinding observed) =>
        observed.Code == MechanismCodes.IpvsWillEnd || observed.Finding.Explains.Unit is ExplainedUnit.Packets or ExplainedUnit.Nothing ? 0 : observed.Finding.Explains.Count;

    private static IEnumerable<UnknownPart> Unknown(RolloutFacts facts)
    {
        var (rollout, ended, found, nowMs) = (facts.Rollout, facts.Ended, facts.Found, facts.NowMs);
        if (rollout.IsOpen)
            yield return new UnknownPart(RolloutCodes.InProgress, $"the rollout has not ended{(rollout.StuckMs is null ? "" : "; its controller reports ProgressDeadlineExceeded")}", true);
        var open = ended.Where(t => t.OverMs is null).ToList();
        if (open.Count > 0)
            yield return new UnknownPart(RolloutCodes.PodsTerminating, $"{open.Count} pods have not ended: {Names(open.Select(t => t.Pod))}", true);
        else if (!rollout.IsOpen && nowMs < EndMs(rollout, ended, nowMs) + facts.SettleMs)
            yield return new UnknownPart(RolloutCodes.EvidencePending, $"the last pod ended less than {facts.SettleMs / 1_000} s ago: connections that hang are recognized some time later", true);
        // The first rollout of a workload replaces nothing.
        if (ended.Count == 0 && !(rollout is { FromRevision: null, Unwatched: null, IsOpen: false }))
            yield return new UnknownPart(RolloutCodes.NoTerminations, "no termination of a pod by this rollout was seen", true);
        if (rollout.Unwatched is { } unwatched)
            yield return new UnknownPart(RolloutCodes.Unwatched, $"the console did not watch the cluster from {(unwatched.FromMs > 0 ? Text(unwatched.FromMs) : "before its first start")} to {Text(unwatched.ToMs)}: there may have been more pods", true);
        if (ended.Where(t => t.IsDeletionRequestedBounded).Select(t => t.Pod).ToList() is { Count: > 0 } bounded)
            yield return new UnknownPart(RolloutCodes.Unwatched, $"when the deletion of {Names(bounded)} was requested is not known exactly", false);
        foreach (var missing in found.Insufficient)
        {
            // They are listed below.
            if (missing.IsGap)
                continue;
            if (missing.Subject is not { } subject)
                yield return new UnknownPart(RolloutCodes.FramesMissing, missing.Missing, true);
            else if (ended.FirstOrDefault(t => t.PodIp == subject.Backend && !t.PodIp.IsNone) is { } pod)
                yield return new UnknownPart(RolloutCodes.Undecided, $"{pod.Pod} ({subject}): {(missing.Mechanisms.Length == 0 ? "" : $"{missing.Mechanisms}, ")}missing {missing.Missing}", true);
        }

        // Between two dumps resets and hanging connections are seen as ever; what cannot be explained is listed above.
        foreach (var gaps in found.Observation.Gaps.GroupBy(gap => gap.Kind))
        {
            yield return new UnknownPart(
                RolloutCodes.DataGap, $"{gaps.Key.Code()} from {Text(gaps.Min(gap => gap.FromMs))} to {Text(gaps.Max(gap => gap.ToMs))}: {Names(gaps.Select(gap => gap.Node ?? "console").Distinct())}",
                gaps.Key != GapKind.DumpOnly);
        }

        if (facts.Nodes?.Except(found.Observation.Nodes, StringComparer.Ordinal).ToList() is { Count: > 0 } unobserved)
            yield return new UnknownPart(RolloutCodes.NodeUnobserved, $"{unobserved.Count} nodes did not report: {Names(unobserved)}", true);
        if (facts.WithoutResets.Count > 0)
            yield return new UnknownPart(RolloutCodes.ResetsUnseen, $"{facts.WithoutResets.Count} nodes have no source of resets: {Names(facts.WithoutResets)}", true);
    }

    private static string Names(IEnumerable<string> names) => TextSummary.List([.. names.Order(StringComparer.Ordinal)], MaxNames);

    private static string Text(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    internal static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
