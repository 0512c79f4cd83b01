using System.Globalization;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Api.Findings;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Incidents.Files;

namespace ConntrackConsole.Cli.Incidents;

/// <summary>What an incident file has, and what it leads to, as text.</summary>
internal static class IncidentText
{
    /// <summary>The findings in the form of GET /api/v1/findings.</summary>
    public static string Json(IncidentWindow incident, CancellationToken ct)
    {
        var report = new IncidentReplay(incident).Findings(ct);
        var window = (report.FromMs, report.ToMs);
        var page = new FindingsPage(
            [.. report.Findings.Select(finding => FindingView.Of(finding, window))], [.. report.Insufficient.Select(InsufficientView.Of).Distinct()], [.. report.Warnings.Select(warning => FindingView.Of(warning, window))],
            ApiTime.Text(report.FromMs), ApiTime.Text(report.ToMs), null);
        return JsonSerializer.Serialize(page, JsonSerializerOptions.Web) + "\n";
    }

    public static string Of(IncidentWindow incident, CancellationToken ct)
    {
        var report = new IncidentReplay(incident).Findings(ct);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{ApiTime.Text(incident.FromMs)} to {ApiTime.Text(incident.ToMs)}: {incident.Nodes.Count} nodes, {incident.Nodes.Sum(node => node.Frames.Count)} frames.");
        foreach (var finding in report.Findings)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{finding.Finding.Mechanism.Id,-4} {finding.Subject}: {finding.Finding.Mechanism.Title}");
            text.AppendLine(CultureInfo.InvariantCulture, $"     {finding.Finding.Explains.Text}; since {ApiTime.Text(finding.SinceMs) ?? "unknown"} [{finding.Code}]");
        }

        foreach (var missing in report.Insufficient)
            text.AppendLine(CultureInfo.InvariantCulture, $"Insufficient: {(missing.Subject is { } subject ? $"{subject}: " : "")}{(missing.Mechanisms.Length > 0 ? missing.Mechanisms + ": " : "")}{missing.Missing}");
        if (report.Findings.Count + report.Insufficient.Count == 0)
            text.AppendLine("No findings.");
        return text.ToString();
    }
}
