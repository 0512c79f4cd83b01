using ConntrackConsole.Cluster.State;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings.Silence;

/// <summary>
/// When nodes fell silent without the end of their collectors' connections, and what the other nodes saw of their pods meanwhile: both together show
/// that a node is lost, long before the control plane calls it lost. Of a node from which the console alone is cut off, pods answer. Bounded. Not
/// thread-safe.
/// </summary>
internal sealed class NodeSilences(ClusterState cluster, TimelineStore timeline)
{
    /// <summary>Maximum number of silences that are kept; the newest ones.</summary>
    public const int Max = 100;

    // The frames of a console that is late stop at different moments of a second.
    private const long SettleMs = 1_000;

    // The first look at an entry may show that it backs off; only the third one, after a second and a half, that another is answered.
    private const long ProvenMs = 3_000;

    // By then the control plane has called it lost.
    private const long MaxMs = 120_000;

    private readonly List<Interval> _intervals = [];
    private readonly Dictionary<(string Node, long AtMs), NodeSilence?> _read = [];

    /// <summary>Notes who is silent. Once at the beginning of each round.</summary>
    public void Update(long nowMs, long windowMs)
    {
        _read.Clear();
        if (timeline.NodesFallenSilent(nowMs - MaxMs) is not { } fallen)
        {
            // The console is late, and was when the first of them seemed silent.
            _intervals.RemoveAll(interval => interval.UntilMs == long.MaxValue);
            return;
        }

        var silent = fallen.ToDictionary(one => one.Node, one => one.SinceMs);
        for (int i = 0; i < _intervals.Count; i++)
        {
            if (_intervals[i].UntilMs == long.MaxValue && silent.GetValueOrDefault(_intervals[i].Node) != _intervals[i].SinceMs)
                _intervals[i] = _intervals[i] with { UntilMs = nowMs };
        }

        foreach (var (node, sinceMs) in silent)
        {
            if (!_intervals.Exists(interval => interval.Node == node && interval.UntilMs == long.MaxValue))
                _intervals.Add(new Interval(node, sinceMs, nowMs, long.MaxValue));
        }

        _intervals.RemoveAll(interval => interval.UntilMs < nowMs - windowMs);
        if (_intervals.Count > Max)
            _intervals.RemoveRange(0, _intervals.Count - Max);
    }

    /// <summary>The silence of a node as of a moment; null if it was heard then, or that is not known.</summary>
    public NodeSilence? Of(string node, long atMs)
    {
        if (_intervals.FindLast(interval => interval.Node == node && interval.NotedMs + SettleMs <= atMs && atMs < interval.UntilMs) is not { Node: not null } silent)
            return null;
        if (!_read.TryGetValue((node, atMs), out var known))
            _read[(node, atMs)] = known = Read(silent, atMs);
        return known;
    }

    private NodeSilence Read(Interval silent, long atMs)
    {
        var nodes = new NodeRecords();
        var map = cluster.Current;
        HashSet<string> pods = [], observers = [];
        int answering = 0;
        foreach (var ip in map.AddressesOn(silent.Node))
        {
            // Whether this one answers is not looked up.
            if (timeline.FullWatchList is { } list && !list.Contains(ip))
                return new NodeSilence(silent.Node, silent.SinceMs, 0, 0, 0);
            var record = timeline.RecordOf(ip, nodes);
            bool answers = false;
            foreach (var incidents in record.Incidents)
            {
                var head = record.Nodes[incidents.Slot].Head;
                answers |= head.Name != silent.Node && Answers(incidents, head.ClockOffsetMs, silent.SinceMs, atMs);
                if (!IsSilent(head.Name) && BacksOff(incidents, head.ClockOffsetMs, silent.SinceMs, atMs))
                {
                    pods.Add(map.OwnerOf(ip).Pod?.Uid ?? ip.ToString());
                    observers.Add(head.Name);
                }
            }

            answering += answers ? 1 : 0;
        }

        return new NodeSilence(silent.Node, silent.SinceMs, pods.Count, observers.Count, answering);
    }

    // Its last rows stand, and nothing is known of it by now.
    private bool IsSilent(string node) => _intervals.Exists(interval => interval.Node == node && interval.UntilMs == long.MaxValue);

    // It began after the node fell silent, and has lasted for so long that answers of its other pods have been seen as well.
    private static bool BacksOff(IncidentRecord incidents, long offsetMs, long sinceMs, long atMs)
    {
        long? began = null;
        foreach (var (rowMs, row) in incidents.Details)
        {
            if (rowMs + offsetMs > atMs)
                break;
            began = row.BackingOff > 0 ? began ?? rowMs + offsetMs : null;
        }

        return began > sinceMs && began <= atMs - ProvenMs;
    }

    // What came from the pod since, and what its entries show.
    private static bool Answers(IncidentRecord incidents, long offsetMs, long sinceMs, long atMs)
    {
        long fromMs = sinceMs - offsetMs, untilMs = atMs - offsetMs;
        return incidents.LateAnswers.Any(late => late.AtMs > fromMs && late.AtMs <= untilMs)
            || incidents.Resets.Any(reset => reset.Kind is ResetKind.FromBackend or ResetKind.RefusedSyn or ResetKind.NewBackend && reset.AtMs > fromMs && reset.AtMs <= untilMs)
            || Stands(incidents.Lookups, row => row.Alive > 0, fromMs, untilMs) || Stands(incidents.Details, row => row.Answering > 0, fromMs, untilMs);
    }

    // A row stands until the next one.
    private static bool Stands<T>((long AtMs, T Row)[] rows, Func<T, bool> shows, long fromMs, long untilMs)
    {
        for (int i = 0; i < rows.Length && rows[i].AtMs <= untilMs; i++)
        {
            if ((i + 1 == rows.Length || rows[i + 1].AtMs > fromMs) && shows(rows[i].Row))
                return true;
        }

        return false;
    }

    private readonly record struct Interval(string Node, long SinceMs, long NotedMs, long UntilMs);
}
