using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using static ConntrackConsole.Actions.Guards.GuardVerdict;

namespace ConntrackConsole.Actions.Guards;

/// <summary>The rules of a flush.</summary>
internal static class FlushGuard
{
    /// <summary>Older than this, the cluster's picture proves nothing about an address.</summary>
    public static readonly TimeSpan MaxClusterAge = TimeSpan.FromSeconds(10);

    /// <summary>Most entries on a node that one person may delete.</summary>
    public const int MaxEntriesOnNode = 5_000;

    /// <summary>Most that two may; a node refuses more.</summary>
    public const int MaxApprovedOnNode = 20_000;

    internal static readonly IReadOnlyList<Func<GuardContext, GuardVerdict?>> Rules =
    [
        context => context.ValidIp ? null : Refuse(FlushReasons.InvalidAddress, "This is not an IP address in its plain form (10.1.2.3 or fd00::1): flush one pod address at a time."),
        Scope,
        context => context.HasCluster ? null : Refuse(FlushGuardReasons.NoCluster, "No cluster is connected, so nobody can say who owns this address: connect the console to the cluster first."),
        context => context.MissingKind is null ? null : Refuse(FlushGuardReasons.KindMissing, context.MissingKind),
        Age,
        Owner,
        Listed,
        Preset,
        context => context.Nodes.Any(n => n.Connected) ? null : Refuse(FlushGuardReasons.NoCollector, "No collector is connected, so no node can be asked: start the collectors first."),
        context => context.Nodes.Where(n => n.Connected).ToList() is { Count: > 0 } asked && asked.All(n => n.CannotAct is not null) ? Refuse(asked[0].CannotAct!.Code, asked[0].CannotAct!.Message) : null,
        Unsynced,
        context => context.Previews is { Count: 0 } ? Refuse(FlushGuardReasons.NoNodeAnswered, $"No node answered ({ActionGuard.Names(context.Silent)}): check the collectors and try again.") : null,
        context => context.Previews is { Count: > 0 } previews && previews.All(p => p.Refusal is not null)
            ? Refuse(previews[0].RefusalCode ?? FlushGuardReasons.AllNodesRefuse, $"Every node refuses. {previews[0].Node} says: {previews[0].Refusal}")
            : null,
        Count,
        context => context.Previews is { } previews && previews.All(p => p.Entries.Count == 0 && p.Refusal is null) && context.Silent.Count == 0
            ? previews.Sum(p => p.LeftOut) is var left and > 0
                ? Refuse(FlushGuardReasons.NoEntriesInScope, $"No node has an entry of this address that {Name(context.Request.Preset)} takes; {left} others lead to it: choose another preset or scope to see them.")
                : Refuse(FlushGuardReasons.NoEntries, "No node has an entry of this address: there is nothing to flush.")
            : null,
        context => context.Silent.Count > 0
            ? Confirm(FlushGuardReasons.NodeSilent, $"{ActionGuard.Names(context.Silent)} cannot be asked: entries there stay, and the outcome can only be partial.")
            : null,
        context => context.Previews?.Where(p => p.Refusal is not null).ToList() is { Count: > 0 } refusing
            ? Confirm(FlushGuardReasons.NodeRefuses, $"{string.Join(" ", refusing.Select(p => $"{p.Node} refuses: {p.Refusal}"))} Entries there stay.")
            : null,
        context => context.Previews?.Where(p => p is { TcpLoose: false, Refusal: null } && p.Entries.Any(e => e.Proto == "tcp" && e.Effect == FlushEffect.Hangs)).ToList() is { Count: > 0 } strict
            ? Approve(FlushGuardReasons.TcpLooseOff, $"On {ActionGuard.Names(strict.Select(p => p.Node))} nf_conntrack_tcp_loose is 0: clients there will hang until their own timeout instead of reconnecting.")
            : null,
        context => context.WithoutEndpoints.Count > 0
            ? Approve(FlushGuardReasons.NoEndpoint, $"{ActionGuard.Names(context.WithoutEndpoints)} has no endpoint: clients will hang until there is one again.")
            : null,
        context => context.Previews?.Sum(p => p.Entries.Count(e => e.Effect == FlushEffect.MayBreak)) is > 0 and var may
            ? Confirm(FlushGuardReasons.MayBreak, $"{may} of the entries may break: who speaks first there is not known, and their backend may still run.")
            : null,
    ];

    /// <summary>What is said where nothing speaks against it.</summary>
    internal static string Harmless(GuardContext context) =>
        $"No live pod owns {context.Request.Target}{(context.Owner.Name is { } name ? $" (last: {name})" : "")}: its entries can go.";

    /// <summary>What is taken where nobody chose: all where the backend is dead, what never hurts where it may still speak.</summary>
    public static FlushPreset DefaultPreset(OwnerState owner) => owner is OwnerState.Gone or OwnerState.Lost ? FlushPreset.DeadBackend : FlushPreset.Safe;

    public static string Name(FlushPreset? preset) => preset switch
    {
        FlushPreset.Safe => "safe",
        FlushPreset.All => "all",
        _ => "dead-backend",
    };

