using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Rollup;

/// <summary>The same minute of all nodes, summed by Service. If a node with entries of the group did not report, the sum is -1.</summary>
internal sealed class ServiceRollup(BlockArchive blocks, TimelineStore timeline, ClusterState cluster)
{
    // A node that was silent for longer has most likely left; its entries expired long ago.
    private const long NearMs = 24 * 3_600_000L;

    /// <param name="nodes">Every node that has ever reported, as far as blocks are kept.</param>
    /// <returns>
    /// By the name of the block ("" is the whole cluster), and the nodes' own blocks that changed because other nodes have
    /// reported the same resets.
    /// </returns>
    public (Dictionary<string, Block> Services, Dictionary<string, Block> Nodes) RollUp(long minuteMs, IReadOnlyCollection<string> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        int columns = Level.Finest.Columns;
        var nodeBlocks = blocks.ReadAll(BlockKind.Node, Level.Finest, minuteMs).ToDictionary(b => b.Name, b => b.Block);
        var changed = ReportedResets.Deduplicate(minuteMs, blocks.Reported(minuteMs), nodeBlocks).ToDictionary(node => node, node => nodeBlocks[node]);
        var all = new Block(columns);
        var sums = new Dictionary<GroupKey, BlockSeries>();
        foreach (var block in nodeBlocks.Values)
        {
            for (int column = 0; column < columns; column++)
                all.Known[column] |= block.Known[column];
            foreach (var series in block.Series)
                Add(sums, series);
            all.Resets.AddRange(block.Resets);
        }

        foreach (string node in nodes)
        {
            var block = nodeBlocks.GetValueOrDefault(node);
            if (block is null || block.Known.Contains(false))
                MarkUnknown(sums, node, block, minuteMs, columns);
        }

        return (ByService(sums, all, minuteMs), changed);
    }

    private static void Add(Dictionary<GroupKey, BlockSeries> sums, BlockSeries series)
    {
        if (series.Key.Vip.IsNone)
            return;
        if (!sums.TryGetValue(series.Key, out var sum))
            sums[series.Key] = sum = new BlockSeries(series.Key, series.Entries.Length) { Pod = series.Pod, Owner = series.Owner, State = series.State };
        for (int column = 0; column < series.Entries.Length; column++)
        {
            sum.Entries[column] += series.Entries[column];
            sum.Closing[column] += series.Closing[column];
            sum.Stale[column] += series.Stale[column];
        }
    }

    // Between a node's last frame and its next one: unknown for the groups that it had before or has after.
    private void MarkUnknown(Dictionary<GroupKey, BlockSeries> sums, string node, Block? block, long minuteMs, int columns)
    {
        var before = new HashSet<GroupKey>();
        if (blocks.Nearest(node, minuteMs, after: false, minuteMs - NearMs) is { } last)
            before = PartAt(last.Block, Array.LastIndexOf(last.Block.Known, true));
        // Before a node's first report nothing is in doubt: the rollup at that minute's own time could not know that the node
        // would report.
        else if (block is null)
            return;
        var next = block is not null && block.Known[^1] ? null : blocks.Nearest(node, minuteMs, after: true, minuteMs + NearMs)?.Block;
        if (next is null && timeline.HasLeft(node))
        {
            // Only the time between two of its reports is unknown.
            columns = block is null ? 0 : Array.LastIndexOf(block.Known, true) + 1;
        }

        var following = next is null ? [] : PartAt(next, Array.IndexOf(next.Known, true));
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
            var had = from > 0 ? PartAt(block!, from - 1) : before;
            var has = column < columns && block is not null ? PartAt(block, column) : following;
            foreach (var key in had.Concat(has).Distinct())
            {
                if (!sums.TryGetValue(key, out var sum))
                    sums[key] = sum = new BlockSeries(key, Level.Finest.Columns);
                sum.Entries.AsSpan(from, column - from).Fill(-1);
                sum.Closing.AsSpan(from, column - from).Fill(-1);
                sum.Stale.AsSpan(from, column - from).Fill(-1);
            }
        }
    }

    private static HashSet<GroupKey> PartAt(Block block, int column) =>
        column < 0 ? [] : [.. block.Series.Where(s => !s.Key.Vip.IsNone && s.Entries[column] + s.Closing[column] > 0).Select(s => s.Key)];

    private Dictionary<string, Block> ByService(Dictionary<GroupKey, BlockSeries> sums, Block all, long minuteMs)
    {
        var map = cluster.Current;
        var services = new Dictionary<string, Block> { [BlockArchive.Cluster] = all };
        foreach (var series in sums.Values.OrderBy(s => s.Key.Vip).ThenBy(s => s.Key.Vport).ThenBy(s => s.Key.Backend).ThenBy(s => s.Key.Bport))
            Of(series.Key.Proto, series.Key.Vip, series.Key.Vport).Series.Add(series);
        foreach (var reset in all.Resets.Where(r => !r.Vip.IsNone))
            Of(Protocols.Tcp, reset.Vip, reset.Vport).Resets.Add(reset);
        foreach (var series in sums.Values.Where(s => s.Pod is null))
        {
            series.Pod = cluster.History.OwnerAt(series.Key.Backend, minuteMs)?.FullName ?? map.OwnerOf(series.Key.Backend).Name;
            series.Owner = map.OwnerOf(series.Key.Backend).State;
        }

        return services;

        Block Of(byte proto, Ip vip, ushort port)
        {
            var service = cluster.History.ServiceAt(proto, vip, port, minuteMs + Level.MinuteMs - 1)?.Key ?? map.ServiceAt(proto, vip, port);
            string name = BlockName(service, proto, vip, port);
            if (!services.TryGetValue(name, out var block))
            {
                services[name] = block = new Block(all.Columns) { Namespace = service?.Namespace ?? "", Name = service?.Name ?? "" };
                all.Known.CopyTo(block.Known, 0);
            }

            return block;
        }
    }

    /// <summary>namespace/name; an address without a name begins with a slash, as no namespace does.</summary>
    public static string BlockName(ServiceKey? service, byte proto, Ip vip, ushort port) =>
        service?.ToString() ?? $"/{Protocols.Name(proto)}/{vip}/{port}";
}
