using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using static ConntrackConsole.Actions.Guards.GuardVerdict;

namespace ConntrackConsole.Actions.Guards;

/// <summary>The rules of a flush.</summary>
internal static class FlushGuard
{
    /// <summary>Maximum age of the cluster state at which it still proves who owns an address.</summary>
    public static readonly TimeSpan MaxClusterAge = TimeSpan.FromSeconds(10);

    /// <summary>Maximum number of entries on a node that one user may delete.</summary>
    public const int MaxEntriesOnNode = 5_000;

    /// <summary>Maximum number with an approval; a node refuses more.</summary>
    public const int MaxApprovedOnNode = 20_000;

    internal static readonly IReadOnlyList<Func<GuardContext, GuardVerdict?>> Rules =
    [
        context => context.ValidIp ? null : Refuse(FlushReasons.InvalidAddress, "The target is not an IP address in canonical form (10.1.2.3 or fd00::1): flush one pod address at a time."),
        Scope,
        context => context.HasCluster ? null : Refuse(FlushGuardReasons.NoCluster, "No cluster is connected, so the owner of this address is unknown: connect the console to the cluster first."),
        context => context.MissingKind is null ? null : Refuse(FlushGuardReasons.KindMissing, context.MissingKind),
        Age,
        Owner,
        Endpoint,
        Preset,
        context => context.Nodes.Any(n => n.Connected) ? null : Refuse(FlushGuardReasons.NoCollector, "No collector is connected, so no node can be queried: start the collectors first."),
        context => context.Nodes.Where(n => n.Connected).ToList() is { Count: > 0 } connected && connected.All(n => n.CannotAct is not null) ? Refuse(connected[0].CannotAct!.Code, connected[0].CannotAct!.Message) : null,
        Unsynced,
        context => context.Previews is { Count: 0 } ? Refuse(FlushGuardReasons.NoNodeAnswered, $"No node answered ({ActionGuard.Names(context.Silent)}): check the collectors and try again.") : null,
        context => context.Previews is { Count: > 0 } previews && previews.All(p => p.Refusal is not null)
            ? Refuse(previews[0].RefusalCode ?? FlushGuardReasons.AllNodesRefuse, $"Every node refuses. {previews[0].Node}: {previews[0].Refusal}")
            : null,
        Count,
        context => context.Previews is { } previews && previews.All(p => p.Entries.Count == 0 && p.Refusal is null) && Ipvs(previews) is { } kept
            ? Refuse(FlushGuardReasons.IpvsOnly, $"No node has an entry that this flush could delete. {kept}")
            : null,
        context => context.Previews is { } previews && previews.All(p => p.Entries.Count == 0 && p.Refusal is null) && context.Silent.Count == 0
            ? previews.Sum(p => p.LeftOut) is var left and > 0
                ? Refuse(FlushGuardReasons.NoEntriesInScope, $"No node has an entry of this address that matches the preset {Name(context.Request.Preset)} and the scope; {left} other entries lead to it: choose another preset or scope to include them.")
                : Refuse(FlushGuardReasons.NoEntries, "No node has an entry of this address: there is nothing to flush.")
            : null,
        context => context.Silent.Count > 0
            ? Confirm(FlushGuardReasons.NodeSilent, $"{ActionGuard.Names(context.Silent)} cannot be queried: entries there remain, and the outcome can only be partial.")
            : null,
        context => context.Previews?.Where(p => p.Refusal is not null).ToList() is { Count: > 0 } refusing
            ? Confirm(FlushGuardReasons.NodeRefuses, $"{string.Join(" ", refusing.Select(p => $"{p.Node} refuses: {p.Refusal}"))} Entries there remain.")
            : null,
        context => context.Previews?.Where(p => p is { TcpLoose: false, Refusal: null } && p.Entries.Any(e => e.Proto == "tcp" && e.Effect == FlushEffect.Hangs)).ToList() is { Count: > 0 } strict
            ? Approve(FlushGuardReasons.TcpLooseOff, $"On {ActionGuard.Names(strict.Select(p => p.Node))} nf_conntrack_tcp_loose is 0: clients there will hang until their own timeout instead of reconnecting at once.")
            : null,
        context => context.WithoutEndpoints.Count > 0
            ? Approve(FlushGuardReasons.NoEndpoint, $"{ActionGuard.Names(context.WithoutEndpoints)} has no endpoint: clients will hang until it has one again.")
            : null,
        context => context.Previews is { } previews && Ipvs(previews) is { } kept ? Confirm(FlushReasons.IpvsKeeps, kept) : null,
        context => context.Previews?.Sum(p => p.Entries.Count(e => e.Effect == FlushEffect.MayBreak)) is > 0 and var may
            ? Confirm(FlushGuardReasons.MayBreak, $"{may} of the entries may carry working connections: it is unknown which side sends first, and the backend may still be running.")
            : null,
    ];

