using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Controls.Pods;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Pages.Pods;

/// <summary>A pod of the list.</summary>
/// <param name="Ip">Its first address; empty without one.</param>
/// <param name="Ips">All its addresses.</param>
/// <param name="State">One of live, terminating, terminated; empty if the address has no known owner.</param>
/// <param name="StateText">The state with its phase.</param>
/// <param name="End">Its termination, if it has begun.</param>
/// <param name="Entries">Live entries through Services at the end of the window, over all nodes; null if not known.</param>
/// <param name="Resets">Null if not known.</param>
/// <param name="Flush">The newest flush of its address while it was the pod's.</param>
internal sealed record PodListRow(
    string Key, string Namespace, string Name, string Workload, string Ip, string Ips, string Node, string State, string StateText, long? CreatedMs, TerminationSpan? End,
    int? Entries, int? Stale, int? Resets, ActionRecord? Flush);

/// <summary>What the list is made from; all of one snapshot.</summary>
/// <param name="View">The end of the window, with the terminations of all of it.</param>
/// <param name="ToMs">End of the window.</param>
/// <param name="IsComplete">Every node reports: a pod that has no entries there has none.</param>
/// <param name="Resets">By address; null if they are not known.</param>
/// <param name="Flushes">Newest first.</param>
internal sealed record PodListFacts(ClusterMap Map, TimelineView View, long ToMs, bool IsComplete, IReadOnlyDictionary<Ip, int>? Resets, IReadOnlyList<ActionRecord> Flushes);

/// <summary>Joins the pods of the cluster, the terminations of a window, and the entries at its end. Pure.</summary>
internal static class PodList
{
    public const string Live = "live";
    public const string Terminating = "terminating";
    public const string Terminated = "terminated";

    public static IReadOnlyList<PodListRow> Of(PodListFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var counted = PodRow.From(facts.View);
        var byAddress = counted.Where(row => row.Ip.Length > 0).ToLookup(row => row.Ip);
        var ends = facts.View.Terminations.GroupBy(span => span.Uid).ToDictionary(same => same.Key, same => same.Last());
        var flushes = facts.Flushes.Where(record => record.Plan.Request.Kind == ActionKind.Flush).ToLookup(record => record.Plan.Request.Target);
        var rows = new List<PodListRow>(facts.Map.Pods.Count + counted.Count);
        // What is shown as a row of the cluster's pods.
        var shown = new HashSet<PodRow>();
        foreach (var pod in facts.Map.Pods.Values)
        {
            if (pod.CreatedMs <= facts.ToMs)
                rows.Add(Pod(pod));
        }

        foreach (var row in counted)
        {
            if (!shown.Contains(row))
                rows.Add(Other(row));
        }

        return [.. rows.OrderByDescending(row => row.Stale > 0).ThenBy(Rank).ThenByDescending(row => row.End?.DeletionRequestedMs ?? 0)
            .ThenBy(row => row.Namespace, StringComparer.Ordinal).ThenBy(row => row.Name, StringComparer.Ordinal)];

        PodListRow Pod(PodInfo pod)
        {
            var end = ends.GetValueOrDefault(pod.Uid);
            // A pod in the host network has the node's address, and so have others.
            var own = pod.HostNetwork ? [] : pod.Ips.SelectMany(ip => byAddress[ip.ToString()]).Where(row => row.End?.Uid == pod.Uid || row.Name == pod.FullName).ToList();
            shown.UnionWith(own);
            bool isKnown = !pod.HostNetwork && (own.Count > 0 || facts.IsComplete);
            string state = pod.ContainersEnded ? Terminated : pod.IsTerminating ? Terminating : Live;
            return new PodListRow(
                pod.Uid, pod.Namespace, pod.Name, WorkloadName.Of(facts.Map, pod.Uid) ?? "", pod.Ips.Count > 0 ? pod.Ip.ToString() : "", string.Join(", ", pod.Ips), pod.Node, state,
                Text(pod, state), pod.CreatedMs, end, isKnown ? Total(own, row => row.Entries) : null, isKnown ? Total(own, row => row.Stale) : null,
                pod.HostNetwork ? null : ResetsOf(pod.Ips), pod.HostNetwork ? null : FlushOf(pod.Ips.Select(ip => ip.ToString()), end?.DeletionRequestedMs ?? pod.CreatedMs, null));
        }

        // It is not in the cluster any more, or the cluster does not know its address.
        PodListRow Other(PodRow row)
        {
            var end = row.End;
            string[] name = end is null ? row.Name.Split('/', 2) : [end.Namespace, end.Pod];
            bool isNamed = name.Length == 2;
            Ip[] ips = Ip.TryParse(row.Ip, out var ip) ? [ip] : [];
            return new PodListRow(
                row.Key, isNamed ? name[0] : "", isNamed ? name[1] : row.Name, end?.Reported?.Workload is { } workload ? $"{workload.Kind}/{workload.Name}" : "", row.Ip, row.Ip, row.Node,
                end is { DeletedMs: null } ? Terminating : end is not null || row.Owner == OwnerState.Gone ? Terminated : "",
                end is null ? DisplayText.Name(row.Owner) : row.LastPhase, null, end, row.Entries, row.Stale, ResetsOf(ips),
                FlushOf([row.Ip], end?.DeletionRequestedMs ?? 0, end?.Reported?.IpReusedMs));
        }

        int? ResetsOf(IEnumerable<Ip> ips) => facts.Resets is { } resets ? ips.Sum(ip => resets.GetValueOrDefault(ip)) : null;

        ActionRecord? FlushOf(IEnumerable<string> ips, long fromMs, long? untilMs) =>
            ips.SelectMany(ip => flushes[ip]).FirstOrDefault(record => (record.StartedMs ?? record.UpdatedMs) is var atMs && atMs >= fromMs && atMs <= (untilMs ?? long.MaxValue));
    }

    public static bool Shows(PodsUrl url, PodListRow row)
    {
        ArgumentNullException.ThrowIfNull(url);
        ArgumentNullException.ThrowIfNull(row);
        return (url.Namespace is null || row.Namespace == url.Namespace)
            && (url.Node is null || row.Node == url.Node)
            && (url.State is null || url.State == row.State || (url.State == "stale" && row.Stale > 0) || (url.State == "flushed" && row.Flush is not null))
            && (url.Text is not { } text || Has(row.Name) || Has(row.Workload) || Has(row.Ips) || Has($"{row.Namespace}/{row.Name}"));

        bool Has(string value) => value.Contains(text, StringComparison.OrdinalIgnoreCase);
    }

    private static int Rank(PodListRow row) => row.State switch { Terminating => 0, Terminated => 1, Live => 2, _ => 3 };

    private static string Text(PodInfo pod, string state) => state switch
    {
        Terminated => pod.Phase,
        Terminating => Terminating,
        _ => pod.Ready || pod.Phase != "Running" ? pod.Phase : $"{pod.Phase}, not ready",
    };

    // An unknown part makes the sum unknown.
    private static int? Total(IEnumerable<PodRow> rows, Func<PodRow, int?> count) => rows.Aggregate((int?)0, (sum, row) => sum + count(row));
}
