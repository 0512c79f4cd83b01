using ConntrackConsole.Checks.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Workers;

namespace ConntrackConsole.Checks;

/// <summary>
/// Evaluates all checks every two seconds, once for all pages and on no page's thread. A slow round is followed by a longer
/// pause: the checks never take more than a twentieth of a core.
/// </summary>
internal sealed partial class CheckScheduler(ClusterState cluster, TimelineStore timeline, TimeProvider time, ILogger<CheckScheduler> log)
    : RoundWorker(Interval, Rest, time)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private const int Rest = 19;

    private readonly Signals _signals = new();
    private Dictionary<string, CheckResult> _before = [];
    private volatile CheckReport _current = CheckReport.None;
    private volatile CheckContext? _context;

    /// <summary>The last round.</summary>
    public CheckReport Current => _current;

    /// <summary>What the last round has seen; null before the first.</summary>
    public CheckContext? Context => _context;

    /// <summary>How many page components wait for the next round.</summary>
    public int Listeners => _signals.Count;

    /// <summary>A signal without payload after each round, on the scheduler's thread: the receiver must only record it.</summary>
    public IDisposable Subscribe(Action signal) => _signals.Add(signal);

    /// <summary>Runs one round. Not thread-safe.</summary>
    public CheckReport Round()
    {
        long nowMs = Time.GetUtcNow().ToUnixTimeMilliseconds();
        var context = CheckContext.Create(cluster, timeline, CheckLimits.Default, nowMs);
        var results = new List<CheckResult>(_before.Count + 16);
        var seen = new Dictionary<string, CheckResult>(_before.Count + 16);
        int bad = 0, warnings = 0;
        foreach (var evaluated in CheckRules.All(context))
        {
            var result = evaluated;
            bool known = _before.TryGetValue(evaluated.Key, out var before);
            // If the facts do not contain a start time, it is the first round with this result.
            if (result.SinceMs is null)
                result = result with { SinceMs = known && before!.State == evaluated.State ? before.SinceMs : nowMs };
            // A problem lasts since its beginning, also when what began it is gone (the entries of the first of several pods).
            else if (known && IsProblem(before!) && IsProblem(result) && before!.SinceMs < result.SinceMs)
                result = result with { SinceMs = before.SinceMs };
            bad += result.State == CheckState.Bad ? 1 : 0;
            warnings += result.State == CheckState.Warning ? 1 : 0;
            seen[evaluated.Key] = result;
            results.Add(result);
        }

        results.Sort((a, b) =>
            b.State != a.State ? b.State.CompareTo(a.State)
            : a.Subject.Kind != b.Subject.Kind ? a.Subject.Kind.CompareTo(b.Subject.Kind) : string.CompareOrdinal(a.Key, b.Key));
        _before = seen;
        var report = new CheckReport(nowMs, results, bad, warnings) { HasCluster = context.HasCluster, Reporting = context.Reporting };
        _context = context;
        _current = report;
        _signals.Raise();
        return report;
    }

    private static bool IsProblem(CheckResult result) => result.State >= CheckState.Warning;

    protected override Task RunRoundAsync(CancellationToken ct)
    {
        Round();
        return Task.CompletedTask;
    }

    // The page shows that the report is old.
    protected override void LogFailed(Exception failure) => LogNotEvaluated(failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "The checks could not be evaluated; will retry. The last results stay visible.")]
    private partial void LogNotEvaluated(Exception failure);
}
