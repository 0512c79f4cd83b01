using ConntrackConsole.Timeline.Blocks;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>
/// Which minutes of which nodes have frames that are not in a block yet. Each entry stores the row of the first frame that
/// created it, so that one number (<see cref="RolledUpToId"/>) defines where a restart resumes: everything after it is rolled up
/// again.
/// </summary>
internal sealed class RollupQueue
{
    // A frame closes the interval before it, and makes the time after it known up to the next key frame.
    private const long BeforeMs = 3_000;
    private const long AfterMs = 61_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, SortedDictionary<long, long>> _nodes = [];
    private readonly SortedDictionary<long, long> _services = [];

    // How many nodes have a minute in the queue: with thousands of nodes, each answer would look at all of them.
    private readonly SortedDictionary<long, int> _openNodes = [];
    private long _seenId;
    private long _rolledUpEndMs;

    /// <summary>The end of the last minute that is in the Services' blocks.</summary>
    public long RolledUpEndMs => Volatile.Read(ref _rolledUpEndMs);

    public void SetRolledUpTo(long endMs)
    {
        lock (_lock)
            _rolledUpEndMs = Math.Max(_rolledUpEndMs, endMs);
    }

    /// <summary>Frames that were stored in one transaction.</summary>
    /// <param name="firstId">At most the first of their rows.</param>
    /// <param name="lastId">The last stored row.</param>
    public void Stored(IEnumerable<(string Node, long AtMs)> frames, long firstId, long lastId)
    {
        ArgumentNullException.ThrowIfNull(frames);
        lock (_lock)
        {
            foreach (var (node, atMs) in frames)
            {
                for (long minute = Level.MinuteOf(Math.Max(1, atMs - BeforeMs)); minute < atMs + AfterMs; minute += Level.MinuteMs)
                    Put(node, minute, firstId);
            }

            _seenId = Math.Max(_seenId, lastId);
        }
    }

    public void Touch(string node, long minute)
    {
        lock (_lock)
            Put(node, minute, _seenId + 1);
    }

    public void TouchServices(long minute)
    {
        lock (_lock)
            PutService(minute, _seenId + 1);
    }

    public List<string> Nodes
    {
        get
        {
            lock (_lock)
                return [.. _nodes.Keys];
        }
    }

    /// <summary>Takes a node's minutes that ended before a moment; each must be returned by <see cref="Failed"/> or be rolled up.</summary>
    public List<(long Minute, long FirstId)> Take(string node, long endedBeforeMs)
    {
        lock (_lock)
        {
            if (!_nodes.TryGetValue(node, out var minutes))
                return [];
            var due = minutes.Where(m => m.Key + Level.MinuteMs <= endedBeforeMs).Select(m => (m.Key, m.Value)).ToList();
            foreach (var (minute, firstId) in due)
            {
                minutes.Remove(minute);
                if (--_openNodes[minute] == 0)
                    _openNodes.Remove(minute);
                // A minute counts as rolled up only after the Services' blocks are written.
                PutService(minute, firstId);
            }

            if (minutes.Count == 0)
                _nodes.Remove(node);
            return due;
        }
    }

    public void Failed(string node, long minute, long firstId)
    {
        lock (_lock)
            Put(node, minute, firstId);
    }

    /// <summary>The minutes of Services that ended before a moment and have no open minute of a node.</summary>
    public List<(long Minute, long FirstId)> TakeServices(long endedBeforeMs, int max)
    {
        lock (_lock)
        {
            var due = _services.Where(m => m.Key + Level.MinuteMs <= endedBeforeMs && !_openNodes.ContainsKey(m.Key))
                .Take(max).Select(m => (m.Key, m.Value)).ToList();
            return due;
        }
    }

    /// <summary>Called before the blocks are read, so that frames that arrive meanwhile reopen the minute.</summary>
    public void BeginServices(long minute)
    {
        lock (_lock)
            _services.Remove(minute);
    }

    public void FailedServices(long minute, long firstId)
    {
        lock (_lock)
            PutService(minute, firstId);
    }

    /// <summary>Every frame up to this row is in blocks, once those of the current minute are written.</summary>
    public long RolledUpToId
    {
        get
        {
            lock (_lock)
            {
                long first = _seenId + 1;
                foreach (var minutes in _nodes.Values)
                {
                    foreach (long id in minutes.Values)
                        first = Math.Min(first, id);
                }

                foreach (long id in _services.Values)
                    first = Math.Min(first, id);
                return first - 1;
            }
        }
    }

    /// <summary>The first minute that is not in blocks yet, or <see cref="long.MaxValue"/>.</summary>
    public long FirstOpenMs
    {
        get
        {
            lock (_lock)
            {
                return Math.Min(_services.Count > 0 ? _services.Keys.First() : long.MaxValue, _openNodes.Count > 0 ? _openNodes.Keys.First() : long.MaxValue);
            }
        }
    }

    /// <summary>Whether a minute of an interval is not in blocks yet: of a node, or of the Services.</summary>
    /// <param name="node">Null for any node.</param>
    public bool IsOpen(string? node, long fromMs, long toMs)
    {
        lock (_lock)
        {
            IEnumerable<long> minutes = node is null ? _openNodes.Keys : _nodes.TryGetValue(node, out var own) ? own.Keys : [];
            return _services.Keys.Concat(minutes).Any(minute => minute >= fromMs && minute < toMs);
        }
    }

    private void Put(string node, long minute, long firstId)
    {
        if (!_nodes.TryGetValue(node, out var minutes))
            _nodes[node] = minutes = [];
        bool isOpen = minutes.TryGetValue(minute, out long before);
        minutes[minute] = isOpen ? Math.Min(before, firstId) : firstId;
        if (!isOpen)
            _openNodes[minute] = _openNodes.GetValueOrDefault(minute) + 1;
    }

    private void PutService(long minute, long firstId) =>
        _services[minute] = _services.TryGetValue(minute, out long before) ? Math.Min(before, firstId) : firstId;
}