    /// <summary>The message of an allowed flush.</summary>
    internal static string AllowedMessage(GuardContext context) => context.Owner.State == OwnerState.Service
        ? $"{context.Request.Target} is the address of Service {context.Owner.Name}: its untranslated entries of {Port(context.Request.Scope!)} lead to no pod, and can be deleted."
        : $"No live pod owns {context.Request.Target}{(context.Owner.Name is { } name ? $" (last: {name})" : "")}: its entries can be deleted.";

    /// <summary>The preset if none was chosen: all entries if the backend is dead, only safe ones if it may still be running.</summary>
    public static FlushPreset DefaultPreset(OwnerState owner) => owner is OwnerState.Gone or OwnerState.Lost or OwnerState.Service ? FlushPreset.DeadBackend : FlushPreset.Safe;

    public static string Name(FlushPreset? preset) => preset switch
    {
        FlushPreset.Safe => "safe",
        FlushPreset.All => "all",
        _ => "dead-backend",
    };

    // Null where IPVS keeps nothing that a flush would leave behind.
    private static string? Ipvs(IReadOnlyList<FlushPreview> previews) => previews.Where(p => p is { Refusal: null, Ipvs.OutlivesFlush: true }).ToList() is { Count: > 0 } kept
        ? string.Join(" ", kept.Take(3).Select(p => $"On {p.Node}: {p.Ipvs!.Explain()}")) + (kept.Count > 3 ? $" The same on {kept.Count - 3} more nodes." : "")
        : null;

    private static string Port(FlushScope scope) => $"{scope.Proto} {scope.Vip} port {scope.VipPort}";

    private static GuardVerdict? Scope(GuardContext context) => context.Request.Scope switch
    {
        null => null,
        { Proto: not (null or "tcp" or "udp" or "sctp") } => Refuse(FlushReasons.InvalidProtocol, "The protocol is not tcp, udp or sctp: use one of them, or omit it."),
        { Vip: { } vip } when !Ip.TryParse(vip, out _) => Refuse(FlushReasons.InvalidServiceAddress, "The Service address is not an IP address in canonical form: use one such as 10.96.0.10."),
        { VipPort: not null, Vip: null } => Refuse(FlushReasons.PortWithoutAddress, "A Service port requires the Service address: set both, or neither."),
        { VipPort: < 1 or > 65_535 } => Refuse(FlushReasons.InvalidPort, "The Service port is invalid: use 1 to 65535."),
        _ => null,
    };

    private static GuardVerdict? Age(GuardContext context) => context.ClusterAge <= MaxClusterAge ? null : Refuse(
        FlushReasons.ClusterStale, context.ClusterAge == TimeSpan.MaxValue
            ? "The cluster has not been listed yet, so the owner of this address is unknown: wait for the first list."
            : $"The cluster state is {context.ClusterAge.TotalSeconds:0} s old (maximum {MaxClusterAge.TotalSeconds:0} s): wait until the API server responds again.");

