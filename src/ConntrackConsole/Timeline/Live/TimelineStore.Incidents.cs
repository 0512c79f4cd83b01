using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.NodeCounters;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>What the diagnosis reads: single resets, notes and look-ups by address, and the nodes that reported them.</summary>
internal sealed partial class TimelineStore
{
    /// <summary>Maximum number of resets, notes and look-ups of all nodes.</summary>
    public const int MaxIncidents = 200_000;

    // Of few nodes, and one in so many of a large cluster.
    private const int MaxSilent = 2;
    private const int MaxSilentShare = 50;

    private readonly HashSet<Ip> _touched = [];
    private IReadOnlySet<Ip>? _fullWatchList;
    private long _incidentsFromMs;
    private long _incidentsLimitedMs;

    /// <summary>Since when all resets, notes and look-ups are in memory; later than <see cref="FromMs"/> if there were too many.</summary>
    public long IncidentsFromMs => Volatile.Read(ref _incidentsFromMs);

    /// <summary><see cref="DrainTouched"/> would return something.</summary>
    internal bool HasTouched
    {
        get
        {
            lock (_lock)
                return _touched.Count > 0;
        }
    }

    /// <summary>The addresses of which something arrived since the last call that may need an explanation.</summary>
    internal List<Ip> DrainTouched()
    {
        lock (_lock)
        {
            if (_touched.Count == 0)
                return [];
            List<Ip> touched = [.. _touched];
            _touched.Clear();
            return touched;
        }
    }

    /// <summary>The backends with live entries that lead to no pod of their Service, or to one that left it; each once at least.</summary>
    internal IEnumerable<Ip> AstrayBackends(long nowMs)
    {
        foreach (var (group, _) in LiveGroups(nowMs))
        {
            if (_states.Of(group, nowMs).Now.NeedsExplanation())
                yield return group.Key.Backend;
        }
    }

    /// <summary>Addresses of Services that have UDP entries without a translation; those of a moment ago included.</summary>
    internal List<Ip> UntranslatedUdp(int max)
    {
        lock (_lock)
            return _index.UntranslatedUdp.Count == 0 ? [] : [.. _index.UntranslatedUdp.Keys.Take(max)];
    }

    /// <summary>
    /// The nodes of which frames stopped within a time: their networks may have failed, before anybody else notices. None if they are many: then
    /// the console, or the network to it, is late, and what it would send to all nodes because of them would make it later.
    /// </summary>
    internal List<string> SilentNodes(long sinceMs)
    {
        long nowMs = NowMs;
        lock (_lock)
            return [.. Silent(sinceMs, nowMs)?.Select(node => node.Name) ?? []];
    }

    /// <summary>
    /// Those of <see cref="SilentNodes"/> that fell silent without the end of their collector's connection, each with the time of its last frame; null if
    /// many nodes are silent.
    /// </summary>
    internal List<(string Node, long SinceMs)>? NodesFallenSilent(long sinceMs)
    {
        long nowMs = NowMs;
        lock (_lock)
            return Silent(sinceMs, nowMs) is not { } silent ? null : [.. from node in silent let fellMs = node.FellSilentMs(nowMs) where fellMs is not null select (node.Name, fellMs.Value)];
    }

    private List<NodeTimeline>? Silent(long sinceMs, long nowMs)
    {
        var found = new List<NodeTimeline>();
        foreach (var node in _nodes.Values)
        {
            if (node.IsSilent(nowMs) && node.Head.LastHeardMs >= sinceMs)
                found.Add(node);
        }

        return found.Count > MaxSilent + (_nodes.Count / MaxSilentShare) ? null : found;
    }

    /// <summary>The watch list of the collectors, if addresses had no place in it; null if it has all. Of what it lacks no entry is looked up.</summary>
    internal IReadOnlySet<Ip>? FullWatchList
    {
        get => Volatile.Read(ref _fullWatchList);
        set => Volatile.Write(ref _fullWatchList, value);
    }

    /// <summary>The live entries that a node had at each virtual address at a moment, as far as its table was known then.</summary>
    /// <param name="atMs">By the node's clock.</param>
    internal List<(VirtualAddress Vip, int Live)> EntriesOf(string node, long atMs)
    {
        lock (_lock)
        {
            var found = new Dictionary<VirtualAddress, int>();
            if (!_nodes.TryGetValue(node, out var timeline))
                return [];
            foreach (int slot in timeline.Groups)
            {
                var key = timeline.Groups[slot].Key;
                if (!key.Vip.IsNone && LiveAt(timeline.Groups[slot].Steps, atMs) is > 0 and var live)
                    found[VirtualAddress.Of(key)] = found.GetValueOrDefault(VirtualAddress.Of(key)) + live;
            }

            return [.. found.Select(pair => (pair.Key, pair.Value))];
        }
    }

