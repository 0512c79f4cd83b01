using System.Globalization;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>What the stored frames of a window show besides its findings. Times are by the console's clock.</summary>
/// <param name="Nodes">The nodes that reported.</param>
/// <param name="LastActive">By address of a terminated pod: when its last connection began or ended after the deletion request.</param>
/// <param name="Gaps">Intervals of the window with incomplete data.</param>
internal sealed record WindowObservation(IReadOnlyList<string> Nodes, IReadOnlyDictionary<Ip, long> LastActive, IReadOnlyList<GapSpan> Gaps)
{
    public static readonly WindowObservation None = new([], new Dictionary<Ip, long>(), []);

    public static WindowObservation Of(TimelineStore store, FindingWindow window, IReadOnlyList<string> nodes)
    {
        var snapshot = store.Capture();
        var active = new Dictionary<Ip, long>();
        foreach (var ended in window.Terminations.Values)
        {
            if (ended.PodIp.IsNone)
                continue;
            foreach (var series in snapshot.To(ended.PodIp).SelectMany(group => group.Members))
            {
                if (PodActivity.LastMs(ended, series.Steps, snapshot.Heads[series.Slot]?.ClockOffsetMs ?? 0, window.ToMs) is { } lastMs)
                    active[ended.PodIp] = Math.Max(lastMs, active.GetValueOrDefault(ended.PodIp));
            }
        }

        var silent =
            from head in snapshot.Nodes
            let lastMs = head.LastAtMs + head.ClockOffsetMs
            where window.ToMs - lastMs > NodeTimeline.SilentMs
            select GapLog.Span(head.Name, GapKind.Silent, lastMs, window.ToMs, 0);
        return new WindowObservation(nodes, active, [.. window.Gaps.Where(gap => gap.ToMs > window.FromMs && gap.FromMs < window.ToMs), .. silent]);
    }
}

/// <summary>
/// The intervals in which a node with entries of a Service was not observed: what broke there meanwhile left no evidence, so that a window
/// without findings is not calm. One line for each gap. A node without entries at either end of it, and one that left the cluster, has nothing to miss.
/// Keeps what it found of a gap, as a gap stays for as long as its window has it. Not thread-safe.
/// </summary>
internal sealed class UnseenIntervals(TimelineStore store)
{
    /// <summary>Maximum number of gaps that are listed; the newest ones.</summary>
    public const int Max = 50;

    private const int MaxNames = 10;

    // Open until the node reports again.
    private const long Open = long.MaxValue;

    private Dictionary<Interval, InsufficientEvidence?> _known = [];

    /// <param name="window">Its gaps, and the names of its time.</param>
    /// <param name="nodes">What is known of each node at the end of the window.</param>
    /// <param name="settles">Whether the frames of an interval may still arrive.</param>
    public IReadOnlyList<InsufficientEvidence> Of(FindingWindow window, IEnumerable<NodeHead> nodes, Func<long, long, bool>? settles = null)
    {
        var unseen = Ended(window).Concat(Silent(window, nodes)).Where(interval => settles?.Invoke(interval.FromMs, Math.Min(interval.ToMs, window.ToMs)) != true).Distinct().ToList();
        if (unseen.Count == 0)
        {
            _known = [];
            return [];
        }

        var heads = nodes.ToDictionary(head => head.Name);
        _known = unseen.ToDictionary(interval => interval, interval => _known.TryGetValue(interval, out var known) ? known : Line(window, interval, heads.GetValueOrDefault(interval.Node)));
        List<InsufficientEvidence> lines =
        [
            .. from pair in _known
               where pair.Value is not null
               orderby pair.Key.FromMs descending, pair.Key.Node, pair.Key.Kind
               select pair.Value,
        ];
        return lines.Count <= Max ? lines : [.. lines.Take(Max), new InsufficientEvidence(null, "", $"single connections in {lines.Count - Max} earlier gaps of nodes")];
    }

    private static IEnumerable<Interval> Ended(FindingWindow window) =>
        from gap in window.Gaps
        where gap.Node is not null && Reason(gap.Kind) is not null && gap.ToMs > window.FromMs && gap.FromMs < window.ToMs
        select new Interval(gap.Node!, gap.Kind, gap.FromMs, gap.ToMs);

    private static IEnumerable<Interval> Silent(FindingWindow window, IEnumerable<NodeHead> nodes)
    {
        var silent = nodes.Where(head => head.LastAtMs > 0 && window.ToMs - LastMs(head) > NodeTimeline.SilentMs).ToList();
        if (silent.Count == 0)
            return [];
        var present = window.History.NodesAt(window.ToMs);
        return from head in silent
               where present is null || present.Contains(head.Name)
               select new Interval(head.Name, GapKind.Silent, LastMs(head), Open);
    }

    private static long LastMs(NodeHead head) => head.LastAtMs + head.ClockOffsetMs;

    private InsufficientEvidence? Line(FindingWindow window, Interval interval, NodeHead? head)
    {
        var entries = store.EntriesOf(interval.Node, interval.FromMs);
        // What is there after it may have begun, and broken once already, meanwhile. Before its first frame a node was not expected to report.
        if (interval.ToMs != Open && head?.Known.Any(known => known.FromMs <= interval.FromMs) == true)
            entries = [.. entries, .. store.EntriesOf(interval.Node, interval.ToMs)];
        var names = entries
            .GroupBy(one => SubjectRecords.ServiceOf(window.History, new VipKey(one.Vip.Proto, one.Vip.Vip, one.Vip.Vport), Math.Min(interval.ToMs, window.ToMs))?.ToString() ?? one.Vip.Vip.ToString())
            .OrderByDescending(same => same.Sum(one => (long)one.Live)).ThenBy(same => same.Key, StringComparer.Ordinal).Select(same => same.Key).ToList();
        if (names.Count == 0)
            return null;
        string time = interval.ToMs == Open ? $"since {Text(interval.FromMs)}" : $"from {Text(interval.FromMs)} to {Text(interval.ToMs)}";
        return new InsufficientEvidence(null, "", $"single connections of {TextSummary.List(names, MaxNames)} on {interval.Node} {time}: {Reason(interval.Kind)} ({interval.Kind.Code()})") { IsGap = true };
    }

    // Null for what loses no single connection, or as long as it is set so.
    private static string? Reason(GapKind kind) => kind switch
    {
        GapKind.Started => "its collector was not running",
        GapKind.Silent => "its collector sent no frames",
        GapKind.SequenceJump => "frames of its collector are missing",
        GapKind.FramesDropped => "frames of its collector were dropped",
        GapKind.EventsLost => "the kernel dropped events of its entries",
        GapKind.ResetsLost => "records of its resets were overwritten",
        _ => null,
    };

    private static string Text(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private readonly record struct Interval(string Node, GapKind Kind, long FromMs, long ToMs);
}