    private static GuardVerdict? Owner(GuardContext context)
    {
        var (owner, ip) = (context.Owner, context.Request.Target);
        return owner.State switch
        {
            OwnerState.Gone => null,
            OwnerState.Live when owner.Pod?.HostNetwork == true => Refuse(FlushGuardReasons.HostNetwork, $"{owner.Name} runs in its node's own network: {ip} is the node's address, not a pod's."),
            // The entries in scope are older than this owner, or kube-proxy itself would delete them; its own Services have other addresses.
            OwnerState.Live when context.NotBackendOf is { } service => Confirm(FlushGuardReasons.OwnerNotBackend,
                $"{owner.Name} is alive and owns {ip}, but is not a ready backend of {service}: only entries of that Service are deleted; those of its own Services are not touched."),
            OwnerState.Live when context.LeftScopes.Count > 0 => Refuse(FlushReasons.OwnerLive,
                $"{owner.Name} is alive and owns {ip}: a flush of all entries would break its connections. Limit the flush to the Service of which it is not a backend: {ActionGuard.Names(context.LeftScopes.Select(s => s.ToString()))}.")
                with { Scopes = [.. context.LeftScopes.Select(s => s.Scope)] },
            OwnerState.Live => Refuse(FlushReasons.OwnerLive, $"{owner.Name} is alive and owns {ip}: a flush would break its connections. If this pod is the cause of the problem, delete it first."),
            OwnerState.Terminating when owner.Pod?.HostNetwork == true => Refuse(FlushGuardReasons.HostNetwork, $"{owner.Name} runs in its node's own network: {ip} is the node's address, not a pod's."),
            OwnerState.Terminating => Confirm(FlushGuardReasons.OwnerTerminating, $"{owner.Name} is still terminating: connections that it is still draining will break."),
            OwnerState.Lost => Confirm(FlushGuardReasons.OwnerLost, $"{owner.Name} is on an unreachable node; it is unknown whether it still runs."),
            OwnerState.Node => Refuse(FlushReasons.NodeAddress, $"{ip} is an address of node {owner.Name}, not of a pod."),
            OwnerState.Service when context.ServiceScopes.Contains(context.Request.Scope) => null,
            OwnerState.Service => Refuse(FlushReasons.OwnerService, $"{ip} is the address of Service {owner.Name}: only its untranslated entries can be flushed, one port at a time"
                + $"{(context.ServiceScopes.Count == 0 ? "" : $" (scope {string.Join(" or ", context.ServiceScopes.Take(5).Select(Port))})")}. To flush a backend's entries, use the pod's address."),
            _ => Refuse(FlushReasons.OwnerUnknown, $"The console has never seen a pod with the address {ip}, so it cannot confirm that the owner is gone."),
        };
    }

    private static GuardVerdict? Endpoint(GuardContext context) =>
        context.Endpoints.FirstOrDefault(e => e.Ready) is { } ready
            ? Refuse(FlushGuardReasons.EndpointReady, $"{ready.Service} still lists {context.Request.Target} as ready: new connections go there and would recreate the entries. Remove it from the Service first.")
            : context.Endpoints.FirstOrDefault(e => e.Serving) is { } serving
                ? Approve(FlushGuardReasons.EndpointServing, $"{serving.Service} still lists {context.Request.Target} as serving: it is draining, and receives new connections if no other endpoint is ready.")
                : null;

    private static GuardVerdict? Preset(GuardContext context) =>
        context.Request.Preset != FlushPreset.All ? null
        : context.Owner.State == OwnerState.Terminating && !context.Request.BreakGlass
            ? Refuse(FlushReasons.PresetNeedsBreakGlass, $"{context.Owner.Name} is still terminating: the preset 'all' would break live connections and requires break-glass.")
            : Approve(FlushGuardReasons.PresetAll, "The preset 'all' also deletes entries with a live backend.");

    private static GuardVerdict? Unsynced(GuardContext context)
    {
        // Which nodes have entries is known only after the preview.
        var affected = context.Previews is { } previews ? context.Nodes.Where(n => previews.Any(p => p.Node == n.Name && p.Entries.Count > 0)).ToList() : [];
        if (affected.Where(n => n.RulesSynced == false).ToList() is { Count: > 0 } late)
            return Refuse(FlushGuardReasons.RulesNotSynced, $"The rules of {ActionGuard.Names(late.Select(n => n.Name))} still lead to {context.Request.Target}: the entries would be recreated at once. Fix kube-proxy on these nodes or exclude them.");
        return affected.FirstOrDefault(n => n.SyncUnknown is not null) is { } unsure
            ? Confirm(FlushGuardReasons.RulesUnknown, $"It is unknown whether the rules still lead to {context.Request.Target}: {unsure.SyncUnknown}")
            : null;
    }

    private static GuardVerdict? Count(GuardContext context)
    {
        if (context.Previews?.MaxBy(p => p.Entries.Count) is not { Entries.Count: > MaxEntriesOnNode and var count } big)
            return null;
        return count > MaxApprovedOnNode
            ? Refuse(FlushReasons.TooManyEntries, $"Node {big.Node} has {count} entries of this address, more than the maximum of {MaxApprovedOnNode} for one flush: restrict it to one Service or protocol.")
            : Approve(FlushReasons.ApprovalRequired, $"Node {big.Node} has {count} entries of this address; more than {MaxEntriesOnNode} require an approval.");
    }
}