    /// <summary>Everything of one address, and of the nodes that have something of it.</summary>
    /// <param name="known">Records of nodes that other addresses of the same round have needed.</param>
    internal AddressRecord RecordOf(Ip ip, NodeRecords known)
    {
        lock (_lock)
        {
            var groups = Capture(_index.To(ip), _slots.Length);
            var slots = groups.SelectMany(group => group.Members).Select(member => member.Slot).ToHashSet();
            var parts = new List<IncidentRecord>();
            foreach (var node in _nodes.Values)
            {
                if (node.Incidents.Of(ip) is not { Count: > 0 } incidents)
                    continue;
                slots.Add(node.Slot);
                parts.Add(new IncidentRecord(node.Slot, [.. incidents.Resets], [.. incidents.Notes], [.. incidents.Lookups])
                {
                    Details = [.. incidents.Details], LateAnswers = [.. incidents.LateAnswers], Closed = [.. incidents.Closed], Refusals = [.. incidents.Refusals],
                });
            }

            return new AddressRecord(ip, groups, parts, slots.ToDictionary(slot => slot, slot => known.Of(_slots[slot]!)), MovedNotes(groups, parts)) { StepsTo = StepsTo };
        }
    }

    // The counts of another address, with the clocks of their nodes.
    private IReadOnlyList<NodeSteps> StepsTo(Ip ip)
    {
        lock (_lock)
            return [.. Capture(_index.To(ip), _slots.Length).SelectMany(group => group.Members).Select(member => new NodeSteps(member.Steps, _slots[member.Slot]!.ClockOffsetMs))];
    }

    /// <summary>Nodes of which counters or kube-proxy point to a problem.</summary>
    internal List<NodeRecord> NodesUnderPressure(long fromMs)
    {
        var found = new List<NodeRecord>();
        NodeTimeline[] nodes;
        lock (_lock)
            nodes = [.. _nodes.Values];
        foreach (var portion in nodes.Chunk(Portion))
        {
            lock (_lock)
            {
                foreach (var node in portion)
                {
                    if (node.Counters is { Max: > 0 } counters && counters.Count >= 0.75 * counters.Max || node.Readings.ProxyLags || HasPressure(node, fromMs))
                        found.Add(NodeRecords.Read(node));
                }
            }
        }

        return found;
    }

    /// <summary>All groups with their steps; for a store that was built for one window.</summary>
    internal List<CapturedGroup> AllGroups()
    {
        lock (_lock)
            return Capture(_index.Groups.ToArray(), _slots.Length);
    }

    /// <summary>The introduction of a node's collector; null if it has not connected since the start.</summary>
    internal Hello? HelloOf(string node)
    {
        lock (_lock)
            return _nodes.GetValueOrDefault(node)?.Head.Hello;
    }

    /// <summary>The current settings of a node; null if it is not known.</summary>
    internal IReadOnlyDictionary<string, SettingFact>? SettingsOf(string node)
    {
        lock (_lock)
            return _nodes.GetValueOrDefault(node)?.Readings.Settings;
    }

    private static int LiveAt(StepSlice steps, long atMs)
    {
        int live = 0;
        foreach (var step in steps)
        {
            if (step.AtMs > atMs)
                break;
            live = step.Live;
        }

        return live;
    }

    private static bool HasPressure(NodeTimeline node, long fromMs)
    {
        // By index: there are a thousand nodes, and an enumerator is an object.
        var increases = node.Incidents.Increases;
        for (int i = increases.Count - 1; i >= 0; i--)
        {
            if (increases[i] is var increase && increase.AtMs >= fromMs && (increase.Drop > 0 || increase.EarlyDrop > 0 || increase.SyncFailures > 0 || increase.InvalidDropped > 0))
                return true;
        }

        return false;
    }

