
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>A list that was shown: the only thing that a flush can delete.</summary>
internal sealed record FlushList(Ip PodIp, FlushFilter Choice, IReadOnlyList<Flow> Flows, string Digest, long PreviewedAtMs);

/// <summary>
/// The lists that were shown, for a quarter of an hour: so long a second person may take to approve. Each is used up by its
/// flush. Bounded; where there are too many the oldest are forgotten, whose flush is then refused. Any thread.
/// </summary>
internal sealed class PreviewLists
{
    public const long LifeMs = 15 * 60 * 1000;
    private const int Most = 64;
    private const int MaxEntries = 5 * FlushGuard.MaxApprovedEntries;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, FlushList> _lists = [];

    /// <summary>False where there is one with this id.</summary>
    public bool TryKeep(string previewId, FlushList list)
    {
        lock (_lock)
        {
            if (!_lists.TryAdd(previewId, list))
                return false;
            var others = _lists.Where(each => each.Key != previewId).OrderBy(each => each.Value.PreviewedAtMs).ToList();
            int entries = _lists.Values.Sum(each => each.Flows.Count);
            foreach (var (id, old) in others)
            {
                if (old.PreviewedAtMs + LifeMs >= list.PreviewedAtMs && _lists.Count <= Most && entries <= MaxEntries)
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
            return previewId is not null && _lists.TryGetValue(previewId, out var list) && list.PreviewedAtMs + LifeMs >= nowMs ? list : null;
    }

    public void UseUp(string previewId)
    {
        lock (_lock)
            _lists.Remove(previewId);
    }
}
