using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Service;

/// <summary>Does a preStop hook keep the pods running while the rules still contain them?</summary>
internal static class PreStop
{
    public static readonly CheckName Name = new("pre-stop", CheckCodes.PreStop, "preStop hook");

    private const string Threshold = "every pod";

    public static CheckResult Of(CheckContext context, ServiceCheckContext service)
    {
        if (service.MissingData(context, Name, "pods", "endpointslices") is { } unknown)
            return unknown;
        if (service.Pods.Count == 0)
            return service.NotApplicable(Name, "It has no pods.");
        var without = service.Pods.Where(p => !p.HasPreStop).ToList();
        string value = $"{service.Pods.Count - without.Count} of {service.Pods.Count}";
        if (without.Count == 0)
            return Say(CheckState.Ok, "The hook runs before SIGTERM: the rules have time to follow.");
        // Observed terminations outweigh the pod spec: an application may drain by itself.
        var ends = DrainTime.Measured(context, service).ToList();
        return ends.Count > 0 && ends.All(e => e.DrainMs >= context.Limits.OwnDrainMs && !e.Killed)
            ? Say(CheckState.Ok, $"Without a hook, but in the last {ends.Count} terminations the pods kept running for {ends.Min(e => e.DrainMs) / 1000} s or more: they drain by themselves.")
            : Say(CheckState.Warning, "A pod that exits at once is still in the rules of some nodes: connections are refused or reset at every rollout. Add a preStop sleep of 5–10 s, or drain on SIGTERM.");

        CheckResult Say(CheckState state, string sentence) => service.Result(Name, state, value, Threshold, sentence) with
        {
            ReadMs = context.ClusterMs,
            Commands =
            [
                Shell.InNamespace(service.Namespace,
                    $$"""get pod {{Shell.Word((without.Count > 0 ? without : service.Pods)[0].Name)}} -o jsonpath='{range .spec.containers[*]}{.name}{" "}{.lifecycle.preStop}{"\n"}{end}'"""),
            ],
        };
    }
}
