using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Ownership;

/// <summary>Tracks the changes since the last save, in order.</summary>
internal sealed partial class OwnershipHistory
{
    /// <summary>Maximum number of unsaved changes: beyond it the oldest are dropped, and counted.</summary>
    public const int MaxUnsaved = 2_000_000;

    private readonly Queue<(object Span, bool IsNew)> _dirty = new();
    private bool _isTracking;

    /// <summary>Number of changes that were dropped because saving failed for too long.</summary>
    public long LostChanges { get; private set; }

    /// <summary>Starts to track changes for saving.</summary>
    public void TrackChanges() => _isTracking = true;

    /// <summary>The oldest unsaved changes; a span that is not new was saved before, or is earlier in the same list.</summary>
    public List<(object Span, bool IsNew)> Unsaved(int max)
    {
        lock (_dirty)
            return [.. _dirty.Take(max)];
    }

    /// <summary>Marks the first changes of <see cref="Unsaved"/> as saved.</summary>
    public void Saved(int count)
    {
        lock (_dirty)
        {
            for (count = Math.Min(count, _dirty.Count); count > 0; count--)
                _dirty.Dequeue();
            if (_dirty.Count == 0)
                _dirty.TrimExcess();
        }
    }

    /// <summary>Restores saved spans, ordered by end with open ones last; before the first <see cref="Begin"/>.</summary>
    /// <param name="watchedUntilMs">Until when the cluster was watched, as covered by these spans.</param>
    public void Restore(IEnumerable<OwnerSpan> owners, IEnumerable<ServiceSpan> services, IEnumerable<EndpointSpan> endpoints, long watchedUntilMs)
    {
        foreach (var span in owners)
        {
            if (_owners.Open(span.Ip) is null)
                _owners.Add(span.Ip, span);
        }

        foreach (var span in services)
        {
            if (_services.Open(span.Key) is not null)
                continue;
            _services.Add(span.Key, span);
            Place(span);
        }

        foreach (var span in endpoints)
        {
            if (_endpoints.Open((span.Service, span.Ip)) is not null)
                continue;
            _endpoints.Add((span.Service, span.Ip), span);
            KnowsSlices = true;
        }

        Volatile.Write(ref _watchedUntilMs, watchedUntilMs);
    }

    /// <summary>Records that spans that ended before this time were not restored.</summary>
    public void CompleteOnlySince(long ms) => _owners.CompleteOnlySince(ms);

    // If the clock jumps backwards, spans keep their order: a new span never starts before the previous one ended.
    private static long After(long? formerMs, long fromMs) => Math.Max(fromMs, formerMs ?? 0);

    private void AddOwner(OwnerSpan span)
    {
        span = span with { FromMs = After(_owners.LastUntil(span.Ip, long.MaxValue)?.ToMs, span.FromMs) };
        _owners.Add(span.Ip, span);
        Note(span, true);
    }

    private void CloseOwner(Ip ip, long toMs, Unseen unseen = Unseen.None) => Note(_owners.Close(ip, toMs, unseen), false);

    private void AddService(ServiceSpan span)
    {
        span = span with { FromMs = After(_services.LastUntil(span.Key, long.MaxValue)?.ToMs, span.FromMs) };
        _services.Add(span.Key, span);
        Place(span);
        Note(span, true);
    }

    private void CloseService(ServiceKey key, long toMs, Unseen unseen = Unseen.None) => Note(_services.Close(key, toMs, unseen), false);

    private void AddEndpoint(EndpointSpan span)
    {
        span = span with { FromMs = After(_endpoints.LastUntil((span.Service, span.Ip), long.MaxValue)?.ToMs, span.FromMs) };
        _endpoints.Add((span.Service, span.Ip), span);
        Note(span, true);
    }

    private void CloseEndpoint(ServiceKey service, Ip ip, long toMs, Unseen unseen = Unseen.None) =>
        Note(_endpoints.Close((service, ip), toMs, unseen), false);

    private void Note(object? span, bool isNew)
    {
        if (span is null || !_isTracking)
            return;
        lock (_dirty)
        {
            _dirty.Enqueue((span, isNew));
            if (_dirty.Count <= MaxUnsaved)
                return;
            _dirty.Dequeue();
            LostChanges++;
        }
    }
}