    // Entries of the same Service addresses that were lost or created in mid-stream: a connection may have moved between two backends.
    // Without an object for each node: there are thousands, and nearly none has something of the address.
    private List<(int Slot, FlowNote Note)> MovedNotes(List<CapturedGroup> groups, List<IncidentRecord> parts)
    {
        var vips = groups.Where(group => !group.Key.Vip.IsNone).Select(group => group.Key.Vip)
            .Concat(parts.SelectMany(part => part.Notes).Select(note => note.Dst)).ToHashSet();
        var moved = new List<(int Slot, FlowNote Note)>();
        foreach (var node in _nodes.Values)
        {
            if (node.Incidents.Count == 0)
                continue;
            foreach (var vip in vips)
            {
                if (node.Incidents.Of(vip) is not { } incidents)
                    continue;
                foreach (var note in incidents.Notes)
                {
                    if (note.Dst == vip)
                        moved.Add((node.Slot, note));
                }
            }
        }

        return moved;
    }

    private void RecordTouched(NodeTimeline timeline)
    {
        if (timeline.Incidents.Touched.Count == 0)
            return;
        _touched.UnionWith(timeline.Incidents.Touched);
        timeline.Incidents.Touched.Clear();
    }

    private void LimitIncidents(long nowMs)
    {
        if (nowMs - _incidentsLimitedMs < TrimMs || _nodes.Values.Sum(node => node.Incidents.Count) is var count && count <= MaxIncidents)
            return;
        long fromMs = Math.Max(_incidentsFromMs, nowMs - _horizonMs);
        (_incidentsFromMs, _incidentsLimitedMs) = (nowMs - (long)((nowMs - fromMs) * (0.8 * MaxIncidents / count)), nowMs);
    }
}

/// <summary>Everything that memory has of one address. Immutable; the times of nodes are by their own clocks.</summary>
/// <param name="Groups">Groups with the address as backend.</param>
/// <param name="Incidents">By node.</param>
/// <param name="Nodes">By slot: those that have something of the address.</param>
/// <param name="Moved">Notes of entries of the same Service addresses, whatever their backends.</param>
internal sealed record AddressRecord(
    Ip Ip, IReadOnlyList<CapturedGroup> Groups, IReadOnlyList<IncidentRecord> Incidents, IReadOnlyDictionary<int, NodeRecord> Nodes,
    IReadOnlyList<(int Slot, FlowNote Note)> Moved)
{
    /// <summary>The counts of another address: of an earlier pod of the same workload.</summary>
    public Func<Ip, IReadOnlyList<NodeSteps>> StepsTo { get; init; } = _ => [];
}

/// <summary>The counts of a group on one node.</summary>
/// <param name="OffsetMs">The console's clock less the node's.</param>
internal readonly record struct NodeSteps(StepSlice Steps, long OffsetMs);

/// <summary>What one node reported of an address.</summary>
internal sealed record IncidentRecord(int Slot, Reset[] Resets, FlowNote[] Notes, (long AtMs, WatchedAddress Row)[] Lookups)
{
    public (long AtMs, WatchedDetail Row)[] Details { get; init; } = [];

    public LateAnswer[] LateAnswers { get; init; } = [];

    public ServiceRefusal[] Refusals { get; init; } = [];

    /// <summary>Entries that a reset closed.</summary>
    public ClosedEntries[] Closed { get; init; } = [];
}

/// <summary>What the diagnosis knows of a node. Immutable.</summary>
/// <param name="TruncatedNotes">Frames in which not all notes, late answers or refusals fitted.</param>
/// <param name="CompleteSinceMs">Since when its resets, notes and look-ups are complete; 0 = as far as memory reaches.</param>
internal sealed record NodeRecord(NodeHead Head, CounterIncrease[] Increases, long[] TruncatedNotes, long CompleteSinceMs, NodeFacts Facts);

/// <summary>
/// The records of nodes that one round of the diagnosis has read: its addresses have entries on the same nodes, and a record is the same until
/// the node's next frame. Not thread-safe: the store of the timeline holds its lock.
/// </summary>
internal sealed class NodeRecords
{
    private readonly Dictionary<int, NodeRecord> _known = [];

    public NodeRecord Of(NodeTimeline node)
    {
        // Whatever changes a node gives it another head.
        if (!_known.TryGetValue(node.Slot, out var record) || !ReferenceEquals(record.Head, node.Head))
            _known[node.Slot] = record = Read(node);
        return record;
    }

    public static NodeRecord Read(NodeTimeline node) => new(
        node.Head, [.. node.Incidents.Increases], [.. node.Incidents.TruncatedNotes], node.Incidents.CompleteSinceMs,
        node.Readings.Facts(node.Name, node.Connected, node.Head.LastHeardMs, node.Head.Counters, node.IsTableKnown, node.HasTranslatedEntries));
}
