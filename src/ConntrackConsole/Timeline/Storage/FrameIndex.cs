using System.Runtime.InteropServices;
using ConntrackConsole.Timeline.Blocks;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>
/// In memory: which frames were stored, as runs of sequence numbers, so that a frame that is sent again is recognised long after
/// it was deleted; and the rows of the frames that are not in a pack yet, by node. Thread-safe.
/// </summary>
internal sealed class FrameIndex
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Node> _nodes = [];

    public bool Contains(string node, long run, ulong sequence)
    {
        lock (_lock)
            return _nodes.TryGetValue(node, out var frames) && frames.Runs.TryGetValue(run, out var ranges) && Find(ranges, sequence) is var at && at >= 0 && ranges[at].Last >= sequence;
    }

    /// <summary>Sequence numbers that were stored, whether or not the frames are still kept.</summary>
    public void AddRange(string node, long run, ulong first, ulong last)
    {
        lock (_lock)
            Add(Of(node), run, first, last);
    }

    /// <summary>A frame that is stored in a row of its own.</summary>
    public void Add(string node, long run, ulong sequence, long atMs, long id)
    {
        lock (_lock)
        {
            var frames = Of(node);
            Add(frames, run, sequence, sequence);
            frames.Rows.Add((id, atMs));
        }
    }

    /// <summary>The ranges that contain one of the sequence numbers of a run, each once.</summary>
    public List<(ulong First, ulong Last)> Ranges(string node, long run, ulong first, ulong last)
    {
        lock (_lock)
        {
            return _nodes.TryGetValue(node, out var frames) && frames.Runs.TryGetValue(run, out var ranges)
                ? ranges.FindAll(r => r.First <= last && r.Last >= first) : [];
        }
    }

    /// <summary>The rows of a node's frames that are not packed, from one timestamp up to another.</summary>
    public List<long> Rows(string node, long fromMs, long toMs)
    {
        lock (_lock)
        {
            var rows = new List<long>();
            if (_nodes.TryGetValue(node, out var frames))
            {
                foreach (var (id, atMs) in CollectionsMarshal.AsSpan(frames.Rows))
                {
                    if (atMs >= fromMs && atMs <= toMs)
                        rows.Add(id);
                }
            }

            return rows;
        }
    }

    /// <summary>The row of the node's last frame before a moment that is not packed.</summary>
    public (long Id, long AtMs)? LastRowBefore(string node, long beforeMs, long notBeforeMs)
    {
        lock (_lock)
        {
            (long Id, long AtMs)? last = null;
            if (!_nodes.TryGetValue(node, out var frames))
                return null;
            foreach (var row in CollectionsMarshal.AsSpan(frames.Rows))
            {
                if (row.AtMs < beforeMs && row.AtMs >= notBeforeMs && (last is null || last.Value.AtMs < row.AtMs))
                    last = row;
            }

            return last;
        }
    }

    /// <summary>The rows of a node that can be packed, by minute: the minute has ended, or its frames are rolled up.</summary>
    public List<(long MinuteMs, List<long> Rows)> Minutes(string node, long endedBeforeMs, long rolledUpToId, int max)
    {
        lock (_lock)
        {
            var minutes = new List<(long MinuteMs, List<long> Rows)>();
            if (!_nodes.TryGetValue(node, out var frames))
                return minutes;
            foreach (var (id, atMs) in CollectionsMarshal.AsSpan(frames.Rows))
            {
                if (atMs > endedBeforeMs && id > rolledUpToId)
                    continue;
                long minute = Level.MinuteOf(atMs);
                int at = minutes.Count - 1;
                while (at >= 0 && minutes[at].MinuteMs != minute)
                    at--;
                if (at < 0 && minutes.Count == max)
                    continue;
                if (at < 0)
                    minutes.Add((minute, []));
                minutes[at < 0 ? minutes.Count - 1 : at].Rows.Add(id);
            }

            return minutes;
        }
    }

    /// <summary>These rows are in a pack now.</summary>
    public void Remove(string node, List<long> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        lock (_lock)
        {
            if (!_nodes.TryGetValue(node, out var frames))
                return;
            // Both are in the order of arrival.
            int next = 0;
            frames.Rows.RemoveAll(row =>
            {
                while (next < rows.Count && rows[next] < row.Id)
                    next++;
                return next < rows.Count && rows[next] == row.Id;
            });
        }
    }

    /// <summary>A range is not stored any more. If frames have extended it since, it remains: it is stored again with them.</summary>
    public void RemoveRange(string node, long run, ulong first, ulong last)
    {
        lock (_lock)
        {
            if (!_nodes.TryGetValue(node, out var frames) || !frames.Runs.TryGetValue(run, out var ranges))
                return;
            ranges.Remove((first, last));
            if (ranges.Count == 0)
                frames.Runs.Remove(run);
            if (frames.Runs.Count == 0 && frames.Rows.Count == 0)
                _nodes.Remove(node);
        }
    }

    /// <summary>All rows up to this one are deleted.</summary>
    public void RemoveUpTo(long id)
    {
        lock (_lock)
        {
            foreach (var frames in _nodes.Values)
                frames.Rows.RemoveAll(row => row.Id <= id);
        }
    }

    /// <summary>The first row that is not in a pack; <see cref="long.MaxValue"/> if all are.</summary>
    public long FirstRow
    {
        get
        {
            lock (_lock)
            {
                long first = long.MaxValue;
                foreach (var frames in _nodes.Values)
                {
                    if (frames.Rows.Count > 0)
                        first = Math.Min(first, frames.Rows[0].Id);
                }

                return first;
            }
        }
    }

    /// <summary>The nodes that have an unpacked row up to this one.</summary>
    public List<string> NodesUpTo(long id)
    {
        lock (_lock)
            return [.. _nodes.Where(n => n.Value.Rows.Count > 0 && n.Value.Rows[0].Id <= id).Select(n => n.Key)];
    }

    /// <summary>Each node with its first unpacked timestamp at or after a moment.</summary>
    public List<(string Node, long FirstMs)> NodesSince(long sinceMs)
    {
        lock (_lock)
        {
            return
            [
                .. from node in _nodes
                   let rows = node.Value.Rows.Where(r => r.AtMs >= sinceMs).ToList()
                   where rows.Count > 0
                   select (node.Key, rows.Min(r => r.AtMs)),
            ];
        }
    }

    private Node Of(string node) => CollectionsMarshal.GetValueRefOrAddDefault(_nodes, node, out _) ??= new Node();

    private static void Add(Node frames, long run, ulong first, ulong last)
    {
        var ranges = CollectionsMarshal.GetValueRefOrAddDefault(frames.Runs, run, out _) ??= [];
        // All that touch it become one.
        int at = Find(ranges, first);
        if (at >= 0 && ranges[at].Last + 1 >= first)
            (first, last) = (ranges[at].First, Math.Max(last, ranges[at].Last));
        else
            at++;
        int end = at;
        while (end < ranges.Count && ranges[end].First <= last + 1)
            last = Math.Max(last, ranges[end++].Last);
        if (end == at + 1)
        {
            ranges[at] = (first, last);
            return;
        }

        ranges.RemoveRange(at, end - at);
        ranges.Insert(at, (first, last));
    }

    /// <returns>The last range that begins at or before a number, or -1.</returns>
    private static int Find(List<(ulong First, ulong Last)> ranges, ulong sequence)
    {
        int low = 0;
        for (int high = ranges.Count; low < high;)
        {
            int middle = (low + high) >> 1;
            if (ranges[middle].First <= sequence)
                low = middle + 1;
            else
                high = middle;
        }

        return low - 1;
    }

    private sealed class Node
    {
        public Dictionary<long, List<(ulong First, ulong Last)>> Runs { get; } = [];

        /// <summary>In the order of arrival.</summary>
        public List<(long Id, long AtMs)> Rows { get; } = [];
    }
}
