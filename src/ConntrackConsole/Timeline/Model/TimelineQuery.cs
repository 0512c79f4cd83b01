namespace ConntrackConsole.Timeline.Model;

/// <summary>Asks for a window, reduced to columns. Filters that are null let everything through.</summary>
/// <param name="Columns">1 to <see cref="MaxColumns"/>: about one a pixel.</param>
public sealed record TimelineQuery(
    long FromMs, long ToMs, int Columns, string? Namespace = null, string? Service = null, string? Node = null)
{
    public const int MaxColumns = 4096;
}
