using System.Globalization;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings.Explanation;

/// <summary>A change of a manifest that helps.</summary>
/// <param name="Object">What to change, such as "Deployment/checkout of shop" or kube-proxy's configuration.</param>
/// <param name="Field">The field, as a path.</param>
/// <param name="Value">Its value; null = not measured.</param>
/// <param name="Yaml">The lines to copy; null without a value.</param>
/// <param name="Why">Where the number is from, or why it is missing.</param>
internal sealed record ManifestChange(string Object, string Field, string? Value, string? Yaml, string Why)
{
    /// <summary>The changes that the remedies of a finding mean.</summary>
    public static IReadOnlyList<ManifestChange> Of(ObservedFinding observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        return [.. observed.Finding.Remedies.Select(remedy => Of(observed, remedy)).OfType<ManifestChange>()];
    }

    /// <summary>The change that a remedy means; null if it changes no manifest.</summary>
    public static ManifestChange? Of(ObservedFinding observed, Remedy remedy)
    {
        ArgumentNullException.ThrowIfNull(observed);
        ArgumentNullException.ThrowIfNull(remedy);
        string? seconds = remedy.Seconds?.ToString(CultureInfo.InvariantCulture);
        return remedy.Action switch
        {
            RemedyAction.SetPreStop => new(Workload(observed), "spec.template.spec.containers[].lifecycle.preStop.sleep.seconds", seconds,
                seconds is null ? null : $"lifecycle:\n  preStop:\n    sleep:\n      seconds: {seconds}",
                seconds is null ? "No earlier ending of such a pod was measured: choose a time in which clients leave it, such as their keep-alive." : Measured),
            RemedyAction.SetGrace => new(Workload(observed), "spec.template.spec.terminationGracePeriodSeconds", seconds,
                seconds is null ? null : $"terminationGracePeriodSeconds: {seconds}",
                seconds is null ? "No earlier ending of such a pod was measured: it must be longer than the preStop hook and the shutdown together." : Measured),
            RemedyAction.SetSetting when remedy is { Setting: SettingCatalog.BeLiberal, Value: { } value } => new(KubeProxy, "conntrack.tcpBeLiberal", value == "1" ? "true" : "false",
                $"conntrack:\n  tcpBeLiberal: {(value == "1" ? "true" : "false")}", "A sysctl by hand lasts until kube-proxy starts again; this one stays."),
            RemedyAction.SetSetting when remedy.Setting == SettingCatalog.Max => new(KubeProxy, "conntrack.maxPerCore", remedy.Value, null,
                "Entries for each core of the node: higher than now, as far as memory allows. A sysctl by hand lasts until kube-proxy starts again."),
            _ => null,
        };
    }

    private const string KubeProxy = "kube-proxy's configuration";
    private const string Measured = "From the 99th percentile of the time until the last packet of earlier pods of the workload.";

    private static string Workload(ObservedFinding observed) => observed.Flow.Workloads.Count == 0 ? "the pod's workload"
        : observed.Subject.Service is { } service ? $"{observed.Flow.Workloads[0]} of {service.Namespace}" : observed.Flow.Workloads[0];
}
