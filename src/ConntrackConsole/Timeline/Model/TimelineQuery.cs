namespace ConntrackConsole.Timeline.Model;

/// <summary>A query for a window, reduced to columns. Filters that are null match everything.</summary>
/// <param name="Columns">1 to <see cref="MaxColumns"/>: about one per pixel.</param>
internal sealed record TimelineQuery(
    long FromMs, long ToMs, int Columns, string? Namespace = null, string? Service = null, string? Node = null)
{
    public const int MaxColumns = 4096;
}
