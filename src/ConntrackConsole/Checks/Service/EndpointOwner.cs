using ConntrackConsole.Checks.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Service;

/// <summary>Addresses in a Service's slices that no pod owns: new connections go there and hang.</summary>
internal static class EndpointOwner
{
    public static readonly CheckName Name = new("endpoint-owner", CheckCodes.EndpointOwner, "Endpoints with an owner");

    private const string Threshold = "0";

    public static CheckResult Of(CheckContext context, ServiceCheckContext service)
    {
        if (service.MissingData(context, Name, "pods", "services", "endpointslices") is { } unknown)
            return unknown;
        if (service.Endpoints == 0)
            return service.NotApplicable(Name, "It has no endpoints.");
        if (service.Unowned.Count == 0)
            return service.Result(Name, CheckState.Ok, "0", Threshold, "A pod owns every address in its slices, or the address is outside the cluster.") with { ReadMs = context.ClusterMs };
        // The pod and its slice are separate watches: an endpoint outlives its pod for some milliseconds.
        var old = service.Unowned.Where(u => u.SinceMs is not { } sinceMs || context.NowMs - sinceMs > context.Limits.StaleBadMs).ToList();
        long? since = service.Unowned.Min(u => u.SinceMs);
        string who = TextSummary.List([.. service.Unowned.Select(u => u.LastOwner is { } name ? $"{u.Ip} (last: {name})" : u.Ip.ToString())], 3);
        return service.Result(
            Name, old.Count > 0 ? CheckState.Bad : CheckState.Warning, $"{service.Unowned.Count:N0}", Threshold,
            old.Count > 0
                ? $"Its slices list {who}, which no pod owns: new connections go there and hang, and a flush would not help while they are listed. Correct the EndpointSlice, or the controller that writes it."
                : $"Its slices list {who}; the pod has just ended: the endpoint should be removed within seconds.") with
        {
            ReadMs = context.ClusterMs, SinceMs = since,
            Commands = [Shell.InNamespace(service.Namespace, $"get endpointslices -l kubernetes.io/service-name={Shell.Word(service.Info.Key.Name)} -o wide")],
        };
    }
}
