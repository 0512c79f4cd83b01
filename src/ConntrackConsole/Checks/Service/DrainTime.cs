using ConntrackConsole.Checks.Model;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;

namespace ConntrackConsole.Checks.Service;

/// <summary>
/// terminationGracePeriodSeconds compared with the time the pods really took to end: from the deletion request to their last sign
/// of activity.
/// </summary>
internal static class DrainTime
{
    public static readonly CheckName Name = new("drain", CheckCodes.DrainTime, "Grace period and drain");

    private const int Sigkill = 137;

    public static CheckResult Of(CheckContext context, ServiceCheckContext service)
    {
        if (service.MissingData(context, Name, "pods") is { } unknown)
            return unknown;
        if (!service.Info.HasSelector && service.Pods.Count == 0)
            return service.NotApplicable(Name, "It selects no pods: its endpoints are managed manually.");
        var ends = Measured(context, service).ToList();
        var pod = service.Pods.Count > 0 ? service.Pods[0].Name : null;
        string command = pod is null
            ? Shell.InNamespace(service.Namespace, "get events --field-selector reason=Killing")
            : Shell.InNamespace(service.Namespace, $"get pod {Shell.Word(pod)} -o jsonpath='{{.spec.terminationGracePeriodSeconds}}'");
        if (ends.Count == 0)
        {
            var (code, sentence) = service.Ends.Any(e => e.Cause != TerminationCause.Forced && e.DeletedMs is not null)
                ? (UnknownCodes.GraceUnknown, "Pods terminated, but their grace period is unknown.")
                : (UnknownCodes.NoTermination, "No termination observed yet: the drain is measured on the next one.");
            return service.InsufficientData(Name, code, sentence) with { Commands = [command] };
        }

        var worst = ends.MaxBy(e => (e.Killed, e.DrainMs / (double)e.GraceMs));
        int killed = ends.Count(e => e.Killed);
        string value = $"{worst.DrainMs / 1000.0:0.#} s of {worst.GraceMs / 1000} s", threshold = $"≤ {context.Limits.DrainShare:0 %} of the grace period";
        var result = killed > 0
            ? service.Result(Name, CheckState.Bad, value, threshold, $"{killed} of the last {ends.Count} terminated pods {(killed == 1 ? "was" : "were")} killed at the end of the grace period (exit 137): open connections were reset. Raise terminationGracePeriodSeconds, or make the application exit on SIGTERM.")
            : worst.DrainMs >= context.Limits.DrainShare * worst.GraceMs
            ? service.Result(Name, CheckState.Warning, value, threshold, $"The slowest of the last {ends.Count} terminated pods almost used up its grace period: with more load it will be killed. Raise terminationGracePeriodSeconds.")
            : service.Result(Name, CheckState.Ok, value, threshold, $"The slowest of the last {ends.Count} terminated {(ends.Count == 1 ? "pod" : "pods")}.");
        return result with { ReadMs = context.ClusterMs, Commands = [command] };
    }

    /// <summary>The newest terminations with a known grace period and last activity. A forced deletion measures nothing.</summary>
    public static IEnumerable<MeasuredEnd> Measured(CheckContext context, ServiceCheckContext service)
    {
        int? spec = service.Pods.Count > 0 ? service.Pods[0].GraceSeconds : null;
        int taken = 0;
        foreach (var end in service.Ends)
        {
            if (taken == context.Limits.Ends)
                yield break;
            if (end.Cause is TerminationCause.Forced or TerminationCause.NodeLost or TerminationCause.Completion or TerminationCause.Eviction or TerminationCause.Preemption
                or TerminationCause.NodeShutdown or TerminationCause.Rejected
                || (end.GraceSeconds ?? spec) is not (> 0 and <= 1_000_000) || end.IsDeletionRequestedBounded || LastSign(end, service) is not { } lastMs)
                continue;
            long graceMs = (end.GraceSeconds ?? spec)!.Value * 1000L, drainMs = Math.Max(0, lastMs - end.DeletionRequestedMs);
            // The pod may have run out of memory long before its grace period ended; exit 137 at its end is the kubelet's
            // SIGKILL.
            bool killed = (end.ExitCode == Sigkill || end.ExitSignal == 9) && end.ExitReason != "OOMKilled" && drainMs >= graceMs - context.Limits.KillSlackMs;
            taken++;
            yield return new MeasuredEnd(drainMs, graceMs, killed);
        }
    }

    // The end of the containers; if the object was deleted without reporting it, the last conversation, at the latest the
    // deletion.
    private static long? LastSign(Termination end, ServiceCheckContext service)
    {
        if (end.ContainerFinishedMs is { } finishedMs)
            return finishedMs;
        // A time that is only an upper bound would measure how long the console did not watch.
        if (end.DeletedMs is not { } deletedMs || end.IsBounded(deletedMs))
            return null;
        return service.LastActive.TryGetValue(end.PodIp, out long activeMs) && activeMs >= end.DeletionRequestedMs && activeMs <= deletedMs ? activeMs : deletedMs;
    }
}

/// <param name="Killed">By SIGKILL, at the end of the grace period.</param>
internal readonly record struct MeasuredEnd(long DrainMs, long GraceMs, bool Killed);
