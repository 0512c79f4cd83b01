using System.Collections.Concurrent;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Timeline.Series;

/// <summary>The columns of the live windows that are asked for repeatedly, by what they have in common: width, step, filter, lanes.</summary>
internal sealed class KeptWindows
{
    /// <summary>Maximum size of all rows.</summary>
    public const long MaxBytes = 32L << 20;

    private const long UsedMs = 10_000;
    private const int MaxGroups = 5_000;

    private long _extended;

    private readonly ConcurrentDictionary<TimelineQuery, KeptColumns> _windows = new();

    /// <summary>How many answers were extended.</summary>
    public long Extended => Volatile.Read(ref _extended);

    public void CountExtended() => Interlocked.Increment(ref _extended);

    /// <summary>The same for every window that differs only in its time.</summary>
    public static TimelineQuery ShapeOf(TimelineQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return query with { FromMs = 0, ToMs = query.ToMs - query.FromMs };
    }

    public KeptColumns? Of(TimelineQuery shape) => _windows.GetValueOrDefault(shape);

    public void Keep(TimelineQuery shape, KeptColumns columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        long bytes = columns.Bytes;
        foreach (var (other, kept) in _windows)
        {
            if (columns.AtMs - kept.AtMs > UsedMs)
                _windows.TryRemove(other, out _);
            else if (other != shape)
                bytes += kept.Bytes;
        }

        if (columns.Groups.Count > MaxGroups || bytes > MaxBytes)
            _windows.TryRemove(shape, out _);
        else
            _windows[shape] = columns;
    }

    /// <summary>Everything is computed as a whole the next time.</summary>
    public void Clear() => _windows.Clear();
}
