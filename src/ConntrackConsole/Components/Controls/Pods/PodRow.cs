using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Pods;

/// <summary>A pod of the view: a backend, or a pod that terminated in the range.</summary>
/// <param name="Entries">Entries in a live state at the end of the view; null if unknown.</param>
internal sealed record PodRow(string Ip, string Name, string Services, string Node, OwnerState Owner, EntryState State, int? Entries, int? Stale, TerminationSpan? End)
{
    public string Key => End?.Uid ?? Ip;

    /// <summary>The last known phase of its termination, such as "deleted".</summary>
    public string LastPhase => End is null ? "" : TerminationPhases.All.Select(phase => (phase, At: End.At(phase))).Where(step => step.At is not null).MaxBy(step => step.At).phase.Name();

    private static readonly SharedByView<bool, IReadOnlyList<PodRow>> OfViews = new((view, _) => Rows(view));

    /// <summary>The rows of a view, the most urgent first.</summary>
    public static IReadOnlyList<PodRow> From(TimelineView view) => OfViews.Of(view, true);

    private static List<PodRow> Rows(TimelineView view)
    {
        var ends = view.Terminations.Where(span => span.PodIp.Length > 0).GroupBy(span => span.PodIp)
            .ToDictionary(spans => spans.Key, spans => spans.MaxBy(span => span.DeletionRequestedMs)!);
        var backends = view.Services.SelectMany(lane => lane.Backends.Select(backend => (lane, backend))).ToLookup(pair => pair.backend.BackendIp);
        var rows = new List<PodRow>();
        foreach (var pod in backends)
        {
            var end = ends.GetValueOrDefault(pod.Key);
            var first = pod.First().backend;
            // In a window that is over: the address of a pod of another time.
            if (end is null && first.Owner != OwnerState.Live && view.ToMs < view.NowMs && pod.All(pair => !pair.backend.Entries.AsSpan().ContainsAnyExcept(-1)))
                continue;
            rows.Add(new PodRow(
                pod.Key, first.Pod ?? end?.Pod ?? pod.Key,
                string.Join(", ", pod.Select(pair => pair.lane.Name.Length > 0 ? pair.lane.Name : pair.lane.Vip).Distinct()),
                end?.Node ?? first.Node ?? "", first.Owner, Worst(pod.Select(pair => pair.backend.StateNow)),
                Total(pod.Select(pair => view.Last(pair.backend.Entries))), Total(pod.Select(pair => view.Last(pair.backend.Stale))), end));
        }

        // An address may have had several terminated owners; each gets a row.
        var shown = rows.Select(row => row.End?.Uid).ToHashSet();
        rows.AddRange(view.Terminations.Where(span => !shown.Contains(span.Uid)).DistinctBy(span => span.Uid).Select(span =>
            new PodRow(span.PodIp, $"{span.Namespace}/{span.Pod}", span.Service ?? "", span.Node, span.Owner, EntryState.Unknown, 0, backends.Contains(span.PodIp) ? 0 : span.StaleEntries, span)));
        return [.. rows.OrderByDescending(row => row.State is EntryState.Stale or EntryState.Untranslated && row.Stale > 0).ThenByDescending(row => row.End?.DeletionRequestedMs ?? 0).ThenBy(row => row.Name, StringComparer.Ordinal)];
    }

    // An unknown part makes the sum unknown.
    private static int? Total(IEnumerable<int?> counts) => counts.Aggregate((int?)0, (sum, count) => sum + count);

    private static EntryState Worst(IEnumerable<EntryState> states)
    {
        EntryState[] order =
        [
            EntryState.Stale, EntryState.Untranslated, EntryState.Reassigned, EntryState.Left, EntryState.Unready, EntryState.Draining, EntryState.Active, EntryState.Closing,
        ];
        var seen = states.ToHashSet();
        return order.FirstOrDefault(seen.Contains, EntryState.Unknown);
    }
}
