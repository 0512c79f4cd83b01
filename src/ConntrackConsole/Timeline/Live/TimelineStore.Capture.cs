using System.Buffers;
using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.NodeCounters;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>What a <see cref="TimelineSnapshot"/> consists of. Each method holds the lock for as long as it copies references.</summary>
internal sealed partial class TimelineStore
{
    // How many groups or nodes are read under one lock.
    private const int Portion = 256;

    private readonly GroupIndex _index = new();
    private readonly ChangeLog _changes = new();
    private readonly Dictionary<string, NodeTimeline> _nodes = [];
    private NodeTimeline?[] _slots = [];
    private int[]? _order;

    /// <summary>The state of this moment, for as long as the caller needs it.</summary>
    internal TimelineSnapshot Capture()
    {
        lock (_lock)
        {
            var heads = new NodeHead?[_slots.Length];
            for (int slot = 0; slot < heads.Length; slot++)
                heads[slot] = _slots[slot]?.Head;
            _order ??= [.. _nodes.OrderBy(n => n.Key, StringComparer.Ordinal).Select(n => n.Value.Slot)];
            return new TimelineSnapshot(this, heads, _order, _gaps.Spans, [.. _settings]) { VipsVersion = _index.VipsVersion, Number = _changes.Next() };
        }
    }

    /// <summary>From when on something changed between two snapshots.</summary>
    internal long ChangedBetween(long former, long snapshot)
    {
        lock (_lock)
            return _changes.Between(former, snapshot);
    }

    internal IReadOnlyCollection<VirtualAddress> Vips(string? node)
    {
        lock (_lock)
        {
            if (node is null)
                return [.. _index.Vips];
            return _nodes.TryGetValue(node, out var timeline)
                ? timeline.Groups.Slots.Select(slot => timeline.Groups[slot].Key).Where(key => !key.Vip.IsNone).Select(key => VirtualAddress.Of(key)).ToHashSet()
                : [];
        }
    }

    internal List<CapturedGroup> Capture(in VirtualAddress vip, int slots)
    {
        lock (_lock)
            return Capture(_index.At(vip), slots);
    }

    internal List<CapturedGroup> Capture(Ip backend, int slots)
    {
        lock (_lock)
            return Capture(_index.To(backend), slots);
    }

    /// <param name="into">Is replaced by a longer one if it is too short.</param>
    /// <returns>How many there are.</returns>
    internal int Groups(in VirtualAddress vip, ref ClusterGroup[] into)
    {
        lock (_lock)
            return Copy(_index.At(vip), ref into);
    }

    internal int Groups(Ip backend, ref ClusterGroup[] into)
    {
        lock (_lock)
            return Copy(_index.To(backend), ref into);
    }

    private static int Copy(ReadOnlySpan<ClusterGroup> groups, ref ClusterGroup[] into)
    {
        if (groups.Length > into.Length)
            into = new ClusterGroup[groups.Length * 2];
        groups.CopyTo(into);
        return groups.Length;
    }

    internal CapturedGroup? Capture(in GroupKey key, int slots)
    {
        lock (_lock)
            return _index.Find(key) is { } group ? Capture([group], slots)[0] : null;
    }

    internal void ReadSum(in VirtualAddress vip, long firstSecond, Span<SumChange> values)
    {
        lock (_lock)
        {
            if (_index.SumOf(vip) is { } sum)
                sum.Read(firstSecond, values);
            else
                values.Clear();
        }
    }

    internal SumPresence Presence(in VirtualAddress vip, long firstSecond, long endSecond)
    {
        lock (_lock)
            return _index.SumOf(vip)?.Presence(firstSecond, endSecond) ?? SumPresence.None;
    }

    internal void AddAbsent(in VirtualAddress vip, AbsentNode[] absent, long firstSecond, Span<SumChange> values)
    {
        long unknown = long.MaxValue;
        lock (_lock)
        {
            foreach (var group in _index.At(vip))
            {
                foreach (var (node, slot) in CollectionsMarshal.AsSpan(group.Members))
                {
                    if (node.Slot >= absent.Length || absent[node.Slot] is not { FromSecond: > 0 } from)
                        continue;
                    var (_, live, closing) = node.Groups[slot].Last;
                    if (live + closing == 0)
                        continue;
                    if (!from.HasEnded)
                    {
                        unknown = Math.Min(unknown, from.FromSecond);
                        continue;
                    }

                    for (int i = (int)Math.Clamp(from.FromSecond - firstSecond, 0, values.Length); i < values.Length; i++)
                        values[i] += new SumChange(-live, -closing, 0);
                }
            }
        }

        for (int i = (int)Math.Clamp(unknown - firstSecond, 0, values.Length); i < values.Length; i++)
            values[i] += new SumChange(0, 0, 1);
    }

    /// <summary>Adds what the nodes, or one, counted.</summary>
    internal void ReadCounters(string? node, CounterLaneBuilder into)
    {
        for (int from = 0, count = int.MaxValue; from < count; from += Portion)
        {
            lock (_lock)
            {
                count = _slots.Length;
                foreach (var timeline in _slots.AsSpan(from..Math.Min(count, from + Portion)))
                {
                    if (timeline is not null && (node is null || timeline.Name == node))
                        into.Add(timeline.Name, timeline.ClockOffsetMs, timeline.Incidents.Increases, timeline.Gauges.Runs);
                }
            }
        }
    }

    internal IReadOnlyList<ResetDeduplicator.Report> KeptResets()
    {
        lock (_lock)
            return _resets.Kept;
    }

    internal long ResetsCompleteSinceMs
    {
        get
        {
            lock (_lock)
                return _resets.CompleteSinceMs;
        }
    }

