using System.Globalization;
using ConntrackConsole.Components.Controls.Timeline.Notes;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>A line of the timeline as a table: a mark of a lane, or what the values of a lane became.</summary>
/// <param name="AtMs">The time of the mark; of a value, the beginning of its column.</param>
/// <param name="Subject">What it is about: a pod, a Service, a rollout, a node, a finding; empty for all of the lane.</param>
/// <param name="Href">The page of the mark; null if it has none.</param>
internal sealed record TimelineRow(long AtMs, ChartLane Lane, string Subject, string Text, string? Href = null)
{
    // Per mille of the limit from which on a table is nearly full, as in wwwroot/js/counters.js.
    private const int NearlyFull = 800;

    private static readonly string[] Rates = ["INVALID", "INVALID, dropped by kube-proxy", "drop", "early_drop", "insert_failed"];

    /// <summary>What the chart has in the lanes that are shown, the newest first. Pure.</summary>
    /// <param name="link">Of a pod, by its address and UID, to the same view with its panel.</param>
    public static List<TimelineRow> Of(TimelineView view, ChartNotes notes, LaneChoice lanes, Func<string, string?, string> link)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(lanes);
        var rows = new List<TimelineRow>();
        foreach (var lane in lanes.Shown.Select(row => row.Lane))
            rows.AddRange(RowsOf(lane, view, notes, link).Where(row => row.AtMs >= view.FromMs && row.AtMs <= view.ToMs));
        // Those of one moment in the order of the lanes.
        return [.. rows.OrderByDescending(row => row.AtMs)];
    }

    private static IEnumerable<TimelineRow> RowsOf(ChartLane lane, TimelineView view, ChartNotes notes, Func<string, string?, string> link) => lane.Name switch
    {
        "findings" => Spans(lane, notes.Findings),
        "actions" => Spans(lane, notes.Actions),
        "settings" => Spans(lane, notes.Settings),
        "rollouts" => view.Rollouts.SelectMany(rollout => Moments(rollout).Select(moment => new TimelineRow(moment.AtMs, lane, rollout.Label(), moment.Text, RolloutsUrl.Page(rollout.Id)))),
        "pods" => view.Terminations.SelectMany(span => TerminationPhases.All.Where(phase => span.At(phase) is not null)
            .Select(phase => new TimelineRow(span.At(phase)!.Value, lane, $"{span.Namespace}/{span.Pod}", phase.Name(), link(span.PodIp, span.Uid)))),
        "restarts" => view.Restarts.Select(restart => new TimelineRow(restart.AtMs, lane, $"{restart.Namespace}/{restart.Pod}", DisplayText.Describe(restart), restart.Ip.IsNone ? null : link(restart.Ip.ToString(), null))),
        "services" => view.Services.Where(service => service is { OmitsBackends: false, Backends.Count: > 0 }).SelectMany(service => Values(lane, service, view)),
        "resets" => Resets(lane, view),
        "counters" => view.Counters is { } counters ? Counts(lane, counters, view) : [],
        "proxy" => view.Counters is { } counters ? Syncs(lane, counters, view) : [],
        "table" => view.Counters is { } counters ? Uses(lane, counters, view) : [],
        "gaps" => ShownGaps.Of(view).Select(gap => new TimelineRow(Math.Max(gap.FromMs, view.FromMs), lane, gap.Node ?? "", $"{gap.Text} ({DisplayText.Duration(Math.Min(gap.ToMs, view.ToMs) - Math.Max(gap.FromMs, view.FromMs))} of this range)")),
        _ => [],
    };

    // Each time of a bar's tooltip; its beginning where the tooltip has none.
    private static IEnumerable<TimelineRow> Spans(ChartLane lane, IReadOnlyList<ChartSpan> spans) => spans.SelectMany(span => span.Moments.Any(moment => moment.AtMs is not null)
        ? span.Moments.Where(moment => moment.AtMs is not null).Select(moment => new TimelineRow(moment.AtMs!.Value, lane, span.Label, moment.Text, span.Href))
        : [new TimelineRow(span.FromMs, lane, span.Label, string.Join("; ", span.Moments.Select(moment => moment.Text)), span.Href)]);

    private static IEnumerable<(long AtMs, string Text)> Moments(Rollout rollout)
    {
        yield return (rollout.StartedMs, rollout.IsRollback ? "rollback started" : "started");
        if (rollout.SurgedMs is { } surged)
            yield return (surged, "first new pod ready");
        if (rollout.StuckMs is { } stuck)
            yield return (stuck, "is stuck (ProgressDeadlineExceeded)");
        if (rollout.ClosedMs is { } closed)
            yield return (closed, rollout.State().Name());
    }

    // A line for each column in which the sum over the drawn backends changes.
    private static IEnumerable<TimelineRow> Values(ChartLane lane, ServiceLane service, TimelineView view)
    {
        string name = service.Name.Length > 0 ? $"{service.Namespace}/{service.Name}" : string.Create(CultureInfo.InvariantCulture, $"{service.Vip}:{service.Port}");
        (int Entries, int Stale)? before = null;
        for (int column = 0; column < Known(view); column++)
        {
            var now = (Sum(service, backend => backend.Entries, column), Sum(service, backend => backend.Stale, column));
            if (now != before && (before is not null || now != (-1, -1)))
                yield return new TimelineRow(view.FromMs + (column * view.StepMs), lane, name, now.Item1 < 0 ? "entries not known" : now.Item2 > 0 ? $"{DisplayText.Count(now.Item1, "entry", "entries")}, {now.Item2:N0} stale" : DisplayText.Count(now.Item1, "entry", "entries"));
            before = now;
        }
    }

    // -1 where a part is unknown.
    private static int Sum(ServiceLane service, Func<BackendSeries, int[]> series, int column)
    {
        int sum = 0;
        foreach (var backend in service.Backends)
        {
            if (series(backend)[column] is not (>= 0 and var count))
                return -1;
            sum += count;
        }

        return sum;
    }

    private static IEnumerable<TimelineRow> Resets(ChartLane lane, TimelineView view)
    {
        foreach (var (kind, counts) in ((string, int[])[])[("un-NATed", view.Resets.UnNated), ("from the backend", view.Resets.FromBackend), ("other", view.Resets.Other)])
        {
            for (int column = 0; column < counts.Length; column++)
            {
                if (counts[column] > 0)
                    yield return new TimelineRow(view.FromMs + (column * view.StepMs), lane, "", $"{DisplayText.Count(counts[column], "reset")}, {kind}");
            }
        }
    }

    // Where a rate changes: columns within ten seconds have the same value.
    private static IEnumerable<TimelineRow> Counts(ChartLane lane, CounterLanes counters, TimelineView view)
    {
        for (int kind = 0; kind < Rates.Length; kind++)
        {
            int before = 0;
            int[] values = counters.Rates[kind];
            for (int column = 0; column < values.Length; before = values[column], column++)
            {
                if (values[column] != before && (values[column] > 0 || before > 0))
                    yield return new TimelineRow(view.FromMs + (column * view.StepMs), lane, Rates[kind], values[column] < 0 ? "not known" : string.Create(CultureInfo.InvariantCulture, $"{values[column] / 1_000d:0.##} packets a second"));
            }
        }
    }

    private static IEnumerable<TimelineRow> Syncs(ChartLane lane, CounterLanes counters, TimelineView view)
    {
        foreach (var failure in counters.Failures)
            yield return new TimelineRow(failure.AtMs, lane, failure.Node, $"{DisplayText.Count(failure.Count, "sync")} of kube-proxy failed within 10 s");
        int[] lag = counters.SyncLag.Values;
        for (int column = 0, end; column < lag.Length; column = end)
        {
            for (end = column + 1; end < lag.Length && (lag[end] > 0) == (lag[column] > 0); end++)
            {
            }

            if (lag[column] <= 0)
                continue;
            int most = Enumerable.Range(column, end - column).MaxBy(at => lag[at]);
            yield return new TimelineRow(view.FromMs + (column * view.StepMs), lane, Node(counters, counters.SyncLag, most), $"rules begin to lag, up to {DisplayText.Duration(lag[most])}");
        }
    }

    private static IEnumerable<TimelineRow> Uses(ChartLane lane, CounterLanes counters, TimelineView view)
    {
        int[] use = counters.TableUse.Values;
        for (int column = 0; column < use.Length; column++)
        {
            int before = column > 0 ? use[column - 1] : -1;
            if (use[column] >= NearlyFull && before < NearlyFull)
                yield return new TimelineRow(view.FromMs + (column * view.StepMs), lane, Node(counters, counters.TableUse, column), string.Create(CultureInfo.InvariantCulture, $"conntrack table at {use[column] / 10d:0.#} % of its limit"));
            else if (use[column] is >= 0 and < NearlyFull && before >= NearlyFull)
                yield return new TimelineRow(view.FromMs + (column * view.StepMs), lane, "", "every conntrack table below 80 % again");
        }
    }

    private static string Node(CounterLanes counters, GaugeLane gauge, int column) => gauge.Nodes[column] is >= 0 and var index && index < counters.Names.Count ? counters.Names[index] : "";

    // Columns that have begun.
    private static int Known(TimelineView view) => (int)Math.Clamp((view.NowMs - view.FromMs) / view.StepMs, 0, view.Columns);
}
