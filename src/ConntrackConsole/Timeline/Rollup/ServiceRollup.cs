using System.Numerics;
using System.Runtime.InteropServices;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>
/// The same minute of all nodes, summed by Service. If a node with entries of the group did not report, the sum is -1. Not
/// thread-safe; its buffers are reused.
/// </summary>
internal sealed class ServiceRollup(BlockArchive blocks, TimelineStore timeline, ClusterState cluster)
{
    // A node that was silent for longer has most likely left; its entries expired long ago.
    private const long NearMs = 24 * 3_600_000L;

    private readonly Block _node = new(Level.Finest.Columns);
    private readonly Block _near = new(Level.Finest.Columns);
    private readonly Block _sums = new(Level.Finest.Columns);
    private readonly Dictionary<GroupKey, BlockSeries> _byKey = [];
    private readonly HashSet<GroupKey> _before = [];
    private readonly HashSet<GroupKey> _after = [];
    private readonly HashSet<GroupKey> _inDoubt = [];

    /// <param name="nodes">Every node that has ever reported, as far as blocks are kept.</param>
    /// <returns>
    /// By the name of the block ("" is the whole cluster), valid until the next call; and the resets of the nodes' own blocks that
    /// changed because other nodes have reported the same ones.
    /// </returns>
    public (Dictionary<string, Block> Services, Dictionary<string, List<BlockReset>> Resets) RollUp(long minuteMs, IReadOnlyCollection<string> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        var resets = ReportedResets.Deduplicate(minuteMs, blocks.Reported(minuteMs));
        var changed = new Dictionary<string, List<BlockReset>>();
        var all = new Block(Level.Finest.Columns);
        var complete = new HashSet<string>();
        _sums.Clear();
        _byKey.Clear();
        foreach (string node in blocks.ReadAll(BlockKind.Node, Level.Finest, minuteMs, _node))
        {
            for (int column = 0; column < all.Columns; column++)
                all.Known[column] |= _node.Known[column];
            foreach (var series in _node.Series)
                Add(series);
            if (resets.TryGetValue(node, out var own) && !own.SequenceEqual(_node.Resets))
                changed[node] = own;
            all.Resets.AddRange(own ?? _node.Resets);
            if (!_node.Known.Contains(false))
                complete.Add(node);
        }

        foreach (string node in nodes)
        {
            if (!complete.Contains(node))
                MarkUnknown(node, minuteMs);
        }

        return (ByService(all, minuteMs), changed);
    }

