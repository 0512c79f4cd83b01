using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>
/// Tracks the clients of a flush for as long as the slowest of them retransmits: which have reconnected to another backend, and
/// which still use the old one. Thread-safe.
/// </summary>
/// <param name="node">The node's name.</param>
/// <param name="time">The clock.</param>
/// <param name="proc">Normally /proc: where IPVS's table is.</param>
internal sealed class FlushOutcomeTracker(string node, TimeProvider time, string proc = "/proc")
{
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(130);

    // However often a client asks, the table is read at most once per second.
    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(1);
    private const int MaxVips = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, TrackedFlush> _flushes = [];

    public void Track(FlushResult result, FlushList list)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            foreach (string old in _flushes.Where(each => each.Value.EndedAt + Ttl < now).Select(each => each.Key).ToList())
                _flushes.Remove(old);
            _flushes[result.ActionId] = new TrackedFlush(list, result.EntryOutcomes, now, result.Ipvs is not null);
        }
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
        var listed = new Dictionary<(FlowTuple, ushort), bool>();
        var clients = new HashSet<Client>();
        for (int index = 0; index < list.Flows.Count; index++)
        {
            var flow = list.Flows[index];
            bool deleted = flush.EntryOutcomes[index] == EntryDeleter.Deleted;
            listed[(flow.Orig, flow.Zone)] = deleted;
            if (deleted && (flow.IsTranslated || flow.Orig.Dst == list.PodIp)) // At a Service's own address the next packet is translated.
                clients.Add(Client.Of(in flow));
        }

        int left = 0, recreated = 0;
        foreach (var flow in EntryDeleter.List(table, list.PodIp))
        {
            if (listed.TryGetValue((flow.Orig, flow.Zone), out bool deleted) && !deleted)
                left++;
            else
                recreated++;
        }

        var back = new HashSet<Client>();
        var vips = clients.Select(client => client.Vip).Distinct().ToList();
        foreach (var flow in ToServices(table, vips))
        {
            if (flow.Reply.Src != list.PodIp && flow.IsTranslated && clients.Contains(Client.Of(in flow)))
                back.Add(Client.Of(in flow));
        }

        return new FlushOutcomeSample(actionId, node, now.ToUnixTimeMilliseconds(), left, recreated, clients.Count, back.Count, null,
            IpvsKept: flush.HasIpvs && IpvsImpact.TryRead(list.PodIp, list.Filter, proc)?.Summary is { KeepsRemoved: true } ipvs ? ipvs.Removed : 0);
    }

    // The kernel can filter only IPv4; for more than a few addresses one full dump is cheaper.
    private static IEnumerable<Flow> ToServices(ConntrackTable table, List<Ip> vips) =>
        vips.Count == 0 ? []
        : vips.Count <= MaxVips && vips.All(vip => vip.IsV4) ? vips.SelectMany(table.ListByOriginalDestination)
        : table.List(flow => vips.Contains(flow.Orig.Dst));

    private sealed record TrackedFlush(FlushList List, string EntryOutcomes, DateTimeOffset EndedAt, bool HasIpvs)
    {
        public FlushOutcomeSample? Last { get; set; }

        public DateTimeOffset LastAt { get; set; }
    }

    private readonly record struct Client(Ip Address, byte Proto, Ip Vip, ushort Vport)
    {
        public static Client Of(in Flow flow) => new(flow.Orig.Src, flow.Orig.Proto, flow.Orig.Dst, flow.Orig.Dport);
    }
}
