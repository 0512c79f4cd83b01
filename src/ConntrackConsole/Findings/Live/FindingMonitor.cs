using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Findings.Silence;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Workers;

namespace ConntrackConsole.Findings.Live;

/// <summary>
/// Explains the last minutes every two seconds, after one while something was new, and within a quarter of a second after a sign arrives; once
/// for all pages and on no page's thread. The diagnosis never takes more than a twentieth of a core, except for a few seconds of work after a
/// quiet time: the first round of an incident is slow, and must not delay those that follow. Of many addresses each round evaluates as many as
/// fit, because a second of nothing else delayed the frames of every node.
/// </summary>
internal sealed partial class FindingMonitor(
    ClusterState cluster, TimelineStore timeline, FindingLog findings, FindingAudit audit, FindingMetrics metrics, TimeProvider time, ILogger<FindingMonitor> log)
    : RoundWorker(Interval, Rest, time, Burst)
{
    // A twentieth of a core over a minute.
    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(3);

    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>How much is explained.</summary>
    public const long WindowMs = 900_000;

    private const int Rest = 19;

    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(100);

    // Between two looks at the clock.
    private const int Portion = 16;

    // To find what is due takes its time, however little is evaluated then.
    private const int PerSearch = 2;

    private readonly FindingCandidates _candidates = new(cluster, timeline);
    private readonly Signals _signals = new();
    private readonly NodeSilences _silences = new(cluster, timeline);
    private readonly UnseenIntervals _unseen = new(timeline);
    private Start? _start;
    private volatile FindingReport _current = FindingReport.None;
    private IReadOnlyList<Termination>? _terminations;
    private Dictionary<string, Termination> _byUid = [];

    /// <summary>The result of the last round.</summary>
    public FindingReport Current => _current;

    /// <summary>How many addresses the last round evaluated.</summary>
    public int Evaluated { get; private set; }

    /// <summary>How many addresses may need an explanation.</summary>
    public int Candidates => _candidates.Count;

    /// <summary>How many page components wait for the next round.</summary>
    public int Listeners => _signals.Count;

    /// <summary>A signal without payload after each round that changed something, on the monitor's thread: the receiver must only record it.</summary>
    public IDisposable Subscribe(Action signal) => _signals.Add(signal);

    /// <summary>Shows these findings where no round runs: an incident file is explained once.</summary>
    public void Show(FindingReport report)
    {
        _current = report;
        _signals.Raise();
    }

    /// <summary>Runs one round. Not thread-safe.</summary>
    /// <param name="budget">After how long the other addresses wait for the next rounds; null evaluates all.</param>
    public FindingReport Round(TimeSpan? budget = null)
    {
        long nowMs = Time.GetUtcNow().ToUnixTimeMilliseconds();
        if (timeline.IsLoading)
            return _current; // Half of the nodes would be half of the evidence.
        Evaluated = 0;
        long began = Time.GetTimestamp();
        _silences.Update(nowMs, WindowMs);
        var due = _candidates.Due(nowMs);
        var pressed = timeline.NodesUnderPressure(nowMs - WindowMs);
        var snapshot = timeline.Capture();
        var window = Window(nowMs, snapshot);
        var unseen = _unseen.Of(window, snapshot.Nodes, (_start ??= Start.Of(snapshot, nowMs)).Settles(nowMs));
        if (due.Count > 0 || pressed.Count > 0 || _current.Warnings.Count > 0 || findings.Count > 0 || _candidates.Count > 0 || unseen.Count > 0)
        {
            var nodes = new NodeRecords();
            long from = Time.GetTimestamp();
            var search = Time.GetElapsedTime(began, from) * PerSearch;
            foreach (var ip in due)
            {
                if (Evaluated > 0 && Evaluated % Portion == 0 && Time.GetElapsedTime(from) is var spent && spent >= budget && spent >= search)
                    break;
                _candidates.Evaluated(ip, SubjectDiagnosis.Run(window, timeline.RecordOf(ip, nodes)), nowMs);
                Evaluated++;
            }

            var current = findings.Update(_candidates.Reports.SelectMany(report => report.Findings).Concat(NodeFindings.Of(window, pressed)), nowMs);
            _current = new FindingReport(
                window.FromMs, nowMs, current, [.. _candidates.Reports.SelectMany(report => report.Insufficient).Concat(unseen).Concat(Limits(window, nowMs)).Distinct()], NodeWarnings.Of(window, pressed));
            _signals.Raise();
        }
        else
        {
            bool changed = _current.Findings.Count + _current.Insufficient.Count > 0;
            _current = new FindingReport(Math.Max(nowMs - WindowMs, timeline.FromMs), nowMs, [], [], []);
            if (changed)
                _signals.Raise();
        }

        return _current;
    }

    private FindingWindow Window(long nowMs, TimelineSnapshot snapshot)
    {
        var map = cluster.Current;
        return new FindingWindow(Math.Max(nowMs - WindowMs, Math.Max(timeline.FromMs, timeline.IncidentsFromMs)), nowMs, cluster.History)
        {
            Terminations = Terminations(),
            ReadyEndpoints = service => cluster.IsReady && map.Services.ContainsKey(service) ? map.EndpointsOf(service).Count(endpoint => endpoint.Ready) : null,
            AwaitsAddress = cluster.IsReady ? map.AwaitsAddress : null,
            IsLeftOut = ip => timeline.FullWatchList is { } list && !list.Contains(ip),
            SilenceOf = _silences.Of,
            WorkloadOf = uid => WorkloadName.Of(map, uid),
            SettingsOf = timeline.SettingsOf,
            HelloOf = timeline.HelloOf,
            SettingChanges = snapshot.Settings,
            Gaps = snapshot.Gaps,
        };
    }

    private Dictionary<string, Termination> Terminations()
    {
        var current = cluster.Terminations;
        if (!ReferenceEquals(current, _terminations))
            (_terminations, _byUid) = (current, current.GroupBy(termination => termination.Uid).ToDictionary(same => same.Key, same => same.Last()));
        return _byUid;
    }

    private IEnumerable<InsufficientEvidence> Limits(FindingWindow window, long nowMs)
    {
        if (timeline.IncidentsFromMs > nowMs - WindowMs)
            yield return new InsufficientEvidence(null, "", $"resets and notes of the time before {DateTimeOffset.FromUnixTimeMilliseconds(window.FromMs):yyyy-MM-dd'T'HH:mm:ss'Z'}: there were more than memory holds");
        if (_candidates.Dropped > 0)
            yield return new InsufficientEvidence(null, "", $"{_candidates.Dropped} addresses: more than {FindingCandidates.MaxCandidates} needed an explanation at once");
    }

    /// <summary>The console's start: collectors connect again after it, and send what they kept meanwhile.</summary>
    /// <param name="HeardMs">Until when a node had been heard before.</param>
    private sealed record Start(long AtMs, long HeardMs)
    {
        private const long SettleMs = 30_000;

        public static Start Of(TimelineSnapshot snapshot, long nowMs) => new(nowMs, snapshot.Nodes.Select(head => head.LastAtMs + head.ClockOffsetMs).DefaultIfEmpty(nowMs).Max());

        /// <summary>Whether an interval is the console's own, and its frames may still arrive.</summary>
        public Func<long, long, bool> Settles(long nowMs) => (fromMs, toMs) => nowMs - AtMs < SettleMs && toMs >= AtMs && fromMs >= HeardMs - (2 * Timeline.Series.NodeTimeline.SilentMs);
    }

    protected override async Task RunRoundAsync(CancellationToken ct)
    {
        if (!findings.IsRestored)
            findings.Restore(await audit.OpenAsync(ct));
        metrics.Update(findings, Round(Budget));
        await audit.WriteAsync(findings, ct);
    }

    protected override bool HasWork => timeline.HasTouched || _candidates.IsSettling;

    protected override bool IsUrgent => timeline.HasTouched;

    protected override IDisposable Listen(Action wake) => timeline.Subscribe(wake);

    protected override void LogFailed(Exception failure) => LogNotDerived(failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "The findings could not be derived; will retry. The last ones stay visible.")]
    private partial void LogNotDerived(Exception failure);
}
