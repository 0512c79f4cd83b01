using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.NodeCounters;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>
/// What the timeline contained at one moment. Immutable: the heads of the nodes are of that moment, and steps after a node's head are
/// not known in it. The groups' series are taken when they are asked for, each address in some microseconds of the store's lock, because
/// no query needs all of them.
/// </summary>
internal sealed class TimelineSnapshot(
    TimelineStore store, NodeHead?[] heads, int[] order, IReadOnlyList<GapSpan> gaps, IReadOnlyList<ReportedSetting> settings)
{
    /// <summary>Nodes by slot; null where none is.</summary>
    public NodeHead?[] Heads => heads;

    /// <summary>Of all snapshots of the store.</summary>
    public long Number { get; init; }

    /// <summary>From when on something changed since a former snapshot.</summary>
    public long ChangedSince(long former) => store.ChangedBetween(former, Number);

    /// <summary>Another one after a virtual address appeared or was forgotten.</summary>
    public long VipsVersion { get; init; }

    /// <summary>By name.</summary>
    public IEnumerable<NodeHead> Nodes => order.Select(slot => heads[slot]!);

    public int Count => order.Length;

    public IReadOnlyList<GapSpan> Gaps => gaps;

    public IReadOnlyList<ReportedSetting> Settings => settings;

    public NodeHead? Node(string name) => heads.FirstOrDefault(head => head?.Name == name);

    /// <summary>The virtual addresses with entries within memory: of all nodes, or of one.</summary>
    public IReadOnlyCollection<VirtualAddress> Vips(string? node) => store.Vips(node);

    /// <summary>The groups of a virtual address, with the nodes of this snapshot.</summary>
    public List<CapturedGroup> At(in VirtualAddress vip) => store.Capture(vip, heads.Length);

    /// <summary>The groups of a virtual address; only their keys and states may be read.</summary>
    /// <param name="into">Is replaced by a longer one if it is too short.</param>
    /// <returns>How many there are.</returns>
    public int Groups(in VirtualAddress vip, ref ClusterGroup[] into) => store.Groups(vip, ref into);

    /// <summary>The groups that lead to an address; only their keys and states may be read.</summary>
    /// <param name="into">Is replaced by a longer one if it is too short.</param>
    /// <returns>How many there are.</returns>
    public int Groups(Ip backend, ref ClusterGroup[] into) => store.Groups(backend, ref into);

    /// <summary>A group, with the nodes of this snapshot; null if it has none.</summary>
    public CapturedGroup? Of(in GroupKey key) => store.Capture(key, heads.Length);

    /// <summary>The sum of an address over all nodes, second by second of the console's clock.</summary>
    public void ReadSum(in VirtualAddress vip, long firstSecond, Span<SumChange> values) => store.ReadSum(vip, firstSecond, values);

    /// <summary>What the sum of an address was within some seconds, without its values.</summary>
    public SumPresence Presence(in VirtualAddress vip, long firstSecond, long endSecond) => store.Presence(vip, firstSecond, endSecond);

    /// <summary>Changes the seconds of a sum in which nodes with entries of the address did not report.</summary>
    /// <param name="absent">By slot.</param>
    public void AddAbsent(in VirtualAddress vip, AbsentNode[] absent, long firstSecond, Span<SumChange> values) =>
        store.AddAbsent(vip, absent, firstSecond, values);

    /// <summary>The groups that lead to an address.</summary>
    public List<CapturedGroup> To(Ip backend) => store.Capture(backend, heads.Length);

    /// <summary>Adds what the nodes, or one, counted.</summary>
    public void ReadCounters(string? node, CounterLaneBuilder into) => store.ReadCounters(node, into);

    /// <summary>The resets that are kept individually, in the order in which they were reported.</summary>
    public IReadOnlyList<ResetDeduplicator.Report> Resets() => store.KeptResets();

    /// <summary>Since when all resets are kept individually; 0 as far as memory reaches.</summary>
    public long ResetsCompleteSinceMs => store.ResetsCompleteSinceMs;

    /// <summary>The addresses of Services with resets that are kept individually.</summary>
    public IReadOnlyCollection<VirtualAddress> ResetVips() => store.ResetVips();

    /// <summary>The resets of flows to some addresses, of those that are kept individually.</summary>
    public IReadOnlyList<ResetDeduplicator.Report> Resets(IEnumerable<VirtualAddress> vips) => store.KeptResets(vips);

    /// <summary>Counts of resets by kind, second by second; null where there was none.</summary>
    public int[]?[] ResetSeconds(long fromSecond, long toSecond) => store.ResetSeconds(fromSecond, toSecond);
}

/// <summary>A group and its series on the nodes that have it.</summary>
internal sealed record CapturedGroup(GroupKey Key, CapturedSeries[] Members);

/// <param name="Slot">The node.</param>
/// <param name="Now">The current counts.</param>
internal readonly record struct CapturedSeries(int Slot, StepSlice Steps, StateCounts Now);
