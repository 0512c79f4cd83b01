namespace ConntrackConsole.Timeline.Model;

/// <summary>A query for a window, reduced to columns. Filters that are null match everything.</summary>
/// <param name="Columns">1 to <see cref="MaxColumns"/>: about one per pixel.</param>
/// <param name="Lanes">
/// Of how many Services the backends are read, those with stale entries first (<see cref="LaneOrder"/>); of all others only their sum.
/// Null: of all.
/// </param>
internal sealed record TimelineQuery(
    long FromMs, long ToMs, int Columns, string? Namespace = null, string? Service = null, string? Node = null, int? Lanes = null)
{
    public const int MaxColumns = 4096;

    /// <summary>The lanes of which the backends are read, instead of <see cref="Lanes"/>: their <see cref="ServiceLane.Place"/>, one a line.</summary>
    public string? Chosen { get; init; }

    /// <summary>
    /// Columns only of the backends that are read: no sums. Of the other Services a page draws nothing; of them only
    /// <see cref="ServiceLane.HadEntries"/> is found out.
    /// </summary>
    public bool OmitsSums { get; init; }

    /// <summary>With what the nodes counted: <see cref="TimelineView.Counters"/>.</summary>
    public bool HasCounters { get; init; }
}
