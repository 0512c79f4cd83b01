using ConntrackConsole.Checks.Cluster;
using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Node;
using ConntrackConsole.Checks.Service;

namespace ConntrackConsole.Checks;

/// <summary>The list of all checks.</summary>
internal static class CheckRules
{
    public static readonly IReadOnlyList<(CheckName Name, Func<CheckContext, NodeCheckContext, CheckResult> Of)> PerNode =
    [
        (ProxyLag.Name, ProxyLag.Of), (SyncDuration.Name, SyncDuration.Of), (EndpointChanges.Name, EndpointChanges.Of),
        (ApiErrors.Name, ApiErrors.Of), (InvalidProtection.Name, InvalidProtection.Of), (BeLiberal.Name, BeLiberal.Of),
        (TcpLoose.Name, TcpLoose.Of), (TableUse.Name, TableUse.Of), (KubernetesVersion.Name, KubernetesVersion.Of), (ProxyModes.Name, ProxyModes.Of),
    ];

    public static readonly IReadOnlyList<(CheckName Name, Func<CheckContext, ServiceCheckContext, CheckResult> Of)> PerService =
    [
        (StaleEntries.Name, StaleEntries.Of), (IpvsConnections.Name, IpvsConnections.Of), (TerminatingEndpoints.Name, TerminatingEndpoints.Of), (DrainTime.Name, DrainTime.Of),
        (PreStop.Name, PreStop.Of), (Readiness.Name, Readiness.Of), (EndpointOwner.Name, EndpointOwner.Of),
    ];

    public static IEnumerable<CheckResult> All(CheckContext context)
    {
        foreach (var kind in context.Kinds)
            yield return ClusterData.Of(context, kind);
        foreach (var node in context.Nodes)
        {
            foreach (var (_, rule) in PerNode)
                yield return rule(context, node);
        }

        foreach (var service in context.Services)
        {
            foreach (var (_, rule) in PerService)
                yield return rule(context, service);
        }
    }
}
