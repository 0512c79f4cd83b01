using ConntrackConsole.Checks.Cluster;
using ConntrackConsole.Checks.Model;

namespace ConntrackConsole.Checks.Service;

/// <summary>Is any endpoint ready, or does the traffic depend on terminating ones?</summary>
internal static class TerminatingEndpoints
{
    public static readonly CheckName Name = new("terminating-endpoints", CheckCodes.TerminatingEndpoints, "Endpoints");

    private const string Threshold = "≥ 1 ready";

    public static CheckResult Of(CheckContext context, ServiceCheckContext service)
    {
        if (service.MissingData(context, Name, "services", "endpointslices") is { } unknown)
            return unknown;
        string value = service.Draining > 0 ? $"{service.Ready} ready, {service.Draining} terminating" : $"{service.Ready} ready";
        var result = service switch
        {
            { Endpoints: 0 } => service.NotApplicable(Name, "It has no endpoints (scaled to zero, or nothing matches its selector): new connections are refused."),
            { Ready: > 0 } => service.Result(Name, CheckState.Ok, value, Threshold, "New connections go to ready endpoints only."),
            { Draining: > 0 } when Old(context) => service.Result(Name, CheckState.Bad, value, Threshold, $"No endpoint is ready. Nodes before {context.Limits.Kubernetes} refuse new connections although terminating pods still serve."),
            { Draining: > 0 } => service.Result(Name, CheckState.Warning, value, Threshold, "No endpoint is ready: new connections go to terminating pods, and break when those exit. Set maxUnavailable to 0, or keep the pods ready for longer."),
            _ => service.Result(Name, CheckState.Bad, value, Threshold, $"None of its {service.Endpoints} endpoints is ready or still serves: new connections are refused."),
        };
        return result with
        {
            ReadMs = context.ClusterMs,
            Commands = [Shell.InNamespace(service.Namespace, $"get endpointslices -l kubernetes.io/service-name={Shell.Word(service.Info.Key.Name)} -o yaml")],
        };
    }

    private static bool Old(CheckContext context) => context.Nodes.Any(n => KubernetesVersion.Of(context, n).State == CheckState.Warning);
}
