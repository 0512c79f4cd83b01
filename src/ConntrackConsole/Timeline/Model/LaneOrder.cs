namespace ConntrackConsole.Timeline.Model;

/// <summary>Which lanes are shown first.</summary>
internal static class LaneOrder
{
    // A frame arrives about a second late; a longer gap at the end is unknown and must not show the value before it.
    private const long MaxReportDelayMs = 3_000;

    /// <summary>Lanes with stale entries first, then by name; lanes without entries are dropped first.</summary>
    /// <param name="last">The last known value of a series.</param>
    public static IEnumerable<ServiceLane> First(IEnumerable<ServiceLane> lanes, int max, Func<int[], int?> last)
    {
        var ordered = lanes
            .Select(lane => (Lane: lane, HasStale: HasStale(lane, last)))
            .OrderByDescending(item => item.HasStale).ThenBy(item => item.Lane.Namespace, StringComparer.Ordinal).ThenBy(item => item.Lane.Name, StringComparer.Ordinal)
            .ThenBy(item => item.Lane.Port).ThenBy(item => item.Lane.Vip, StringComparer.Ordinal);
        return ordered.OrderBy(item => item.HasStale || HasEntries(item.Lane) ? 0 : 1).Select(item => item.Lane).Take(max);
    }

    public static bool HasStale(ServiceLane lane, Func<int[], int?> last) => lane.Backends.Any(backend => last(backend.Stale) > 0);

    /// <summary>The last known value of a series, or null if it ends in a gap.</summary>
    public static int? Last(int[] series, long fromMs, long stepMs, int columns, long nowMs)
    {
        stepMs = Math.Max(1, stepMs);
        int end = Math.Min(Math.Min(columns, series.Length) - 1, (int)((nowMs - fromMs) / stepMs));
        int oldest = end - (int)(MaxReportDelayMs / stepMs) - 1;
        for (int i = end; i >= Math.Max(0, oldest); i--)
        {
            if (series[i] >= 0)
                return series[i];
        }

        return null;
    }

    private static bool HasEntries(ServiceLane lane) =>
        lane.HadEntries || (lane.Sum is { } sum && IsAbove(sum.Entries, 0)) || lane.Backends.Any(backend => IsAbove(backend.Entries, 0));

    private static bool IsAbove(int[] series, int value) => series.AsSpan().ContainsAnyInRange(value + 1, int.MaxValue);
}
