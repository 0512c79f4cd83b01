using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Service;

/// <summary>Does a readiness probe decide when the pods get traffic?</summary>
internal static class Readiness
{
    public static readonly CheckName Name = new("readiness", CheckCodes.Readiness, "Readiness probe");

    public static CheckResult Of(CheckContext world, ServiceCheckContext service)
    {
        if (service.Untold(world, Name, "pods", "endpointslices") is { } untold)
            return untold;
        if (service.Pods.Count == 0)
            return service.NotApplicable(Name, "It has no pods.");
        var without = service.Pods.Where(p => !p.HasReadinessProbe).ToList();
        string value = $"{service.Pods.Count - without.Count} of {service.Pods.Count}";
        var result = without.Count == 0
            ? service.Result(Name, CheckState.Ok, value, "every pod", "A pod gets traffic once it says that it can serve.")
            : service.Result(Name, CheckState.Warning, value, "every pod", "A pod without a readiness probe gets traffic as soon as its containers run, before it listens: connections are refused at every rollout.");
        return result with
        {
            ReadMs = world.ClusterMs,
            Commands =
            [
                Shell.InNamespace(service.Namespace,
                    $$"""get pod {{Shell.Word((without.Count > 0 ? without : service.Pods)[0].Name)}} -o jsonpath='{range .spec.containers[*]}{.name}{" "}{.readinessProbe}{"\n"}{end}'"""),
            ],
        };
    }
}
