namespace ConntrackConsole.Timeline.Model;

/// <summary>Which lanes are shown first.</summary>
internal static class LaneOrder
{
    // A frame arrives about a second late; a longer gap at the end is unknown and must not show the value before it.
    private const long MaxReportDelayMs = 3_000;

    /// <summary>Lanes with stale entries first, then by name; lanes without entries are dropped first.</summary>
    /// <param name="last">The last known value of a series.</param>
    public static IReadOnlyList<ServiceLane> First(IEnumerable<ServiceLane> lanes, int max, Func<int[], int?> last)
    {
        ArgumentNullException.ThrowIfNull(lanes);
        var first = new List<(int Rank, ServiceLane Lane)>();
        // Of a thousand lanes some are drawn: only these are sorted.
        foreach (var lane in lanes)
        {
            var item = (HasStale(lane, last) ? 0 : HasEntries(lane) ? 1 : 2, lane);
            if (first.Count >= max && (max == 0 || Compare(item, first[^1]) >= 0))
                continue;
            if (first.Count >= max)
                first.RemoveAt(first.Count - 1);
            int at = first.Count;
            if (at > 0 && Compare(item, first[^1]) < 0)
                at = PlaceOf(item, first);
            first.Insert(at, item);
        }

        return first.ConvertAll(item => item.Lane);
    }

    // After those that are equal.
    private static int PlaceOf((int Rank, ServiceLane Lane) item, List<(int Rank, ServiceLane Lane)> sorted)
    {
        int from = 0, end = sorted.Count;
        while (from < end)
        {
            int middle = (from + end) / 2;
            if (Compare(item, sorted[middle]) < 0)
                end = middle;
            else
                from = middle + 1;
        }

        return from;
    }

    private static int Compare((int Rank, ServiceLane Lane) a, (int Rank, ServiceLane Lane) b) =>
        a.Rank.CompareTo(b.Rank) is var rank and not 0 ? rank
        : string.CompareOrdinal(a.Lane.Namespace, b.Lane.Namespace) is var space and not 0 ? space
        : string.CompareOrdinal(a.Lane.Name, b.Lane.Name) is var name and not 0 ? name
        : a.Lane.Port.CompareTo(b.Lane.Port) is var port and not 0 ? port : string.CompareOrdinal(a.Lane.Vip, b.Lane.Vip);

    public static bool HasStale(ServiceLane lane, Func<int[], int?> last) => lane.Backends.Count > 0 && lane.Backends.Any(backend => last(backend.Stale) > 0);

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
