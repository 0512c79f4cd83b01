using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>
/// Tracks the connections of a flush for as long as the slowest client may take to retransmit: which were reset or moved to another
/// backend, and which still use the old one. Thread-safe.
/// </summary>
/// <param name="node">The node's name.</param>
/// <param name="time">The clock.</param>
/// <param name="connections">Follows the connections of the flushes.</param>
/// <param name="proc">Normally /proc: where IPVS's table is.</param>
internal sealed class FlushOutcomeTracker(string node, TimeProvider time, FlushedConnections connections, string proc = "/proc")
{
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(130);

    // However often a client asks, the table is read at most once per second.
    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(1);
    private const int MaxVips = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, TrackedFlush> _flushes = [];

    /// <summary>Runs the flush of the list and tracks it if it was not refused.</summary>
    public FlushResult Track(FlushList list, Func<LeftOutEntries, FlushResult> run)
    {
        var leftOut = new LeftOutEntries(list);
        connections.Track(list.Flows);
        var result = run(leftOut);
        if (result.Refusal is not null)
        {
            connections.Forget(list.Flows);
            return result;
        }

        var now = time.GetUtcNow();
        lock (_lock)
        {
            foreach (var (id, old) in _flushes.Where(each => each.Value.EndedAt + Ttl < now).ToList())
            {
                connections.Forget(old.List.Flows);
                _flushes.Remove(id);
            }

            _flushes[result.ActionId] = new TrackedFlush(list, leftOut, result.EntryOutcomes, now, result.Ipvs is not null);
        }

        return result;
    }

    public FlushOutcomeSample Read(string actionId)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (!_flushes.TryGetValue(actionId, out var flush) || flush.EndedAt + Ttl < now)
                return Refused(FlushReasons.OutcomeUnknown, "The outcome for its clients is no longer available: the flush ended more than 130 s ago, the collector restarted since, or the flush never ran here.");
            if (flush.Last is { } last && now - flush.LastAt is var age && age >= TimeSpan.Zero && age < MinInterval)
                return last;
            try
            {
                using var table = ConntrackTable.Open();
                flush.Last = Sample(actionId, flush, table, now);
                flush.LastAt = now;
                return flush.Last;
            }
            catch (NetlinkException failure)
            {
                return Refused(NodeReasons.Netlink, $"The outcome for its clients cannot be read: {failure.Message}");
            }
        }

        FlushOutcomeSample Refused(string code, string sentence) => new(actionId, node, now.ToUnixTimeMilliseconds(), 0, 0, 0, 0, sentence, code);
    }

    private FlushOutcomeSample Sample(string actionId, TrackedFlush flush, ConntrackTable table, DateTimeOffset now)
    {
        var list = flush.List;
        // Compared by tuple and zone: an entry that was created again can have the same id.
        var listed = new Dictionary<FlowOrigin, bool>();
        var waiting = new List<FlowOrigin>();
        for (int index = 0; index < list.Flows.Count; index++)
        {
            var flow = list.Flows[index];
            bool deleted = flush.EntryOutcomes[index] == EntryDeleter.Deleted;
            listed[flow.Origin] = deleted;
            // At a Service's own address the next packet is translated.
            if (deleted && (flow.IsTranslated || flow.Orig.Dst == list.PodIp) && flow.State.IsLive())
                waiting.Add(flow.Origin);
        }

        int left = 0, recreated = 0;
        foreach (var flow in EntryDeleter.List(table, list.PodIp))
        {
            bool isListed = listed.TryGetValue(flow.Origin, out bool deleted);
            if (isListed && !deleted)
                left++;
            else if (isListed || !flush.LeftOut.Covers(in flow))
                recreated++;
        }

        // The table has those that live on, also where there are no events.
        foreach (var flow in ToServices(table, [.. waiting.Select(origin => origin.Tuple.Dst).Distinct()]))
            connections.OnEntry(in flow);
        var ipvs = flush.HasIpvs ? IpvsImpact.TryRead(list.PodIp, list.Filter, proc)?.Summary : null;
        return new FlushOutcomeSample(
            actionId, node, now.ToUnixTimeMilliseconds(), left, recreated, waiting.Count, waiting.Count(origin => connections.HasNoticed(in origin)), null,
            IpvsKept: ipvs?.Kept ?? 0, IpvsForwarded: ipvs?.Forwarded ?? 0, IpvsUnread: ipvs is { Partial: true });
    }

    // The kernel can filter only IPv4; for more than a few addresses one full dump is cheaper.
    private static IEnumerable<Flow> ToServices(ConntrackTable table, List<Ip> vips) =>
        vips.Count == 0 ? []
        : vips.Count <= MaxVips && vips.All(vip => vip.IsV4) ? vips.SelectMany(table.ListByOriginalDestination)
        : table.List(flow => vips.Contains(flow.Orig.Dst));

    private sealed record TrackedFlush(FlushList List, LeftOutEntries LeftOut, string EntryOutcomes, DateTimeOffset EndedAt, bool HasIpvs)
    {
        public FlushOutcomeSample? Last { get; set; }

        public DateTimeOffset LastAt { get; set; }
    }
}
