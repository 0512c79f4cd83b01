using ConntrackConsole.Api.Query;
using ConntrackConsole.Incidents.Export;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Incidents.Report;
using ConntrackConsole.Timeline.Model;

namespace ConntrackConsole.Cli.Incidents;

/// <summary>What happened in the window of an incident file, in the forms of an export; computed from the file alone.</summary>
internal static class IncidentFileReport
{
    private const int Columns = 300;

    public static string Of(IncidentWindow incident, ExportForm form, bool redact, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(incident);
        var replay = new IncidentReplay(incident);
        var window = incident.Record ?? new Incident("file", $"Incident of {ApiTime.Text(incident.FromMs)}", incident.FromMs, incident.ToMs, incident.ToMs, "", OpenedVia.Manual);
        var actions = incident.Audit.Where(row => row.What.StartsWith("flush.", StringComparison.Ordinal) || row.What.StartsWith("setting.", StringComparison.Ordinal)).ToList();
        var report = ReportEvents.Of(window, new ReportFacts(replay.Findings(ct), incident.Terminations, incident.Rollouts, actions), incident.ToMs);
        var document = ExportDocument.Of(report, form == ExportForm.Html ? IncidentExporter.Of(replay.Timeline(ct).Query(new TimelineQuery(incident.FromMs, incident.ToMs, Columns))) : ExportTimeline.None);
        if (redact)
        {
            AddNames(report.Names, incident);
            document = document.Map(new Redactor(report.Names).Text);
        }

        return IncidentExporter.Write(document, form);
    }

    private static void AddNames(ReportNames names, IncidentWindow incident)
    {
        foreach (var service in incident.Ownership.Services)
            names.AddPath("service", service.Key.ToString());
        foreach (var owner in incident.Ownership.Owners)
        {
            names.AddPath("pod", owner.FullName);
            names.Add("node", owner.Node);
        }

        foreach (string workload in incident.Workloads.Values)
            names.AddPath("workload", workload, first: "");
        foreach (var node in incident.Nodes)
            names.Add("node", node.Name);
        foreach (var row in incident.Audit)
            names.Add("person", row.Who);
    }
}
