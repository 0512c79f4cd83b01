
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;

namespace ConntrackConsole.Checks.Service;

/// <summary>
/// terminationGracePeriodSeconds against how long the pods really took to end: from being asked to their last sign of life.
/// </summary>
internal static class DrainTime
{
    public static readonly CheckName Name = new("drain", CheckCodes.DrainTime, "Grace against drain");

    private const int Sigkill = 137;

    public static CheckResult Of(CheckContext world, ServiceCheckContext service)
    {
        if (service.Untold(world, Name, "pods") is { } untold)
            return untold;
        if (!service.Info.HasSelector && service.Pods.Count == 0)
            return service.NotApplicable(Name, "It selects no pods: its endpoints are made by hand.");
        var ends = Measured(world, service).ToList();
        var pod = service.Pods.Count > 0 ? service.Pods[0].Name : null;
        string command = pod is null
            ? Shell.InNamespace(service.Namespace, "get events --field-selector reason=Killing")
            : Shell.InNamespace(service.Namespace, $"get pod {Shell.Word(pod)} -o jsonpath='{{.spec.terminationGracePeriodSeconds}}'");
        if (ends.Count == 0)
        {
            var (code, sentence) = service.Ends.Any(e => e.Cause != TerminationCause.Forced && e.DeletedMs is not null)
                ? (UnknownCodes.GraceUnknown, "Pods ended, but the grace they were given is not known.")
                : (UnknownCodes.NoTermination, "No termination seen yet: the drain is measured on the next one.");
            return service.CannotTell(Name, code, sentence) with { Commands = [command] };
        }

        var worst = ends.MaxBy(e => (e.Killed, e.DrainMs / (double)e.GraceMs));
        int killed = ends.Count(e => e.Killed);
        string value = $"{worst.DrainMs / 1000.0:0.#} s of {worst.GraceMs / 1000} s", threshold = $"≤ {world.Limits.DrainShare:0 %} of the grace";
        var result = killed > 0
            ? service.Result(Name, CheckState.Bad, value, threshold, $"{killed} of the last {ends.Count} ended pods {(killed == 1 ? "was" : "were")} killed at the end of the grace (exit 137): open connections were reset. A longer terminationGracePeriodSeconds, or an application that ends on SIGTERM.")
            : worst.DrainMs >= world.Limits.DrainShare * worst.GraceMs
            ? service.Result(Name, CheckState.Warning, value, threshold, $"The slowest of the last {ends.Count} ended pods came close to its grace: a little more load and it is killed. Raise terminationGracePeriodSeconds.")
            : service.Result(Name, CheckState.Ok, value, threshold, $"The slowest of the last {ends.Count} ended {(ends.Count == 1 ? "pod" : "pods")}.");
        return result with { ReadMs = world.ClusterMs, Commands = [command] };
    }

    /// <summary>The newest ends whose grace and last sign of life are known. One that was forced measures nothing.</summary>
    public static IEnumerable<MeasuredEnd> Measured(CheckContext world, ServiceCheckContext service)
    {
        int? spec = service.Pods.Count > 0 ? service.Pods[0].GraceSeconds : null;
        int taken = 0;
        foreach (var end in service.Ends)
        {
            if (taken == world.Limits.Ends)
                yield break;
            if (end.Cause is TerminationCause.Forced or TerminationCause.NodeLost or TerminationCause.Completion or TerminationCause.Eviction or TerminationCause.Preemption
                || (end.GraceSeconds ?? spec) is not (> 0 and <= 1_000_000) || LastSign(end, service) is not { } lastMs)
                continue;
            long graceMs = (end.GraceSeconds ?? spec)!.Value * 1000L, drainMs = Math.Max(0, lastMs - end.DeletionRequestedMs);
            // Memory may have run out long before the grace did; exit 137 at its end is the kubelet's SIGKILL.
            bool killed = (end.ExitCode == Sigkill || end.ExitSignal == 9) && end.ExitReason != "OOMKilled" && drainMs >= graceMs - world.Limits.KillSlackMs;
            taken++;
            yield return new MeasuredEnd(drainMs, graceMs, killed);
        }
    }

    // The containers' own end; where the object went without telling it, the last conversation, at the latest its deletion.
    private static long? LastSign(Termination end, ServiceCheckContext service)
    {
        if (end.ContainerFinishedMs is { } finishedMs)
            return finishedMs;
        if (end.DeletedMs is not { } deletedMs)
            return null;
        return service.LastActive.TryGetValue(end.PodIp, out long activeMs) && activeMs >= end.DeletionRequestedMs && activeMs <= deletedMs ? activeMs : deletedMs;
    }
}

/// <param name="Killed">By SIGKILL, at the end of its grace.</param>
internal readonly record struct MeasuredEnd(long DrainMs, long GraceMs, bool Killed);
