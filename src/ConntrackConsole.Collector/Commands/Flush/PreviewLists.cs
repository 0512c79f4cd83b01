using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>A previewed list of entries: a flush can delete nothing else.</summary>
/// <param name="PodIp">The pod's address.</param>
/// <param name="Filter">What selected the entries.</param>
/// <param name="Owner">The state of the address's owner at the preview.</param>
/// <param name="Flows">The entries.</param>
/// <param name="Digest">Over the entries.</param>
/// <param name="PreviewedAtMs">Milliseconds of Unix time.</param>
internal sealed record FlushList(Ip PodIp, FlushFilter Filter, OwnerState Owner, IReadOnlyList<Flow> Flows, string Digest, long PreviewedAtMs);

/// <summary>
/// Keeps previewed lists for 15 minutes, the time in which a second person can approve. A flush consumes its list. Bounded: the
/// oldest lists are removed, and their flushes are refused. Thread-safe.
/// </summary>
internal sealed class PreviewLists
{
    public const long TtlMs = 15 * 60 * 1000;
    private const int MaxLists = 64;
    private const int MaxEntries = 5 * NodeFlushGuard.MaxApprovedEntries;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, FlushList> _lists = [];

    /// <summary>False if a list with this id exists.</summary>
    public bool TryAdd(string previewId, FlushList list)
    {
        lock (_lock)
        {
            if (!_lists.TryAdd(previewId, list))
                return false;
            var others = _lists.Where(each => each.Key != previewId).OrderBy(each => each.Value.PreviewedAtMs).ToList();
            int entries = _lists.Values.Sum(each => each.Flows.Count);
            foreach (var (id, old) in others)
            {
                if (old.PreviewedAtMs + TtlMs >= list.PreviewedAtMs && _lists.Count <= MaxLists && entries <= MaxEntries)
                    break;
                _lists.Remove(id);
                entries -= old.Flows.Count;
            }

            return true;
        }
    }

    public FlushList? Find(string? previewId, long nowMs)
    {
        lock (_lock)
            return previewId is not null && _lists.TryGetValue(previewId, out var list) && list.PreviewedAtMs + TtlMs >= nowMs ? list : null;
    }

    public void Remove(string previewId)
    {
        lock (_lock)
            _lists.Remove(previewId);
    }
}
