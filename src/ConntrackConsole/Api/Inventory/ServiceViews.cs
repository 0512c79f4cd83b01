using ConntrackConsole.Api.Query;
using ConntrackConsole.Inventory;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Api.Inventory;

/// <summary>A page of Services, by namespace and name.</summary>
/// <param name="At">When they were as they are here.</param>
/// <param name="NotCounted">Nodes that do not report: their entries are missing in every count.</param>
/// <param name="ResetsIncomplete">Gaps within the last five minutes: the counts of resets are lower bounds.</param>
/// <param name="Continue">Pass it as ?continue= for the next page; null on the last page.</param>
internal sealed record ServicePage(IReadOnlyList<ServiceItem> Items, string At, IReadOnlyList<string> NotCounted, bool ResetsIncomplete, string? Continue);

/// <summary>A Service, as far as it is known.</summary>
/// <param name="OtherIps">External and load balancer addresses that nodes translate.</param>
/// <param name="InternalTrafficPolicy">Local or Cluster; null if the object does not have it.</param>
/// <param name="ExternalTrafficPolicy">Local or Cluster; null if the object does not have it.</param>
/// <param name="Entries">In live states, on all nodes; null if it is not known.</param>
/// <param name="Stale">Entries that lead to no pod of the Service, on the nodes that report; null if it is not known.</param>
/// <param name="Unknown">Why stale entries are not known, or not all of them; null if they are.</param>
/// <param name="Resets">Of the last five minutes, by kind.</param>
/// <param name="Findings">Ids of the findings that last.</param>
/// <param name="Rank">What hurts: finding, staleEntries, resets, unknown or none.</param>
internal sealed record ServiceItem(
    string Namespace, string Name, IReadOnlyList<string> ClusterIps, IReadOnlyList<string> OtherIps, bool Headless, IReadOnlyList<ServicePortView> Ports,
    string? InternalTrafficPolicy, string? ExternalTrafficPolicy, EndpointCounts Endpoints, long? Entries, StaleView? Stale, string? Unknown,
    IReadOnlyList<ResetCountView> Resets, IReadOnlyList<string> Findings, string Rank)
{
    public static ServiceItem Of(ServiceSummary service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var info = service.Info;
        return new ServiceItem(
            info.Key.Namespace, info.Key.Name, [.. info.ClusterIps.Select(ip => ip.ToString())], [.. info.OtherIps.Select(ip => ip.ToString())], info.Headless,
            [.. info.Ports.Select(port => new ServicePortView(port.Name, Protocols.Name(port.Proto), port.Port, port.NodePort == 0 ? null : port.NodePort))],
            Policy(info.InternalLocal), Policy(info.ExternalLocal), new EndpointCounts(service.Ready, service.NotReady, service.Terminating), service.Entries,
            service.Stale is { } stale ? new StaleView(stale.Stale, stale.Reassigned, stale.Untranslated, ApiTime.Text(stale.SinceMs)) : null, service.Unknown,
            [.. service.Resets.Select(kind => new ResetCountView(ResetKindName.Of(kind.Kind), kind.Count, ApiTime.Text(kind.LastMs)))], [.. service.Findings.Select(finding => finding.Id)],
            ResetKindName.Camel(service.Rank));
    }

    private static string? Policy(bool? isLocal) => isLocal switch { true => "Local", false => "Cluster", _ => null };
}

/// <param name="NodePort">Null if it has none.</param>
internal sealed record ServicePortView(string? Name, string Protocol, int Port, int? NodePort);

internal sealed record EndpointCounts(int Ready, int NotReady, int Terminating);

/// <param name="Stale">To an address that no live pod of the Service owns.</param>
/// <param name="Reassigned">To a pod of another workload.</param>
/// <param name="Untranslated">At the Service's own address.</param>
/// <param name="Since">Since when the oldest of them are there; null if there is no such entry, or it is not known.</param>
internal sealed record StaleView(long Stale, long Reassigned, long Untranslated, string? Since);

internal sealed record ResetCountView(string Kind, int Count, string Last);
