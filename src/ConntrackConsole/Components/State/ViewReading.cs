using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Components.State;

/// <summary>Values of a view at its end.</summary>
internal static class ViewReading
{
    // A frame comes a second after its moment; what is unknown for longer is a gap and must not be read as the last value.
    private const long ToldAfterMs = 3_000;

    // A range that ends later than this touches the present, of which the nodes tell.
    private const long PastMs = 60_000;

    /// <summary>The last value that is known of a series, or null where the end of the view is a gap.</summary>
    public static int? Last(this TimelineView view, int[] series)
    {
        int end = Math.Min(Math.Min(view.Columns, series.Length) - 1, (int)((view.NowMs - view.FromMs) / Math.Max(1, view.StepMs)));
        int oldest = end - (int)(ToldAfterMs / Math.Max(1, view.StepMs)) - 1;
        for (int i = end; i >= Math.Max(0, oldest); i--)
        {
            if (series[i] >= 0)
                return series[i];
        }

        return null;
    }

    /// <summary>A collector whose connection stands but who tells nothing is as good as away.</summary>
    public static bool Reports(this NodeHealth node, long nowMs) => node.Connected && nowMs - node.LastFrameMs <= 5_000;

    /// <summary>
    /// Anybody told anything of this range. Without a filter a range of which nobody told has no lane at all, or nothing
    /// but unknown columns: then its zeros mean nothing.
    /// </summary>
    public static bool HasRecords(this TimelineView view) =>
        view.Nodes.Count > 0
        && (view.Services.Count == 0
            ? view.ToMs >= view.NowMs - PastMs || view.Terminations.Count > 0 || Sum(view.Resets.UnNated) + Sum(view.Resets.FromBackend) + Sum(view.Resets.Other) > 0
            : view.Services.Any(lane => lane.Backends.Any(backend => backend.Entries.Any(count => count >= 0))));

    public const string Commands = "commands";

    /// <summary>Its collector was started with --observe-only: it refuses every command.</summary>
    public static bool ObserveOnly(this NodeHealth node) => node.Capabilities.Any(capability => capability is { Name: Commands, Available: false });

    public static int Sum(int[] series) => series.Sum(value => Math.Max(0, value));

    public static bool HasStale(this TimelineView view, ServiceLane lane) => lane.Backends.Any(backend => view.Last(backend.Stale) > 0);

    /// <summary>The lanes to draw: those with stale entries first, then by name; quiet ones give way where there is no room.</summary>
    public static IReadOnlyList<ServiceLane> Lanes(this TimelineView view, int most)
    {
        var ordered = view.Services
            .OrderByDescending(view.HasStale).ThenBy(lane => lane.Namespace, StringComparer.Ordinal).ThenBy(lane => lane.Name, StringComparer.Ordinal)
            .ThenBy(lane => lane.Port).ThenBy(lane => lane.Vip, StringComparer.Ordinal);
        return [.. ordered.OrderBy(lane => view.HasStale(lane) || lane.Backends.Any(backend => backend.Entries.Any(value => value > 0)) ? 0 : 1).Take(most)];
    }
}
