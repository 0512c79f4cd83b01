using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;

namespace ConntrackConsole.Findings;

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

    public int Count => _candidates.Count;

    /// <summary>Candidates that did not fit.</summary>
    public int Dropped { get; private set; }

    public IEnumerable<AddressReport> Reports => _candidates.Values.Select(candidate => candidate.Report).OfType<AddressReport>();

    /// <summary>Finds what to evaluate. Read before the records, so that what arrives meanwhile is evaluated in the next round.</summary>
    public List<Ip> Due(long nowMs)
    {
        List<Ip>? due = null;
        foreach (var ip in timeline.DrainTouched())
            Touch(ip, nowMs);
        foreach (var ip in timeline.AstrayBackends(nowMs))
            GetOrAdd(ip, nowMs);
        foreach (var (ip, candidate) in _candidates)
        {
            long stamp = cluster.Stamps.Of(ip);
            if (candidate.Stamp != stamp)
                (candidate.Stamp, candidate.ChangedMs) = (stamp, nowMs);
            if (candidate.Report is null || nowMs - candidate.ChangedMs < SettleMs || nowMs - candidate.EvaluatedMs >= ReviewMs)
                (due ??= []).Add(ip);
        }

        return due ?? [];
    }

    /// <summary>Keeps the result of an evaluation; without records and without entries that lead astray an address is a candidate no longer.</summary>
    public void Evaluated(Ip ip, AddressReport report, bool isAstray, long nowMs)
    {
        if (!_candidates.TryGetValue(ip, out var candidate))
            return;
        if (!report.HasRecords && !isAstray && report.Findings.Count == 0)
            _candidates.Remove(ip);
        else
            (candidate.Report, candidate.EvaluatedMs) = (report, nowMs);
    }

    // An entry that was lost at a Service's address may explain a reset of any of its backends.
    private void Touch(Ip ip, long nowMs)
    {
        GetOrAdd(ip, nowMs).ChangedMs = nowMs;
        foreach (var candidate in _candidates.Values)
        {
            if (candidate.Report is { } report && report.Places.Contains(ip))
                candidate.ChangedMs = nowMs;
        }
    }

    private Candidate GetOrAdd(Ip ip, long nowMs)
    {
        if (_candidates.TryGetValue(ip, out var candidate))
            return candidate;
        if (_candidates.Count >= MaxCandidates)
        {
            _candidates.Remove(_candidates.MinBy(known => known.Value.ChangedMs).Key);
            Dropped++;
        }

        return _candidates[ip] = new Candidate { ChangedMs = nowMs };
    }

    private sealed class Candidate
    {
        public long ChangedMs { get; set; }

        public long EvaluatedMs { get; set; }

        public long Stamp { get; set; } = -1;

        public AddressReport? Report { get; set; }
    }
}
