using ConntrackConsole.Audit;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;

namespace ConntrackConsole.Incidents.Report;

/// <summary>Reads what happened in the window of an incident from what is stored, with the same diagnosis as everywhere.</summary>
internal sealed class IncidentReportReader(StoredFindings findings, TerminationArchive terminations, StoredFacts facts, AuditLog audit, TimeProvider time)
{
    private const int MaxTerminations = 2_000;

    // An action that began within a window can end after it.
    private const int MaxOpenActions = 50;

    public async Task<IncidentReport> ReadAsync(Incident incident, CancellationToken ct) =>
        ReportEvents.Of(incident, await FactsAsync(incident, ct), time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>What a report of the incident is made of; a page reads it once, and writes the report again when a note is added.</summary>
    public async Task<ReportFacts> FactsAsync(Incident incident, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(incident);
        var (fromMs, toMs) = (incident.FromMs, incident.EndMs(time.GetUtcNow().ToUnixTimeMilliseconds()));
        var report = await findings.ReadAsync(fromMs, toMs, ct);
        var ended = await terminations.ReadAsync(new TerminationFilter(fromMs, toMs, incident.Namespace, incident.Service), null, MaxTerminations, ct);
        var rollouts = await facts.RolloutsAsync(new TimelineQuery(fromMs, toMs, 1, incident.Namespace), ct);
        List<AuditEntry> rows = [];
        foreach (string kind in (string[])["flush", "setting"])
        {
            rows.AddRange(await audit.ListAsync(
                new AuditFilter(DateTimeOffset.FromUnixTimeMilliseconds(fromMs), DateTimeOffset.FromUnixTimeMilliseconds(toMs), What: kind, Limit: AuditLog.MaxRead), ct));
        }

        var open = rows.GroupBy(row => row.ActionId).Where(action => action.Any(row => row.What.EndsWith(".approved", StringComparison.Ordinal)) && !action.Any(row => row.What.EndsWith(".completed", StringComparison.Ordinal)));
        foreach (string id in open.Select(action => action.Key).Take(MaxOpenActions).ToList())
        {
            var known = rows.Select(row => row.Id).ToHashSet();
            rows.AddRange((await audit.ListAsync(new AuditFilter(ActionId: id), ct)).Where(row => !known.Contains(row.Id) && row.At.ToUnixTimeMilliseconds() > toMs));
        }

        return new ReportFacts(report, ended, rollouts, rows) { IsTruncated = ended.Count == MaxTerminations || rows.Count >= AuditLog.MaxRead };
    }
}
