using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;

namespace ConntrackConsole.Findings.Live;

/// <summary>
/// The addresses that may need an explanation, and which of them to evaluate now: what arrived or changed, and for a while what follows
/// from the passage of time alone. Without an incident there are no candidates. Not thread-safe.
/// </summary>
internal sealed class FindingCandidates(ClusterState cluster, TimelineStore timeline)
{
    /// <summary>Maximum number of candidates; the addresses with the latest changes are kept.</summary>
    public const int MaxCandidates = 5_000;

    // Look-ups need ten seconds until an entry counts as stuck; a reset's entry and its counters may come in later frames.
    private const long SettleMs = 20_000;

    // What leaves the window, or lasts longer than a timeout, changes without an event.
    private const long ReviewMs = 10_000;

    private readonly Dictionary<Ip, Candidate> _candidates = [];
    private readonly HashSet<Ip> _astray = [];
    private Queue<Ip>? _oldest;

    public int Count => _candidates.Count;

    /// <summary>Addresses that did not fit in the last round.</summary>
    public int Dropped { get; private set; }

    /// <summary>What changed lately may be explained soon, by what follows or by the passage of time; as of the last round.</summary>
    public bool IsSettling { get; private set; }

    public IEnumerable<AddressReport> Reports => _candidates.Values.Select(candidate => candidate.Report).OfType<AddressReport>();

    /// <summary>
    /// Finds what to evaluate: first what has changed since its evaluation, then what waits for longest. Read before the records, so that what
    /// arrives meanwhile is evaluated in the next round.
    /// </summary>
    public List<Ip> Due(long nowMs)
    {
        Dropped = 0;
        _oldest = null;
        Touch(timeline.DrainTouched(), nowMs);
        _astray.Clear();
        foreach (var ip in timeline.AstrayBackends(nowMs))
        {
            // Without a change it displaces no other: more than fit would displace each other in every round.
            if (_astray.Add(ip) && !_candidates.ContainsKey(ip))
                TryAdd(ip, nowMs, displaces: false);
        }

        List<Ip>? due = null;
        IsSettling = false;
        foreach (var (ip, candidate) in _candidates)
        {
            long stamp = cluster.Stamps.Of(ip);
            if (candidate.Stamp != stamp)
                (candidate.Stamp, candidate.ChangedMs) = (stamp, nowMs);
            bool settles = nowMs - candidate.ChangedMs < SettleMs;
            IsSettling |= settles;
            if (candidate.Report is null || settles || nowMs - candidate.EvaluatedMs >= ReviewMs)
                (due ??= []).Add(ip);
        }

        due?.Sort((a, b) => Urgency(a).CompareTo(Urgency(b)));
        return due ?? [];
    }

    private (bool IsReview, long SinceMs) Urgency(Ip ip)
    {
        var candidate = _candidates[ip];
        return (candidate.Report is not null && candidate.ChangedMs <= candidate.EvaluatedMs, candidate.EvaluatedMs);
    }

    /// <summary>Keeps the result of an evaluation; without records and without entries that lead astray an address is a candidate no longer.</summary>
    public void Evaluated(Ip ip, AddressReport report, long nowMs)
    {
        if (!_candidates.TryGetValue(ip, out var candidate))
            return;
        if (!report.HasRecords && report.Findings.Count == 0 && !_astray.Contains(ip))
            _candidates.Remove(ip);
        else
            (candidate.Report, candidate.EvaluatedMs) = (report, nowMs);
    }

    private void Touch(List<Ip> touched, long nowMs)
    {
        if (touched.Count == 0)
            return;
        foreach (var ip in touched)
        {
            if (_candidates.TryGetValue(ip, out var known))
                known.ChangedMs = nowMs;
            else
                TryAdd(ip, nowMs, displaces: true);
        }

        // An entry that was lost at a Service's address may explain a reset of any of its backends.
        var places = touched.ToHashSet();
        foreach (var candidate in _candidates.Values)
        {
            if (candidate.Report is { } report && report.Places.Overlaps(places))
                candidate.ChangedMs = nowMs;
        }
    }

    private void TryAdd(Ip ip, long nowMs, bool displaces)
    {
        if (_candidates.Count >= MaxCandidates && !(displaces && RemoveOldest(nowMs)))
            Dropped++;
        else
            _candidates[ip] = new Candidate { ChangedMs = nowMs };
    }

    // One of those without a change in this round.
    private bool RemoveOldest(long nowMs)
    {
        _oldest ??= new Queue<Ip>(_candidates.Where(known => known.Value.ChangedMs < nowMs).OrderBy(known => known.Value.ChangedMs).Select(known => known.Key));
        while (_oldest.TryDequeue(out var ip))
        {
            if (_candidates.TryGetValue(ip, out var known) && known.ChangedMs < nowMs && _candidates.Remove(ip))
            {
                Dropped++;
                return true;
            }
        }

        return false;
    }

    private sealed class Candidate
    {
        public long ChangedMs { get; set; }

        public long EvaluatedMs { get; set; }

        public long Stamp { get; set; } = -1;

        public AddressReport? Report { get; set; }
    }
}
