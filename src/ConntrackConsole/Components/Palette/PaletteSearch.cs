using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;

namespace ConntrackConsole.Components.Palette;

/// <summary>
/// The search of the palette: exact matches before those that begin with the text, before those that contain it. A kind that has many takes
/// the place of no other: first each kind gets its share, then the best of the rest follow.
/// </summary>
internal static class PaletteSearch
{
    public const int MaxHits = 20;
    public const int MaxText = 100;

    private const int Share = 8;

    // Around the end of a pod.
    private const long BeforeMs = 120_000;
    private const long AfterMs = 60_000;

    public static IReadOnlyList<PaletteHit> Find(string? text, PaletteSnapshot snapshot)
    {
        string typed = text?.Trim() ?? "";
        if (typed.Length == 0)
            return [.. snapshot.Commands.Take(MaxHits).Select(command => command.Hit)];
        if (typed.Length > MaxText)
            return [];
        var term = new PaletteTerm(typed);
        var found = new BestMatches[Enum.GetValues<PaletteKind>().Length];
        for (int kind = 0; kind < found.Length; kind++)
            found[kind] = new BestMatches(MaxHits);
        AddItems(snapshot.Commands, term, found);
        AddItems(snapshot.Items, term, found);
        AddCluster(snapshot, term, found);
        AddEndedPods(snapshot, term, found[(int)PaletteKind.EndedPod]);
        if (!term.Address.IsNone)
            found[(int)PaletteKind.Address].Add(MatchRank.Exact, "", term.Address);
        return Best(found, snapshot.NowMs);
    }

    private static void AddItems(IReadOnlyList<PaletteItem> items, PaletteTerm term, BestMatches[] found)
    {
        foreach (var item in items)
        {
            var best = MatchRank.None;
            foreach (string key in item.Keys)
                best = Better(best, term.Of(key));
            found[(int)item.Hit.Kind].Add(best, item.Hit.Title, item.Hit);
        }
    }

    private static void AddCluster(PaletteSnapshot snapshot, PaletteTerm term, BestMatches[] found)
    {
        foreach (var pod in snapshot.Pods)
        {
            var rank = Better(term.Of(pod.Namespace, pod.Name), pod.HostNetwork ? MatchRank.None : term.Of(pod.Ips));
            if (rank == MatchRank.None && term.Of(pod.Uid) == MatchRank.Exact)
                rank = MatchRank.Exact;
            found[(int)PaletteKind.Pod].Add(rank, pod.Name, pod);
        }

        foreach (var service in snapshot.Services)
            found[(int)PaletteKind.Service].Add(Better(term.Of(service.Key.Namespace, service.Key.Name), Better(term.Of(service.ClusterIps), term.Of(service.OtherIps))), service.Key.Name, service);
        foreach (var node in snapshot.Nodes)
            found[(int)PaletteKind.Node].Add(Better(term.Of(node.Name), term.Of(node.Addresses)), node.Name, node);
    }

    // The history has all owners of an address; a name is searched in the terminations.
    private static void AddEndedPods(PaletteSnapshot snapshot, PaletteTerm term, BestMatches found)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (snapshot.History is { } history && !term.Address.IsNone)
        {
            foreach (var owner in history.OwnersWithin(term.Address, 0, snapshot.NowMs).Reverse())
            {
                if (owner.ToMs is null)
                    seen.Add(owner.PodUid); // It has the address now.
                else if (owner.PodUid.Length > 0 && seen.Add(owner.PodUid))
                    found.Add(MatchRank.Exact, "", owner);
            }
        }

        for (int i = snapshot.Terminations.Count - 1; i >= 0; i--)
        {
            var ended = snapshot.Terminations[i];
            if (ended.DeletedMs is not null && !seen.Contains(ended.Uid))
                found.Add(Better(Better(term.Of(ended.Namespace, ended.Pod), term.Of(ended.PodIp)), term.Of(ended.Uid) == MatchRank.Exact ? MatchRank.Exact : MatchRank.None), ended.Pod, ended);
        }
    }

    private static List<PaletteHit> Best(BestMatches[] found, long nowMs)
    {
        var all = new List<(MatchRank Rank, PaletteKind Kind, int Place, object Item)>();
        for (int kind = 0; kind < found.Length; kind++)
        {
            for (int place = 0; place < found[kind].All.Count; place++)
                all.Add((found[kind].All[place].Rank, (PaletteKind)kind, place, found[kind].All[place].Item));
        }

        var chosen = all.OrderBy(match => match.Place >= Share).ThenBy(match => match.Rank).ThenBy(match => match.Kind).ThenBy(match => match.Place).Take(MaxHits);
        return [.. chosen.OrderBy(match => match.Rank).ThenBy(match => match.Kind).ThenBy(match => match.Place).Select(match => Hit(match.Item, nowMs))];
    }

    private static PaletteHit Hit(object item, long nowMs) => item switch
    {
        PodInfo pod => new PaletteHit(PaletteKind.Pod, pod.FullName, Join(Ips(pod), pod.Node, pod.IsTerminating ? "terminating" : pod.Phase), Of(pod)),
        ServiceInfo service => new PaletteHit(PaletteKind.Service, service.Key.ToString(), service.Headless ? "headless" : string.Join(", ", service.ClusterIps), ServicesUrl.Page(service.Key.Namespace, service.Key.Name)),
        NodeInfo node => new PaletteHit(PaletteKind.Node, node.Name, Join(string.Join(", ", node.Addresses.Take(2)), node.Reachable ? "" : "NotReady"), NodesUrl.Page(node.Name)),
        Termination ended => new PaletteHit(PaletteKind.EndedPod, $"{ended.Namespace}/{ended.Pod}", Join(ended.PodIp.ToString(), ended.Node, Ended(ended.DeletedMs!.Value, nowMs)), Of(ended.Uid, ended.PodIp, ended.DeletedMs.Value)),
        OwnerSpan owner => new PaletteHit(PaletteKind.EndedPod, owner.FullName, Join($"had {owner.Ip}", owner.Node, Ended(owner.ToMs!.Value, nowMs)), Of(owner.PodUid, owner.Ip, owner.ToMs.Value)),
        Ip ip => new PaletteHit(PaletteKind.Address, ip.ToString(), "single resets from or to this address", $"{ResetsState.Path}?range=1h&q={Uri.EscapeDataString(ip.ToString())}"),
        _ => (PaletteHit)item,
    };

    private static string Of(PodInfo pod) => Live(pod is { HostNetwork: false, Ips.Count: > 0 } ? pod.Ip.ToString() : null, pod.HostNetwork || pod.Ips.Count == 0 ? pod.Uid : null).ToUrl();

    // A link to a window: the live view no longer has the pod some minutes later.
    private static string Of(string uid, Ip ip, long endMs) => Live(ip.IsNone ? null : ip.ToString(), uid).Between(endMs - BeforeMs, endMs + AfterMs).ToUrl();

    private static LiveState Live(string? ip, string? uid) => new(LiveState.Presets[1].Ms, null, ip, uid, null, null, null, null, false, false);

    private static string Ips(PodInfo pod) => pod.HostNetwork ? "host network" : string.Join(", ", pod.Ips.Take(2));

    private static string Ended(long atMs, long nowMs) => $"ended {Text.DisplayText.Ago(nowMs - atMs)}";

    private static string Join(params string[] parts) => string.Join(" · ", parts.Where(part => part.Length > 0));

    private static MatchRank Better(MatchRank one, MatchRank other) => one < other ? one : other;
}
