using System.Collections.Concurrent;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Timeline.Query;

/// <summary>The stored data of a window; the rows are those of the window that was read.</summary>
internal sealed record StoredPart(
    StoredLanes Lanes, List<GapSpan> Corrupt, List<TerminationSpan> Terminations, List<Rollout> Rollouts, IReadOnlyList<GapSpan> Gaps, List<ReportedSetting> Settings,
    OwnershipHistory Owned)
{
    public List<PodRestart> Restarts { get; init; } = [];
}

/// <summary>
/// Caches the stored parts of live windows. Such a window moves twice a second while its stored data does not change: it is
/// read once every few seconds, and shifted in between.
/// </summary>
internal sealed class StoredParts(long maxBytes = StoredParts.MaxBytes)
{
    /// <summary>Maximum size of all rows.</summary>
    public const long MaxBytes = 64L << 20;

    private const long HeldMs = 3_000;
    private const int MaxParts = 256;

    private readonly ConcurrentDictionary<TimelineQuery, Held> _cached = new();
    private readonly Lock _keepLock = new();

    /// <summary>Size of all rows.</summary>
    public long Bytes => _cached.Values.Sum(held => held.Bytes);

    /// <summary>Forgets those that are too old, also while no page asks for another one.</summary>
    public void Expire(long nowMs)
    {
        foreach (var (former, old) in _cached)
        {
            if (nowMs - old.AtMs >= HeldMs)
                _cached.TryRemove(former, out _);
        }
    }

    /// <param name="query">The window, in whole steps.</param>
    /// <param name="liveMs">Where memory begins: a part that was read for another start does not fit.</param>
    public async Task<StoredPart> GetAsync(TimelineQuery query, long stepMs, long liveMs, long nowMs, Func<Task<StoredPart>> read)
    {
        // A window that does not reach the present is not requested repeatedly.
        if (query.ToMs < nowMs - (2 * stepMs))
            return await read();
        var key = query with { FromMs = 0, ToMs = query.ToMs - query.FromMs };
        if (_cached.TryGetValue(key, out var held) && held.LiveMs == liveMs && nowMs >= held.AtMs && nowMs - held.AtMs < HeldMs
            && query.FromMs >= held.FromMs && (query.FromMs - held.FromMs) % stepMs == 0 && (query.FromMs - held.FromMs) / stepMs < query.Columns)
        {
            return held.Part with { Lanes = held.Part.Lanes.Shifted((int)((query.FromMs - held.FromMs) / stepMs)) };
        }

        var part = await read();
        Keep(key, new Held(query.FromMs, liveMs, nowMs, part, part.Lanes.Bytes), nowMs);
        // Joining with memory modifies the lanes: the cached ones must stay unchanged.
        return part with { Lanes = part.Lanes.Shifted(0) };
    }

    private void Keep(TimelineQuery key, Held held, long nowMs)
    {
        lock (_keepLock)
        {
            Expire(nowMs);
            _cached.TryRemove(key, out _);
            // The others stay: more open pages than the cache holds must not make each other read again.
            if (_cached.Count < MaxParts && Bytes + held.Bytes <= maxBytes)
                _cached[key] = held;
        }
    }

    private sealed record Held(long FromMs, long LiveMs, long AtMs, StoredPart Part, long Bytes);
}
