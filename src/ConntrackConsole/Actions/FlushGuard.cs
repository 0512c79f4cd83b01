using ConntrackConsole.Wire;

namespace ConntrackConsole.Actions;

/// <summary>
/// Whether an address may be flushed. A pure function over a table of rules: each looks at one thing and has its own
/// sentence. The first refusal decides; else every doubt is told and confirmed together.
/// </summary>
public static class FlushGuard
{
    /// <summary>Older than this, the cluster's picture proves nothing about an address.</summary>
    public static readonly TimeSpan MaxClusterAge = TimeSpan.FromSeconds(10);

    /// <summary>Most entries on a node that one person may delete.</summary>
    public const int MaxEntriesOnNode = 5_000;

    private static readonly Func<FlushWorld, GuardVerdict?>[] Rules =
    [
        world => world.ValidIp ? null : Refuse("This is not an IP address in its plain form (10.1.2.3 or fd00::1): flush one pod address at a time."),
        world => string.IsNullOrWhiteSpace(world.Reason) ? Refuse("A reason is missing: write one sentence for the audit log.") : null,
        world => world.HasCluster ? null : Refuse("No cluster is connected, so nobody can say who owns this address: connect the console to the cluster first."),
        world => world.ClusterAge <= MaxClusterAge ? null : Refuse(
            world.ClusterAge == TimeSpan.MaxValue
                ? "The cluster has not been listed yet, so nobody can say who owns this address: wait for the first list."
                : $"What the console knows of the cluster is {world.ClusterAge.TotalSeconds:0} s old (at most {MaxClusterAge.TotalSeconds:0} s): wait until the API server answers again."),
        OwnerRule,
        world => world.Connected.Count > 0 ? null : Refuse("No collector is connected, so no node can be asked: start the collectors first."),
        world => world.Previews is { Count: 0 } ? Refuse($"No node answered ({Names(world.Silent)}): check the collectors and try again.") : null,
        world => world.Previews is { Count: > 0 } previews && previews.All(p => p.Refusal is not null)
            ? Refuse($"Every node refuses. {previews[0].Node} says: {previews[0].Refusal}")
            : null,
        world => world.Previews?.FirstOrDefault(p => p.Entries.Count > MaxEntriesOnNode) is { } big
            ? Refuse($"Node {big.Node} has {big.Entries.Count} entries of this address, more than {MaxEntriesOnNode}: that needs a second person, which this version does not have.")
            : null,
        world => world.Previews is { } previews && previews.All(p => p.Entries.Count == 0 && p.Refusal is null) && world.Silent.Count == 0
            ? Refuse("No node has an entry of this address: there is nothing to flush.")
            : null,
        world => world.Silent.Count > 0
            ? Confirm(world, $"{Names(world.Silent)} cannot be asked: entries there stay, and the outcome can only be partial.")
            : null,
        world => world.Previews?.Where(p => p.Refusal is not null).ToList() is { Count: > 0 } refusing
            ? Confirm(world, $"{string.Join(" ", refusing.Select(p => $"{p.Node} refuses: {p.Refusal}"))} Entries there stay.")
            : null,
        world => world.Previews?.Where(p => p is { TcpLoose: false, Refusal: null } && p.Entries.Any(e => e.Proto == "tcp")).ToList() is { Count: > 0 } strict
            ? Confirm(world, $"On {Names(strict.Select(p => p.Node))} nf_conntrack_tcp_loose is 0: clients there will hang until their own timeout instead of reconnecting.")
            : null,
        world => world.WithoutEndpoints.Count > 0
            ? Confirm(world, $"{Names(world.WithoutEndpoints)} has no endpoint: clients will hang until there is one again.")
            : null,
    ];

    public static GuardVerdict Check(FlushWorld world)
    {
        ArgumentNullException.ThrowIfNull(world);
        var told = new List<GuardVerdict>();
        foreach (var rule in Rules)
        {
            if (rule(world) is not { } verdict)
                continue;
            if (verdict.Decision == GuardDecision.Refuse)
                return verdict;
            told.Add(verdict);
        }

        return told.Count > 0
            ? new GuardVerdict(GuardDecision.NeedsConfirmation, string.Join(" ", told.Select(t => t.Sentence)), world.PodIp)
            : new GuardVerdict(GuardDecision.Allow, $"No live pod owns {world.PodIp}{Last(world)}: its entries can go.");
    }

    private static GuardVerdict? OwnerRule(FlushWorld world) => world.Owner.State switch
    {
        OwnerState.Gone => null,
        OwnerState.Live => Refuse($"{world.Owner.Name} is alive and owns {world.PodIp}: a flush would break its connections. Delete the pod first, if it is the trouble."),
        OwnerState.Terminating => Confirm(world, $"{world.Owner.Name} is still terminating: connections that it is draining will break."),
        OwnerState.Lost => Confirm(world, $"{world.Owner.Name} is on a node that cannot be reached; whether it still runs is unknown."),
        OwnerState.Node => Refuse($"{world.PodIp} is an address of node {world.Owner.Name}, not of a pod."),
        OwnerState.Service => Refuse($"{world.PodIp} is the address of Service {world.Owner.Name}: flush the pod address behind it."),
        _ => Refuse($"The console never saw a pod with the address {world.PodIp}, so it cannot say that its owner is gone."),
    };

    private static string Last(FlushWorld world) => world.Owner.Name is { } name ? $" (last: {name})" : "";

    private static string Names(IEnumerable<string> names) => string.Join(", ", names);

    private static GuardVerdict Refuse(string sentence) => new(GuardDecision.Refuse, sentence);

    private static GuardVerdict Confirm(FlushWorld world, string sentence) => new(GuardDecision.NeedsConfirmation, sentence, world.PodIp);
}
