using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Service;

/// <summary>Does a readiness probe decide when the pods get traffic?</summary>
internal static class Readiness
{
    public static readonly CheckName Name = new("readiness", CheckCodes.Readiness, "Readiness probe");

    public static CheckResult Of(CheckContext context, ServiceCheckContext service)
    {
        if (service.MissingData(context, Name, "pods", "endpointslices") is { } unknown)
            return unknown;
        if (service.Pods.Count == 0)
            return service.NotApplicable(Name, "It has no pods.");
        var without = service.Pods.Where(p => !p.HasReadinessProbe).ToList();
        string value = $"{service.Pods.Count - without.Count} of {service.Pods.Count}";
        var result = without.Count == 0
            ? service.Result(Name, CheckState.Ok, value, "every pod", "A pod gets traffic once its readiness probe succeeds.")
            : service.Result(Name, CheckState.Warning, value, "every pod", "A pod without a readiness probe gets traffic as soon as its containers run, possibly before it listens: connections are refused at every rollout. Add a readiness probe.");
        return result with
        {
            ReadMs = context.ClusterMs,
            Commands =
            [
                Shell.InNamespace(service.Namespace,
                    $$"""get pod {{Shell.Word((without.Count > 0 ? without : service.Pods)[0].Name)}} -o jsonpath='{range .spec.containers[*]}{.name}{" "}{.readinessProbe}{"\n"}{end}'"""),
            ],
        };
    }
}
