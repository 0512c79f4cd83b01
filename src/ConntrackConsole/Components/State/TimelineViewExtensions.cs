using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.State;

/// <summary>Derived values of a timeline view.</summary>
internal static class TimelineViewExtensions
{
    // A range that ends within this time before now is covered by live data.
    private const long LiveCoverageMs = 60_000;

    /// <summary>The last known value of a series, or null if the view ends in a gap.</summary>
    public static int? Last(this TimelineView view, int[] series) => LaneOrder.Last(series, view.FromMs, view.StepMs, view.Columns, view.NowMs);

    /// <summary>
    /// Whether the range has any data. Without data and without a filter it has no lane, or only unknown columns;
    /// its zeros then mean unknown.
    /// </summary>
    public static bool HasRecords(this TimelineView view) =>
        view.Nodes.Count > 0
        && (view.Services.Count == 0
            ? view.ToMs >= view.NowMs - LiveCoverageMs || view.Terminations.Count > 0 || Sum(view.Resets.UnNated) + Sum(view.Resets.FromBackend) + Sum(view.Resets.Other) > 0
            : view.Services.Any(lane => lane.HadEntries || lane.Sum?.Entries.Any(count => count >= 0) == true || lane.Backends.Any(backend => backend.Entries.Any(count => count >= 0))));

    public const string CommandsCapability = "commands";

    /// <summary>The collector was started with --observe-only and rejects all commands.</summary>
    public static bool ObserveOnly(this NodeHealth node) => node.Capabilities.Any(capability => capability is { Name: CommandsCapability, Available: false });

    public static int Sum(int[] series) => series.Sum(value => Math.Max(0, value));

    /// <summary>The lanes to draw, of those with their backends: <see cref="LaneOrder"/>.</summary>
    public static IReadOnlyList<ServiceLane> Lanes(this TimelineView view, int maxLanes) => [.. LaneOrder.First(view.Services, maxLanes, view.Last)];
}
