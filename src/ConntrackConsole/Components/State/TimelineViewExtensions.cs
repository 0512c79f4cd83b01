using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.State;

/// <summary>Derived values of a timeline view.</summary>
internal static class TimelineViewExtensions
{
    // A frame arrives about a second late; a longer gap at the end is unknown and must not show the value before it.
    private const long MaxReportDelayMs = 3_000;

    // A range that ends within this time before now is covered by live data.
    private const long LiveCoverageMs = 60_000;

    /// <summary>The last known value of a series, or null if the view ends in a gap.</summary>
    public static int? Last(this TimelineView view, int[] series)
    {
        int end = Math.Min(Math.Min(view.Columns, series.Length) - 1, (int)((view.NowMs - view.FromMs) / Math.Max(1, view.StepMs)));
        int oldest = end - (int)(MaxReportDelayMs / Math.Max(1, view.StepMs)) - 1;
        for (int i = end; i >= Math.Max(0, oldest); i--)
        {
            if (series[i] >= 0)
                return series[i];
        }

        return null;
    }

    /// <summary>A collector that is connected but sends no frames counts as silent.</summary>
    public static bool Reports(this NodeHealth node, long nowMs) => node.Connected && nowMs - node.LastFrameMs <= 5_000;

    /// <summary>
    /// Whether the range has any data. Without data and without a filter it has no lane, or only unknown columns;
    /// its zeros then mean unknown.
    /// </summary>
    public static bool HasRecords(this TimelineView view) =>
        view.Nodes.Count > 0
        && (view.Services.Count == 0
            ? view.ToMs >= view.NowMs - LiveCoverageMs || view.Terminations.Count > 0 || Sum(view.Resets.UnNated) + Sum(view.Resets.FromBackend) + Sum(view.Resets.Other) > 0
            : view.Services.Any(lane => lane.Backends.Any(backend => backend.Entries.Any(count => count >= 0))));

    public const string CommandsCapability = "commands";

    /// <summary>The collector was started with --observe-only and rejects all commands.</summary>
    public static bool ObserveOnly(this NodeHealth node) => node.Capabilities.Any(capability => capability is { Name: CommandsCapability, Available: false });

    public static int Sum(int[] series) => series.Sum(value => Math.Max(0, value));

    public static bool HasStale(this TimelineView view, ServiceLane lane) => lane.Backends.Any(backend => view.Last(backend.Stale) > 0);

    /// <summary>The lanes to draw: lanes with stale entries first, then by name; lanes without entries are dropped first.</summary>
    public static IReadOnlyList<ServiceLane> Lanes(this TimelineView view, int maxLanes)
    {
        var ordered = view.Services
            .OrderByDescending(view.HasStale).ThenBy(lane => lane.Namespace, StringComparer.Ordinal).ThenBy(lane => lane.Name, StringComparer.Ordinal)
            .ThenBy(lane => lane.Port).ThenBy(lane => lane.Vip, StringComparer.Ordinal);
        return [.. ordered.OrderBy(lane => view.HasStale(lane) || lane.Backends.Any(backend => backend.Entries.Any(value => value > 0)) ? 0 : 1).Take(maxLanes)];
    }
}
