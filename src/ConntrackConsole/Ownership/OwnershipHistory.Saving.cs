

using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Ownership;

/// <summary>What changed since it was last saved, in order.</summary>
public sealed partial class OwnershipHistory
{
    /// <summary>How many changes wait to be saved at most: past it the oldest are lost, and counted.</summary>
    public const int MaxUnsaved = 2_000_000;

    private readonly Queue<(object Span, bool IsNew)> _unsaved = new();
    private bool _keeps;

    /// <summary>Changes that were never saved because saving failed for too long.</summary>
    public long Unsavable { get; private set; }

    /// <summary>Somebody saves what changes: from here on it is noted.</summary>
    public void KeepChanges() => _keeps = true;

    /// <summary>The oldest changes that are not saved; a span that is not new was saved, or comes earlier in the same list.</summary>
    public List<(object Span, bool IsNew)> Unsaved(int most)
    {
        lock (_unsaved)
            return [.. _unsaved.Take(most)];
    }

    /// <summary>The first ones of <see cref="Unsaved"/> are saved.</summary>
    public void Saved(int count)
    {
        lock (_unsaved)
        {
            for (count = Math.Min(count, _unsaved.Count); count > 0; count--)
                _unsaved.Dequeue();
            if (_unsaved.Count == 0)
                _unsaved.TrimExcess();
        }
    }

    /// <summary>What was saved, oldest end first, open ones last; before the first <see cref="Begin"/>.</summary>
    /// <param name="watchedUntilMs">Until when the cluster was followed, as far as these reach.</param>
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

    /// <summary>What ended before this moment was not restored.</summary>
    public void CompleteOnlySince(long ms) => _owners.CompleteOnlySince(ms);

    // A clock that was set back must not bring spans out of order: what holds now began after what held before.
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
        if (span is null || !_keeps)
            return;
        lock (_unsaved)
        {
            _unsaved.Enqueue((span, isNew));
            if (_unsaved.Count <= MaxUnsaved)
                return;
            _unsaved.Dequeue();
            Unsavable++;
        }
    }
}
