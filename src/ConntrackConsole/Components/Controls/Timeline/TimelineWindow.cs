namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>
/// The columns of a view: aligned to whole steps of Unix time, so that a value stays in its column while the live view
/// moves, and at most one per pixel of the plot.
/// </summary>
internal readonly record struct TimelineWindow(long FromMs, long ToMs, long StepMs)
{
    private static readonly long[] Steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400];

    public int Columns => (int)((ToMs - FromMs) / StepMs);

    public static TimelineWindow For(long rangeMs, long toMs, int plotWidth)
    {
        int maxColumns = Math.Clamp(plotWidth, 60, 4000);
        long step = Steps.Select(seconds => seconds * 1000).FirstOrDefault(step => rangeMs / step <= maxColumns, 86_400_000);
        long to = (toMs + step - 1) / step * step;
        long columns = Math.Max(1, (rangeMs + step - 1) / step);
        return new TimelineWindow(to - columns * step, to, step);
    }
}
