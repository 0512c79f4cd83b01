using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.NodeCounters;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>Counters, kube-proxy and gaps of the nodes that hold a subject's entries.</summary>
internal static class NodeReader
{
    public static Source<CounterEvidence> Counters(FindingWindow window, IReadOnlyCollection<NodeRecord> nodes)
    {
        if (nodes.Count == 0)
            return Source<CounterEvidence>.Missing("no node has entries of it");
        var sum = default(CounterIncrease);
        foreach (var node in nodes)
        {
            foreach (ref readonly var increase in node.Increases.AsSpan())
            {
                if (IsWithin(window, node, increase.AtMs))
                    sum = sum.Plus(increase);
            }
        }

        var fullest = nodes.Select(node => node.Head.Counters).MaxBy(counters => counters.Max == 0 ? 0 : (double)counters.Count / counters.Max);
        return new CounterEvidence
        {
            Invalid = sum.Invalid, Drop = sum.Drop, EarlyDrop = sum.EarlyDrop, InsertFailed = sum.InsertFailed, ClashResolve = sum.ClashResolve, Count = fullest.Count, Max = fullest.Max,
        };
    }

    public static Source<ProxyEvidence> Proxy(FindingWindow window, IReadOnlyCollection<NodeRecord> nodes)
    {
        var read = nodes.Where(node => node.Facts.Proxy is { Reading.Answers: true }).ToList();
        if (read.Count == 0)
            return Source<ProxyEvidence>.Missing(nodes.Count == 0 ? "no node has entries of it" : "kube-proxy does not respond on these nodes");
        var all = read.ConvertAll(node => (Node: node, Proxy: One(window, node)));
        var lagging = all.FindAll(one => one.Proxy.Lags || one.Proxy.SyncFailures > 0);
        var worst = all.Select(one => one.Proxy).OrderByDescending(proxy => proxy.Lags).ThenByDescending(proxy => proxy.PendingSeconds).First();
        return worst with
        {
            InvalidDropped = all.TrueForAll(one => one.Proxy.InvalidDropped is null) ? null : all.Sum(one => one.Proxy.InvalidDropped ?? 0),
            SyncFailures = all.Sum(one => one.Proxy.SyncFailures),
            ReportsLag = all.Exists(one => one.Proxy.ReportsLag),
            Nodes = [.. lagging.Select(one => one.Node.Head.Name).Order(StringComparer.Ordinal)],
        };
    }

    public static Source<IpvsEvidence> Ipvs(Ip backend, IReadOnlyCollection<NodeRecord> nodes)
    {
        if (nodes.FirstOrDefault(node => node.Head.Ipvs is null && node.Facts.Proxy?.Reading.Mode == ProxyMode.Ipvs) is { } silent)
            return Source<IpvsEvidence>.Missing($"{silent.Head.Name} does not report the connections of IPVS");
        var readings = nodes.Select(node => node.Head.Ipvs).OfType<IpvsReading>().ToList();
        if (readings.Count == 0)
            return nodes.Count == 0 ? Source<IpvsEvidence>.Missing("no node has entries of it") : IpvsEvidence.NotLoaded;
        if (readings.Exists(reading => reading.State == IpvsReadState.Unreadable))
            return Source<IpvsEvidence>.Missing("the table of IPVS cannot be read on every node");
        var kept = readings.SelectMany(reading => reading.Servers).Where(server => server.Server == backend).ToList();
        int removed = (int)kept.Where(server => server.IsRemoved).Sum(server => server.Connections), draining = (int)kept.Where(server => !server.IsRemoved).Sum(server => server.Connections);
        bool?[] expire = [.. readings.Select(reading => reading.ExpireNodestConn).Distinct()];
        // Nodes report servers that get no new connections: of others they report nothing, so only those of weight 0 are counted.
        return new IpvsEvidence(
            new IpvsConnectionSummary(
                removed, draining, removed + draining, (int)kept.Where(server => server.IsRemoved).Select(server => server.MaxSeconds).DefaultIfEmpty().Max(), expire.Length == 1 ? expire[0] : null, null,
                readings.Exists(reading => reading.State == IpvsReadState.Partial || reading.MoreConnections > 0)),
            kept.Where(server => !server.IsRemoved).Select(server => (server.Vip, server.Vport)).Distinct().Count());
    }

    /// <summary>Gaps of these nodes and of the console, and intervals in which not every note was sent.</summary>
    public static IReadOnlyList<Gap> Gaps(FindingWindow window, IReadOnlyCollection<NodeRecord> nodes)
    {
        var names = nodes.Select(node => node.Head.Name).ToHashSet(StringComparer.Ordinal);
        var gaps = new List<Gap>();
        foreach (var gap in window.Gaps)
        {
            if (gap.ToMs > window.FromMs && gap.FromMs < window.ToMs && (gap.Node is null || names.Contains(gap.Node)))
                gaps.Add(new Gap(gap.Kind, Math.Max(gap.FromMs, window.FromMs), Math.Min(gap.ToMs, window.ToMs), 0));
        }

        foreach (var node in nodes)
        {
            long offsetMs = node.Head.ClockOffsetMs, lastMs = node.Head.LastAtMs + offsetMs;
            if (window.ToMs - lastMs > Timeline.Series.NodeTimeline.SilentMs)
                gaps.Add(new Gap(GapKind.Silent, Math.Max(lastMs, window.FromMs), window.ToMs, 0));
            foreach (long atMs in node.TruncatedNotes)
            {
                if (IsWithin(window, node, atMs))
                    gaps.Add(new Gap(GapKind.EventsLost, atMs + offsetMs - 1_000, atMs + offsetMs, 0));
            }
        }

        return [.. gaps.Distinct().OrderBy(gap => gap.FromMs).ThenBy(gap => gap.Kind)];
    }

    private static bool IsWithin(FindingWindow window, NodeRecord node, long atMs) =>
        atMs + node.Head.ClockOffsetMs is var shownMs && shownMs + CounterIncrease.BucketMs > window.FromMs && shownMs <= window.ToMs;

    private static ProxyEvidence One(FindingWindow window, NodeRecord node)
    {
        var facts = node.Facts.Proxy!;
        var reading = facts.Reading;
        double dropped = 0, failures = 0;
        foreach (var increase in node.Increases)
        {
            if (!IsWithin(window, node, increase.AtMs))
                continue;
            dropped += increase.InvalidDropped;
            failures += increase.SyncFailures;
        }

        double pending = (double.IsNaN(reading.EndpointChangesPending) ? 0 : reading.EndpointChangesPending) + (double.IsNaN(reading.ServiceChangesPending) ? 0 : reading.ServiceChangesPending);
        return new ProxyEvidence
        {
            // Without the rule nothing is counted any more; what was dropped before was dropped.
            InvalidDropped = double.IsNaN(reading.InvalidDropped) && dropped == 0 ? null : (long)dropped,
            SyncFailures = (long)failures,
            ChangesPending = (long)pending,
            PendingSeconds = facts.PendingSinceMs is { } sinceMs ? Math.Max(0, (reading.AtMs - sinceMs) / 1000.0) : 0,
            SyncP99Seconds = double.IsFinite(reading.SyncP99) ? reading.SyncP99 : 0,
            ReportsLag = reading.ReportsLag,
        };
    }
}
