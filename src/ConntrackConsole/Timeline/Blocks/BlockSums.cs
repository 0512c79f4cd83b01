namespace ConntrackConsole.Timeline.Blocks;

/// <summary>Sums of series: -1, unknown, if a part is.</summary>
internal static class BlockSums
{
    public static void Add(BlockSeries series, BlockSeries into)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentNullException.ThrowIfNull(into);
        Add(series.Entries, into.Entries);
        Add(series.Closing, into.Closing);
        Add(series.Stale, into.Stale);
    }

    public static void Add(ReadOnlySpan<int> values, Span<int> into)
    {
        for (int i = 0; i < values.Length; i++)
            into[i] = (values[i] | into[i]) < 0 ? -1 : into[i] + values[i];
    }
}