    internal IReadOnlyCollection<VirtualAddress> ResetVips()
    {
        lock (_lock)
            return [.. _resets.Vips];
    }

    internal IReadOnlyList<ResetDeduplicator.Report> KeptResets(IEnumerable<VirtualAddress> vips)
    {
        lock (_lock)
            return [.. vips.SelectMany(_resets.At)];
    }

    internal int[]?[] ResetSeconds(long fromSecond, long toSecond)
    {
        var seconds = new int[]?[Math.Max(0, toSecond - fromSecond)];
        lock (_lock)
        {
            for (int i = 0; i < seconds.Length; i++)
                seconds[i] = _resets.At(fromSecond + i);
        }

        return seconds;
    }

    /// <summary>The groups with a virtual address, and their entries in live states on the nodes that report.</summary>
    internal IEnumerable<(ClusterGroup Group, long Live)> LiveGroups(long nowMs)
    {
        ClusterGroup[] groups;
        int total;
        lock (_lock)
        {
            total = _index.Groups.Count;
            groups = ArrayPool<ClusterGroup>.Shared.Rent(total);
            _index.CopyTo(groups);
        }

        try
        {
            var live = new long[Portion];
            for (int from = 0; from < total; from += Portion)
            {
                int count = Math.Min(Portion, total - from);
                lock (_lock)
                {
                    for (int i = 0; i < count; i++)
                        live[i] = groups[from + i].Key.Vip.IsNone ? 0 : Live(groups[from + i], nowMs);
                }

                for (int i = 0; i < count; i++)
                {
                    if (live[i] > 0)
                        yield return (groups[from + i], live[i]);
                }
            }
        }
        finally
        {
            ArrayPool<ClusterGroup>.Shared.Return(groups, clearArray: true);
        }
    }

    /// <summary>The reporting nodes with live entries of a group, by name.</summary>
    internal List<string> NodesWith(GroupKey key, long nowMs)
    {
        lock (_lock)
        {
            return _index.Find(key) is { } group
                ? [.. group.Members.Where(m => !m.Node.IsSilent(nowMs) && m.Node.Groups[m.Slot].Live > 0).Select(m => m.Node.Name).Order(StringComparer.Ordinal)]
                : [];
        }
    }

    internal Dictionary<string, NodeFacts> NodeFacts()
    {
        NodeTimeline[] nodes;
        lock (_lock)
            nodes = [.. _nodes.Values];
        var facts = new Dictionary<string, NodeFacts>(nodes.Length);
        foreach (var portion in nodes.Chunk(Portion))
        {
            lock (_lock)
            {
                foreach (var node in portion)
                {
                    var head = node.Head;
                    facts[head.Name] = node.Readings.Facts(head.Name, head.Connected, head.LastHeardMs, head.Counters, node.IsTableKnown, node.HasTranslatedEntries) with
                    {
                        Ipvs = head.Ipvs,
                        HasIpvs = head.Ipvs is not null || head.Hello?.Capabilities.Any(capability => capability is { Name: Capability.Ipvs, Available: true }) == true,
                    };
                }
            }
        }

        return facts;
    }

    private static long Live(ClusterGroup group, long nowMs)
    {
        long live = 0;
        foreach (var (node, slot) in CollectionsMarshal.AsSpan(group.Members))
            live += node.IsSilent(nowMs) ? 0 : node.Groups[slot].Live;
        return live;
    }

    private static List<CapturedGroup> Capture(ReadOnlySpan<ClusterGroup> groups, int slots)
    {
        var captured = new List<CapturedGroup>(groups.Length);
        foreach (var group in groups)
        {
            var members = new CapturedSeries[group.Members.Count];
            int count = 0;
            foreach (var (node, slot) in CollectionsMarshal.AsSpan(group.Members))
            {
                // A node that is newer than the snapshot is not in it.
                if (node.Slot < slots)
                    members[count++] = new CapturedSeries(node.Slot, node.Groups[slot].Steps, node.Groups[slot].Now);
            }

            captured.Add(new CapturedGroup(group.Key, count == members.Length ? members : members[..count]));
        }

        return captured;
    }

    private NodeTimeline GetOrAdd(string node)
    {
        if (_nodes.TryGetValue(node, out var timeline))
            return timeline;
        timeline = new NodeTimeline(node, _index) { Slot = Array.IndexOf(_slots, null) };
        if (timeline.Slot < 0)
        {
            timeline.Slot = _slots.Length;
            Array.Resize(ref _slots, Math.Max(16, _slots.Length * 2));
        }

        Put(timeline);
        return timeline;
    }

    private void Put(NodeTimeline timeline)
    {
        _nodes[timeline.Name] = _slots[timeline.Slot] = timeline;
        _order = null;
    }

    // Until then its reports are as they were: a report extends the last known interval.
    private static long KnownUntilMs(NodeTimeline timeline) =>
        timeline.Known.Count == 0 ? long.MinValue : timeline.Known[timeline.Known.Count - 1].ToMs + OffsetMs(timeline);

    // The measured offset of a clock varies by some milliseconds: drawn columns are not moved for that.
    private void RecordChange(NodeTimeline timeline, long knownUntilMs, long formerOffsetMs)
    {
        bool isMoved = Math.Abs(OffsetMs(timeline) - formerOffsetMs) > NodeTimeline.SameClockMs;
        _changes.Add(isMoved || knownUntilMs == long.MinValue ? long.MinValue : knownUntilMs - (2 * NodeTimeline.SameClockMs));
    }

    private void Remove(NodeTimeline timeline)
    {
        _changes.Add(long.MinValue);
        timeline.Leave();
        _nodes.Remove(timeline.Name);
        _slots[timeline.Slot] = null;
        _order = null;
    }
}
