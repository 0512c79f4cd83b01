using ConntrackConsole.Checks.Model;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Checks.Service;

/// <summary>Connections that IPVS keeps, in its own table, to servers that were removed from the Service or have weight 0.</summary>
internal static class IpvsConnections
{
    public static readonly CheckName Name = new("ipvs-connections", CheckCodes.IpvsConnections, "IPVS connections");

    private const string Threshold = "0";
    private const string Expire = "net.ipv4.vs.expire_nodest_conn";

    public static CheckResult Of(CheckContext context, ServiceCheckContext service)
    {
        if (service.Info is { Headless: true } or { ClusterIps.Count: 0 })
            return service.NotApplicable(Name, "It has no virtual IP: IPVS forwards nothing for it.");
        if (service.MissingData(context, Name, "services") is { } unknown)
            return unknown;
        if (context.Reporting == 0)
            return service.InsufficientData(Name, UnknownCodes.NoCollectorReports, "No collector reports: what IPVS keeps is unknown.");
        if (context.Ipvs.Count == 0)
            return service.NotApplicable(Name, "IPVS is loaded on no node that reports.");

        var blind = context.Ipvs.Where(node => node.Reading is null or { State: IpvsReadState.Unreadable }).Select(node => node.Node).ToList();
        var partial = context.Ipvs.Where(node => node.Reading is { State: IpvsReadState.Partial } or { MoreConnections: > 0 }).Select(node => node.Node).ToList();
        string missing = Missing(context, blind, partial);
        var dropped = service.Ipvs.Where(kept => kept.IsDropped).ToList();
        var nowhere = service.Ipvs.Where(kept => kept.LeadsNowhere).ToList();
        var draining = service.Ipvs.Where(kept => kept is { Kept.IsRemoved: false, LeadsNowhere: false }).ToList();
        var ending = service.Ipvs.Where(kept => kept is { Kept.IsRemoved: true, IsDropped: false }).ToList();
        string sentence = string.Join(" ", new[] { Dropped(dropped), Nowhere(nowhere), Draining(draining), Ending(ending) }.Where(text => text.Length > 0));
        var state = dropped.Any(kept => kept.ExpireNodestConn == false) ? CheckState.Bad
            : dropped.Count + nowhere.Count > 0 ? CheckState.Warning
            : blind.Count + partial.Count > 0 ? CheckState.InsufficientData : CheckState.Ok;
        var result = state == CheckState.InsufficientData
            ? service.InsufficientData(Name, UnknownCodes.IpvsUnread, $"{sentence}{missing}".Trim())
            : service.Result(Name, state, Value(dropped, nowhere, draining, ending), Threshold,
                (sentence.Length > 0 ? sentence : "IPVS keeps no connection of this Service to a server that was removed or has weight 0.") + missing);
        return result with { ReadMs = context.HeardMs, Commands = Commands(service.Ipvs) };
    }

    private static string Dropped(List<ServiceIpvs> kept) => kept.Count == 0 ? ""
        : $"IPVS on {Nodes(kept)} keeps {Connections(kept)} to {Servers(kept)} although the server was removed. "
            + (kept.Exists(each => each.ExpireNodestConn == false) ? "It drops their packets" : $"Unless {Expire} is 1 (it cannot be read), it drops their packets")
            + $" for up to {kept.Max(each => each.Kept.MaxSeconds)} s: the clients hang, and deleting conntrack entries does not help them. "
            + $"Set {Expire}=1 on these nodes (kube-proxy does so in IPVS mode): the next packet then ends the connection. Shorter IPVS timeouts apply to other connections only.";

    private static string Nowhere(List<ServiceIpvs> kept) => kept.Count == 0 ? ""
        : $"IPVS on {Nodes(kept)} still forwards {Connections(kept)} to {Servers(kept)} with weight 0, and the pod is gone: the clients hang, and deleting conntrack entries does not help them. "
            + $"Remove the server (ipvsadm -d; kube-proxy does so when it syncs) while {Expire}=1: the next packet then ends the connection. A shorter ipvs.timeout_tcp or ipvs.timeout_udp ends those that are idle.";

    private static string Draining(List<ServiceIpvs> kept) => kept.Count == 0 ? ""
        : $"{Connections(kept)} to {Servers(kept)} go on, with weight 0: no new one is scheduled there, and they end when both sides close them.";

    private static string Ending(List<ServiceIpvs> kept) => kept.Count == 0 ? ""
        : $"IPVS ends {Connections(kept)} to {Servers(kept)} at the next packet, because the server was removed ({Expire}=1): nothing is to be done.";

    private static string Missing(CheckContext context, List<string> blind, List<string> partial) =>
        (blind.Count == 0 ? "" : $" IPVS is loaded on {TextSummary.List(blind, 3)}, and its table cannot be read there, or the collector is too old to report it.")
        + (partial.Count == 0 ? "" : $" On {TextSummary.List(partial, 3)} the table could not be read to its end: there may be more.")
        + (context.SilentNodes.Count == 0 ? "" : $" Not counted: {TextSummary.List(context.SilentNodes, 3)}.");

    private static string Value(List<ServiceIpvs> dropped, List<ServiceIpvs> nowhere, List<ServiceIpvs> draining, List<ServiceIpvs> ending)
    {
        string value = string.Join(", ", from part in ((List<ServiceIpvs> Kept, string Name)[])[(dropped, "dropped"), (nowhere, "without a pod"), (draining, "draining"), (ending, "ending")]
                                         where part.Kept.Count > 0
                                         select $"{Sum(part.Kept):N0} {part.Name}");
        return value.Length > 0 ? value : "0";
    }

    private static IReadOnlyList<string> Commands(IReadOnlyList<ServiceIpvs> kept) =>
    [
        .. kept.Select(each => each.Kept.Server).Distinct().Take(ServiceEntries.MaxBackends).Select(server => $"ipvsadm -Lcn | grep -F '{server}'"),
        "ipvsadm -Ln", Shell.Sysctl(Expire),
    ];

    private static long Sum(IEnumerable<ServiceIpvs> kept) => kept.Sum(each => (long)each.Kept.Connections);

    private static string Connections(List<ServiceIpvs> kept) => Sum(kept) is var count && count == 1 ? "1 connection" : $"{count:N0} connections";

    private static string Servers(List<ServiceIpvs> kept) => TextSummary.List([.. kept.Select(each => each.Kept.Server.ToString()).Distinct()], 3);

    private static string Nodes(List<ServiceIpvs> kept) => TextSummary.List([.. kept.Select(each => each.Node).Distinct()], 3);
}
