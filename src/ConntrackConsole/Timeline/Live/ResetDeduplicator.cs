using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline.Live;

/// <summary>Deduplicates resets: the nodes at both ends of a flow may report the same one.</summary>
/// <param name="maxKept">How many resets are kept individually, for filters and for a pod's list; the counts per second continue.</param>
internal sealed class ResetDeduplicator(int maxKept = ResetDeduplicator.MaxKept)
{
    public const int MaxKept = 50_000;

    /// <summary>A reset that was sent and one that was received between the same two endpoints within this time are the same.</summary>
    public const long MaxPairDistanceMs = 1_000;

    private readonly Dictionary<Ends, List<Seen>> _recent = [];
    private readonly Queue<Report> _kept = new();
    private readonly Dictionary<long, int[]> _bySecond = [];
    // Of those kept, in the same order: a question about one Service reads only its own.
    private readonly Dictionary<VirtualAddress, Queue<Report>> _byVip = [];
    private Report[]? _snapshot;

    /// <summary>The reports in the order in which they came; the list is not changed later.</summary>
    public IReadOnlyList<Report> Kept => _snapshot ??= [.. _kept.Where(t => !t.IsWithdrawn)];

    /// <summary>All resets from this time on are kept individually; 0 if none was dropped because there were too many.</summary>
    public long CompleteSinceMs { get; private set; }

    /// <summary>The addresses of Services with kept resets.</summary>
    public IReadOnlyCollection<VirtualAddress> Vips => _byVip.Keys;

    /// <summary>The kept resets of one of them.</summary>
    public IEnumerable<Report> At(VirtualAddress vip) => _byVip.GetValueOrDefault(vip)?.Where(report => !report.IsWithdrawn) ?? [];

    public void Add(string node, in Reset reset)
    {
        var report = new Report(node, reset);
        var ends = Ends.Of(in reset);
        if (!_recent.TryGetValue(ends, out var near))
            _recent[ends] = near = [];
        foreach (var seen in near)
        {
            // Each reset is sent once and received at most once; which report arrives first depends on the nodes' frames.
            var other = seen.Report.Reset;
            if (seen.IsPaired || other.Received == reset.Received || Math.Abs(other.AtMs - reset.AtMs) > MaxPairDistanceMs)
                continue;
            seen.IsPaired = true;
            if (Weight(in reset) <= Weight(in other))
                return;
            seen.Report.IsWithdrawn = true;
            Count(other.AtMs, other.Kind, -1);
            seen.Report = report;
            Keep(report);
            return;
        }

        near.Add(new Seen(report));
        Keep(report);
    }

    // The sender knows most (only there can un-NATed be detected), except that a backend's node has no entry of the Service's
    // flow: there its reset looks direct, and the client's node, which has the entry, knows better.
    private static int Weight(in Reset reset) => reset.Kind switch
    {
        ResetKind.Other => 0,
        ResetKind.Direct => 2,
        _ => 4,
    } + (reset.Received ? 0 : 1);

    private void Keep(Report report)
    {
        _snapshot = null;
        _kept.Enqueue(report);
        if (!report.Reset.Vip.IsNone)
        {
            if (!_byVip.TryGetValue(VipOf(report.Reset), out var own))
                _byVip[VipOf(report.Reset)] = own = new Queue<Report>();
            own.Enqueue(report);
        }

        if (_kept.Count > maxKept && _kept.Dequeue() is var oldest)
        {
            CompleteSinceMs = Math.Max(CompleteSinceMs, oldest.Reset.AtMs + 1);
            Forget(oldest);
        }

        Count(report.Reset.AtMs, report.Reset.Kind, 1);
    }

    public void AddUnlisted(ResetKind kind, long atMs, uint count) => Count(atMs, kind, (int)Math.Min(count, 1_000_000));

    /// <summary>Counts of an earlier run of the console.</summary>
    public void Restore(long second, ResetKind kind, int count) => Row(second)[(int)kind] += count;

    public int[]? At(long second) => _bySecond.GetValueOrDefault(second);

    // A reset is compared with all kept ones: the other node's report may arrive by back-fill, long afterwards.
    private void Forget(Report report)
    {
        if (!report.Reset.Vip.IsNone && _byVip.TryGetValue(VipOf(report.Reset), out var own))
        {
            own.Dequeue();
            if (own.Count == 0)
                _byVip.Remove(VipOf(report.Reset));
        }

        var ends = Ends.Of(report.Reset);
        if (!_recent.TryGetValue(ends, out var near))
            return;
        near.RemoveAll(seen => ReferenceEquals(seen.Report, report));
        if (near.Count == 0)
            _recent.Remove(ends);
    }

    public void Trim(long beforeMs)
    {
        _snapshot = null;
        while (_kept.TryPeek(out var oldest) && oldest.Reset.AtMs < beforeMs)
            Forget(_kept.Dequeue());
        foreach (long second in _bySecond.Keys)
        {
            if (second * 1000 < beforeMs)
                _bySecond.Remove(second);
        }
    }

    private static VirtualAddress VipOf(in Reset reset) => new(Protocols.Tcp, reset.Vip, reset.Vport);

    private void Count(long atMs, ResetKind kind, int by)
    {
        Row(Math.DivRem(atMs, 1000).Quotient)[(int)kind] += by;
    }

    private int[] Row(long second)
    {
        if (!_bySecond.TryGetValue(second, out int[]? row))
            _bySecond[second] = row = new int[ResetOverflow.Length];
        return row;
    }

    public sealed class Report(string node, Reset reset)
    {
        public string Node { get; } = node;
        public Reset Reset { get; } = reset;
        public bool IsWithdrawn { get; set; }
    }

    private sealed class Seen(Report report)
    {
        public Report Report { get; set; } = report;
        public bool IsPaired { get; set; }
    }

    /// <summary>
    /// Sender and receiver, independent of how each node names them: where the flow is known, the Service's address replaces its
    /// backend's. So client→VIP (sent at the client) and client→pod (received by the pod) have the same two endpoints.
    /// </summary>
    private readonly record struct Ends(Ip From, ushort FromPort, Ip To, ushort ToPort)
    {
        public static Ends Of(in Reset reset)
        {
            bool fromVip = !reset.Vip.IsNone && reset.Src == reset.Vip && reset.Sport == reset.Vport;
            bool toVip = !reset.Vip.IsNone && reset.Dst == reset.Vip && reset.Dport == reset.Vport;
            return new Ends(
                fromVip ? reset.Backend : reset.Src, fromVip ? reset.Bport : reset.Sport,
                toVip ? reset.Backend : reset.Dst, toVip ? reset.Bport : reset.Dport);
        }
    }
}
