namespace ConntrackConsole.Ownership;

/// <summary>What a history knows of a window: the spans within it, and the last one before it of each address, Service and endpoint.</summary>
/// <param name="WatchedUntilMs">Until when the cluster was watched.</param>
/// <param name="KnowsSlices">A slice was seen.</param>
internal sealed record OwnershipWindow(
    IReadOnlyList<OwnerSpan> Owners, IReadOnlyList<ServiceSpan> Services, IReadOnlyList<EndpointSpan> Endpoints, long WatchedUntilMs, bool KnowsSlices);

internal sealed partial class OwnershipHistory
{
    /// <summary>Everything that is known of a window; a diagnosis looks this far before it.</summary>
    public OwnershipWindow Within(long fromMs, long toMs)
    {
        fromMs -= SpanReader.LookbackMs;
        return new OwnershipWindow(
            Within(_owners, fromMs, toMs), Within(_services, fromMs, toMs), Within(_endpoints, fromMs, toMs), IsUnwatched(toMs) ? WatchedUntilMs : Math.Max(WatchedUntilMs, toMs), KnowsSlices);
    }

    /// <summary>A history of a window alone, without limits of its own.</summary>
    public static OwnershipHistory Of(OwnershipWindow window)
    {
        ArgumentNullException.ThrowIfNull(window);
        var history = new OwnershipHistory(int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue);
        history.Restore(InOrder(window.Owners), InOrder(window.Services), InOrder(window.Endpoints), window.WatchedUntilMs);
        history.KnowsSlices |= window.KnowsSlices;
        return history;
    }

    private static List<TSpan> Within<TKey, TSpan>(IntervalIndex<TKey, TSpan> index, long fromMs, long toMs)
        where TKey : notnull
        where TSpan : class, ISpan<TSpan> => [.. index.All.Where(span => span.FromMs <= toMs && (span.ToMs is null || span.ToMs >= fromMs))];

    // By end, open ones last.
    private static IEnumerable<TSpan> InOrder<TSpan>(IEnumerable<TSpan> spans)
        where TSpan : ISpan<TSpan> => spans.OrderBy(span => span.ToMs ?? long.MaxValue).ThenBy(span => span.FromMs);
}