    private void Add(BlockSeries series)
    {
        if (series.Key.Vip.IsNone)
            return;
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_byKey, series.Key, out bool exists);
        if (!exists)
            sum = _sums.Add(series.Label);
        AddAll(series.Entries, sum!.Entries);
        AddAll(series.Closing, sum.Closing);
        AddAll(series.Stale, sum.Stale);
    }

    private static void AddAll(int[] values, int[] into)
    {
        int at = 0;
        for (; at <= into.Length - Vector<int>.Count; at += Vector<int>.Count)
            (new Vector<int>(into, at) + new Vector<int>(values, at)).CopyTo(into, at);
        for (; at < into.Length; at++)
            into[at] += values[at];
    }

    // Between a node's last frame and its next one: unknown for the groups that it had before or has after.
    private void MarkUnknown(string node, long minuteMs)
    {
        int columns = Level.Finest.Columns;
        var block = blocks.Read(BlockKind.Node, Level.Finest, node, minuteMs, _node) ? _node : null;
        _before.Clear();
        if (blocks.Nearest(node, minuteMs, after: false, minuteMs - NearMs, _near))
            AddPart(_before, _near, Array.LastIndexOf(_near.Known, true));
        // Before a node's first report nothing is in doubt: the rollup at that minute's own time could not know that the node
        // would report.
        else if (block is null)
            return;
        bool hasNext = (block is null || !block.Known[^1]) && blocks.Nearest(node, minuteMs, after: true, minuteMs + NearMs, _near);
        if (!hasNext && timeline.HasLeft(node))
        {
            // Only the time between two of its reports is unknown.
            columns = block is null ? 0 : Array.LastIndexOf(block.Known, true) + 1;
        }

        _after.Clear();
        if (hasNext)
            AddPart(_after, _near, Array.IndexOf(_near.Known, true));
        for (int column = 0; column < columns;)
        {
            if (block?.Known[column] == true)
            {
                column++;
                continue;
            }

            int from = column;
            while (column < columns && block?.Known[column] != true)
                column++;
            _inDoubt.Clear();
            if (from > 0)
                AddPart(_inDoubt, block!, from - 1);
            else
                _inDoubt.UnionWith(_before);
            if (column < columns && block is not null)
                AddPart(_inDoubt, block, column);
            else
                _inDoubt.UnionWith(_after);
            foreach (var key in _inDoubt)
            {
                ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_byKey, key, out bool exists);
                if (!exists)
                    sum = _sums.Add(new SeriesLabel(key, null, default, default));
                sum!.Entries.AsSpan(from, column - from).Fill(-1);
                sum.Closing.AsSpan(from, column - from).Fill(-1);
                sum.Stale.AsSpan(from, column - from).Fill(-1);
            }
        }
    }

    private static void AddPart(HashSet<GroupKey> groups, Block block, int column)
    {
        if (column < 0)
            return;
        foreach (var series in block.Series)
        {
            if (!series.Key.Vip.IsNone && series.Entries[column] + series.Closing[column] > 0)
                groups.Add(series.Key);
        }
    }

    private Dictionary<string, Block> ByService(Block all, long minuteMs)
    {
        var map = cluster.Current;
        var services = new Dictionary<string, Block> { [BlockArchive.Cluster] = all };
        var byVip = new Dictionary<(byte, Ip, ushort), Block>();
        foreach (var series in _sums.Series)
        {
            if (series.Pod is null)
            {
                series.Pod = cluster.History.OwnerAt(series.Key.Backend, minuteMs)?.FullName ?? map.OwnerOf(series.Key.Backend).Name;
                series.Owner = map.OwnerStateOf(series.Key.Backend);
            }

            Of(series.Key.Proto, series.Key.Vip, series.Key.Vport).Series.Add(series);
        }

        AddSums(all, key => cluster.History.ServiceAt(key.Proto, key.Vip, key.Vport, minuteMs + Level.MinuteMs - 1)?.Key ?? map.ServiceAt(key.Proto, key.Vip, key.Vport));
        foreach (var reset in all.Resets.Where(r => !r.Vip.IsNone))
            Of(Protocols.Tcp, reset.Vip, reset.Vport).Resets.Add(reset);
        return services;

        Block Of(byte proto, Ip vip, ushort port)
        {
            ref var block = ref CollectionsMarshal.GetValueRefOrAddDefault(byVip, (proto, vip, port), out bool exists);
            if (exists)
                return block!;
            var service = cluster.History.ServiceAt(proto, vip, port, minuteMs + Level.MinuteMs - 1)?.Key ?? map.ServiceAt(proto, vip, port);
            string name = BlockName(service, proto, vip, port);
            if (!services.TryGetValue(name, out block!))
            {
                services[name] = block = new Block(all.Columns) { Namespace = service?.Namespace ?? "", Name = service?.Name ?? "" };
                all.Known.CopyTo(block.Known, 0);
            }

            return block;
        }
    }

    // The cluster's block has the sum of each virtual address, and of all: a view of all Services reads only these.
    private void AddSums(Block all, Func<GroupKey, ServiceKey?> serviceOf)
    {
        if (_sums.Series.Count == 0)
            return;
        var total = all.Add(new SeriesLabel(default, null, default, default));
        var byVip = new Dictionary<GroupKey, BlockSeries>();
        foreach (var series in _sums.Series)
        {
            var vip = series.Key with { Backend = default, Bport = 0 };
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(byVip, vip, out bool exists);
            if (!exists)
                sum = all.Add(new SeriesLabel(vip, serviceOf(vip)?.ToString(), default, default));
            BlockSums.Add(series, sum!);
        }

        foreach (var sum in byVip.Values)
            BlockSums.Add(sum, total);
    }

    /// <summary>namespace/name; an address without a name begins with a slash, as no namespace does.</summary>
    public static string BlockName(ServiceKey? service, byte proto, Ip vip, ushort port) =>
        service?.ToString() ?? $"/{Protocols.Name(proto)}/{vip}/{port}";
}
