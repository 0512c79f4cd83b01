using System.Collections.Concurrent;

namespace ConntrackConsole.Ownership;

/// <summary>
/// Spans by key, ordered by time and without overlap. One writer; readers need no lock, because the spans of a key are an
/// array that is replaced and never modified. Bounded: the oldest closed spans are dropped, and counted.
/// </summary>
internal sealed class IntervalIndex<TKey, TSpan>(int maxClosed, int maxPerKey)
    where TKey : notnull
    where TSpan : class, ISpan<TSpan>
{
    // One writer, so more locks would only use memory.
    private readonly ConcurrentDictionary<TKey, TSpan[]> _spans = new(1, 64);
    private readonly Queue<(TKey Key, TSpan Span)> _closed = new();
    private long _completeSinceMs;
    private long _forgotten;

    public int Keys => _spans.Count;

    public int Closed => _closed.Count;

    public long Forgotten => Volatile.Read(ref _forgotten);

    /// <summary>Every span that ended after this time is in the index.</summary>
    public long CompleteSinceMs => Volatile.Read(ref _completeSinceMs);

    /// <summary>Called when the last span of a key is dropped.</summary>
    public Action<TKey, TSpan>? Forgetting { get; init; }

    public ReadOnlySpan<TSpan> Of(TKey key) => _spans.TryGetValue(key, out var spans) ? spans : default;

    public IEnumerable<TSpan> All => _spans.Values.SelectMany(spans => spans);

    /// <summary>The last span of each key.</summary>
    public IEnumerable<TSpan> Last => _spans.Values.Where(spans => spans.Length > 0).Select(spans => spans[^1]);

    public TSpan? Open(TKey key) => Of(key) is [.., { ToMs: null } last] ? last : null;

    /// <summary>The span at a time.</summary>
    public TSpan? At(TKey key, long atMs) => LastUntil(key, atMs) is { } span && (span.ToMs is null || span.ToMs > atMs) ? span : null;

    /// <summary>The last span that started at or before a time, open or closed.</summary>
    public TSpan? LastUntil(TKey key, long atMs)
    {
        var spans = Of(key);
        int low = 0;
        for (int high = spans.Length; low < high;)
        {
            int middle = (low + high) >> 1;
            if (spans[middle].FromMs <= atMs)
                low = middle + 1;
            else
                high = middle;
        }

        return low == 0 ? null : spans[low - 1];
    }

    /// <summary>The spans that overlap a window, oldest first.</summary>
    public List<TSpan> Within(TKey key, long fromMs, long toMs)
    {
        var within = new List<TSpan>();
        foreach (var span in Of(key))
        {
            if (span.FromMs <= toMs && (span.ToMs is null || span.ToMs > fromMs))
                within.Add(span);
        }

        return within;
    }

    /// <summary>Adds a new span; the previous one must be closed.</summary>
    public void Add(TKey key, TSpan span)
    {
        var spans = _spans.GetValueOrDefault(key, []);
        if (spans.Length >= maxPerKey)
        {
            // An endpoint that flaps every second must not evict all others; the database keeps what is dropped here.
            CountForgotten(spans[0]);
            spans = spans[1..];
        }

        _spans[key] = [.. spans, span];
        if (span.ToMs is not null)
            Bound(key, span);
    }

    /// <summary>Closes the open span.</summary>
    /// <returns>The closed span, or null if none was open.</returns>
    public TSpan? Close(TKey key, long toMs, Unseen unseen = Unseen.None)
    {
        if (Open(key) is not { } open)
            return null;
        var closed = open.Ended(Math.Max(toMs, open.FromMs), unseen);
        var spans = _spans[key];
        _spans[key] = [.. spans[..^1], closed];
        Bound(key, closed);
        return closed;
    }

    public void CompleteOnlySince(long ms) => Volatile.Write(ref _completeSinceMs, Math.Max(ms, _completeSinceMs));

    private void Bound(TKey key, TSpan span)
    {
        _closed.Enqueue((key, span));
        while (_closed.Count > maxClosed)
            Drop();
    }

    private void Drop()
    {
        var (key, span) = _closed.Dequeue();
        if (!_spans.TryGetValue(key, out var spans) || Array.IndexOf(spans, span) is var at && at < 0)
            return;
        CountForgotten(span);
        if (spans.Length > 1)
        {
            _spans[key] = [.. spans[..at], .. spans[(at + 1)..]];
            return;
        }

        _spans.TryRemove(key, out _);
        Forgetting?.Invoke(key, span);
    }

    private void CountForgotten(TSpan span)
    {
        Volatile.Write(ref _forgotten, _forgotten + 1);
        CompleteOnlySince(span.ToMs ?? span.FromMs);
    }
}