    private static GuardVerdict? Scope(GuardContext context) => context.Request.Scope switch
    {
        null => null,
        { Proto: not (null or "tcp" or "udp" or "sctp") } => Refuse(FlushReasons.InvalidProtocol, "The protocol is none of tcp, udp and sctp: name one of them, or leave it out."),
        { Vip: { } vip } when !Ip.TryParse(vip, out _) => Refuse(FlushReasons.InvalidServiceAddress, "The Service's address is not an IP address in its plain form: give one such as 10.96.0.10."),
        { VipPort: not null, Vip: null } => Refuse(FlushReasons.PortWithoutAddress, "A Service's port needs its address: give both, or neither."),
        { VipPort: < 1 or > 65_535 } => Refuse(FlushReasons.InvalidPort, "The Service's port is none: give one from 1 to 65535."),
        _ => null,
    };

    private static GuardVerdict? Age(GuardContext context) => context.ClusterAge <= MaxClusterAge ? null : Refuse(
        FlushReasons.ClusterStale, context.ClusterAge == TimeSpan.MaxValue
            ? "The cluster has not been listed yet, so nobody can say who owns this address: wait for the first list."
            : $"What the console knows of the cluster is {context.ClusterAge.TotalSeconds:0} s old (at most {MaxClusterAge.TotalSeconds:0} s): wait until the API server answers again.");

    private static GuardVerdict? Owner(GuardContext context)
    {
        var (owner, ip) = (context.Owner, context.Request.Target);
        return owner.State switch
        {
            OwnerState.Gone => null,
            OwnerState.Live when owner.Pod?.HostNetwork == true => Refuse(FlushGuardReasons.HostNetwork, $"{owner.Name} runs in its node's own network: {ip} is the node's address, not a pod's."),
            OwnerState.Live => Refuse(FlushReasons.OwnerLive, $"{owner.Name} is alive and owns {ip}: a flush would break its connections. Delete the pod first, if it is the trouble."),
            OwnerState.Terminating when owner.Pod?.HostNetwork == true => Refuse(FlushGuardReasons.HostNetwork, $"{owner.Name} runs in its node's own network: {ip} is the node's address, not a pod's."),
            OwnerState.Terminating => Confirm(FlushGuardReasons.OwnerTerminating, $"{owner.Name} is still terminating: connections that it is draining will break."),
            OwnerState.Lost => Confirm(FlushGuardReasons.OwnerLost, $"{owner.Name} is on a node that cannot be reached; whether it still runs is unknown."),
            OwnerState.Node => Refuse(FlushReasons.NodeAddress, $"{ip} is an address of node {owner.Name}, not of a pod."),
            OwnerState.Service => Refuse(FlushReasons.OwnerService, $"{ip} is the address of Service {owner.Name}: flush the pod address behind it."),
            _ => Refuse(FlushReasons.OwnerUnknown, $"The console never saw a pod with the address {ip}, so it cannot say that its owner is gone."),
        };
    }

    private static GuardVerdict? Listed(GuardContext context) =>
        context.Endpoints.FirstOrDefault(e => e.Ready) is { } ready
            ? Refuse(FlushGuardReasons.EndpointReady, $"{ready.Service} still lists {context.Request.Target} as ready: new connections go there, and a flush would be undone. Take it out of the Service first.")
            : context.Endpoints.FirstOrDefault(e => e.Serving) is { } serving
                ? Approve(FlushGuardReasons.EndpointServing, $"{serving.Service} still lists {context.Request.Target} as serving: it drains, and where no other endpoint is ready it gets new connections.")
                : null;

    private static GuardVerdict? Preset(GuardContext context) =>
        context.Request.Preset != FlushPreset.All ? null
        : context.Owner.State == OwnerState.Terminating && !context.Request.BreakGlass
            ? Refuse(FlushReasons.PresetNeedsBreakGlass, $"{context.Owner.Name} still terminates: the preset 'all' would cut connections that prove alive, and needs break-glass.")
            : Approve(FlushGuardReasons.PresetAll, "The preset 'all' deletes entries whose backend answers too.");

    private static GuardVerdict? Unsynced(GuardContext context)
    {
        // Before they are asked, any node may have an entry.
        var holding = context.Previews is { } previews ? context.Nodes.Where(n => previews.Any(p => p.Node == n.Name && p.Entries.Count > 0)).ToList() : [];
        if (holding.Where(n => n.RulesSynced == false).ToList() is { Count: > 0 } late)
            return Refuse(FlushGuardReasons.RulesNotSynced, $"The rules of {ActionGuard.Names(late.Select(n => n.Name))} still lead to {context.Request.Target}: a flush would be undone at once. Fix kube-proxy on these nodes or exclude them.");
        return holding.FirstOrDefault(n => n.SyncUnknown is not null) is { } untold
            ? Confirm(FlushGuardReasons.RulesUnknown, $"Whether the rules are without {context.Request.Target} is not known everywhere: {untold.SyncUnknown}")
            : null;
    }

    private static GuardVerdict? Count(GuardContext context)
    {
        if (context.Previews?.MaxBy(p => p.Entries.Count) is not { Entries.Count: > MaxEntriesOnNode and var count } big)
            return null;
        return count > MaxApprovedOnNode
            ? Refuse(FlushReasons.TooManyEntries, $"Node {big.Node} has {count} entries of this address, more than the {MaxApprovedOnNode} that a flush may delete at once: narrow it to one Service or protocol.")
            : Approve(FlushReasons.ApprovalRequired, $"Node {big.Node} has {count} entries of this address, more than {MaxEntriesOnNode}.");
    }
}
