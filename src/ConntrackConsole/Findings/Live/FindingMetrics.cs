using ConntrackConsole.Diagnosis.Catalog;
using Prometheus;

namespace ConntrackConsole.Findings.Live;

/// <summary>
/// What /metrics shows of the diagnosis, by mechanism. Every mechanism has its series from the start, with 0: a series that began with its
/// first finding would hide that one from rate() and increase().
/// </summary>
internal sealed class FindingMetrics
{
    private static readonly string[] ByMechanism = ["mechanism", "code"];

    private readonly Counter _opened;
    private readonly Gauge _open;
    private readonly Gauge _warnings;
    private readonly Gauge _insufficient;
    private readonly Gauge _lastRound;

    public FindingMetrics(CollectorRegistry registry)
    {
        var metrics = Metrics.WithCustomRegistry(registry);
        _opened = metrics.CreateCounter("conntrack_console_findings_opened_total", "Findings opened since the console started, by mechanism.", ByMechanism);
        _open = metrics.CreateGauge("conntrack_console_findings_open", "Findings that are open, by mechanism.", ByMechanism);
        _warnings = metrics.CreateGauge("conntrack_console_warnings_active", "Conditions on nodes in which connections will soon break.", ["code"]);
        _insufficient = metrics.CreateGauge("conntrack_console_insufficient_evidence", "Signs of broken connections that are not explained because evidence is missing.");
        _lastRound = metrics.CreateGauge(
            "conntrack_console_diagnosis_last_round_timestamp_seconds", "When the diagnosis last looked, in seconds of Unix time; 0 before that. Without a recent one, no finding does not mean that nothing is wrong.");
        Set([], new Dictionary<string, int>(), []);
    }

    /// <summary>Takes the result of a round.</summary>
    public void Update(FindingLog findings, FindingReport report)
    {
        Set(findings.OpenCodes, findings.Opened, report.Warnings.Select(warning => warning.Code));
        _insufficient.Set(report.Insufficient.Count);
        _lastRound.Set(report.ToMs / 1000.0);
    }

    private void Set(IEnumerable<string> open, IReadOnlyDictionary<string, int> opened, IEnumerable<string> warnings)
    {
        var (openNow, warned) = (open.CountBy(code => code).ToDictionary(), warnings.CountBy(code => code).ToDictionary());
        foreach (var mechanism in MechanismCatalog.All)
        {
            if (mechanism.IsWarning)
            {
                _warnings.WithLabels(mechanism.Code).Set(warned.GetValueOrDefault(mechanism.Code));
                continue;
            }

            string[] labels = [mechanism.Id, mechanism.Code];
            _opened.WithLabels(labels).IncTo(opened.GetValueOrDefault(mechanism.Code));
            _open.WithLabels(labels).Set(openNow.GetValueOrDefault(mechanism.Code));
        }
    }
}
