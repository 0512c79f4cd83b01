using System.Data.Common;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Incidents.Report;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;

namespace ConntrackConsole.Incidents.Export;

/// <summary>The form of an export.</summary>
internal enum ExportForm
{
    Markdown,
    Html,
    Csv,
    Json,
}

/// <summary>A file to be downloaded.</summary>
internal sealed record ExportFile(string Name, string MediaType, byte[] Bytes);

/// <summary>Writes an incident with its findings and its timeline as one file.</summary>
internal sealed class IncidentExporter(IncidentReportReader reader, TimelineQueryService timelines, ClusterState cluster)
{
    private const int Columns = 300;
    private const int MaxSpans = 500;

    /// <param name="redact">Replaces names and addresses.</param>
    public async Task<ExportFile> WriteAsync(Incident incident, ExportForm form, bool redact, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(incident);
        var report = await reader.ReadAsync(incident, ct);
        var document = ExportDocument.Of(report, form == ExportForm.Html ? await TimelineAsync(report, ct) : ExportTimeline.None);
        if (redact)
        {
            AddNames(report.Names);
            document = document.Map(new Redactor(report.Names).Text);
        }

        var (extension, mediaType) = form switch
        {
            ExportForm.Markdown => ("md", "text/markdown"),
            ExportForm.Html => ("html", "text/html"),
            ExportForm.Csv => ("csv", "text/csv"),
            ExportForm.Json => ("json", "application/json"),
            _ => throw new ArgumentOutOfRangeException(nameof(form), form, "Add its file type."),
        };
        return new ExportFile($"{incident.Id}{(redact ? "-redacted" : "")}.{extension}", $"{mediaType}; charset=utf-8", Encoding.UTF8.GetBytes(Write(document, form)));
    }

    /// <summary>The text of a form.</summary>
    public static string Write(ExportDocument document, ExportForm form) => form switch
    {
        ExportForm.Markdown => MarkdownExport.Of(document),
        ExportForm.Html => HtmlExport.Of(document),
        ExportForm.Csv => CsvExport.Of(document),
        ExportForm.Json => JsonSerializer.Serialize(JsonExport.Of(document), JsonExport.Options) + "\n",
        _ => throw new ArgumentOutOfRangeException(nameof(form), form, "Add its writer."),
    };

    private async Task<ExportTimeline?> TimelineAsync(IncidentReport report, CancellationToken ct)
    {
        try
        {
            return Of(await timelines.QueryAsync(new TimelineQuery(report.FromMs, report.ToMs, Columns, report.Incident.Namespace, report.Incident.Service), ct));
        }
        catch (Exception e) when (e is DbException or IOException or InvalidDataException)
        {
            // The document has a sentence about it.
            return null;
        }
    }

    /// <summary>The lanes of a view, which must have its sums.</summary>
    public static ExportTimeline Of(TimelineView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        int[] unknown = [.. Enumerable.Repeat(-1, view.Columns)];
        int[] resets = new int[view.Columns];
        for (int i = 0; i < resets.Length; i++)
        {
            int[] kinds = [At(view.Resets.UnNated, i), At(view.Resets.FromBackend, i), At(view.Resets.Other, i)];
            resets[i] = kinds.All(count => count < 0) ? -1 : kinds.Sum(count => Math.Max(0, count));
        }

        return new ExportTimeline(
            view.FromMs, view.StepMs, view.Sum?.Entries ?? unknown, view.Sum?.Stale ?? unknown, resets,
            [.. view.Terminations.Take(MaxSpans).Select(span => new ExportSpan($"{span.Namespace}/{span.Pod}", span.DeletionRequestedMs, span.OverMs ?? view.ToMs))],
            [.. view.Gaps.Take(MaxSpans).Select(gap => new ExportSpan($"{gap.Node ?? "console"}: {gap.Text}", gap.FromMs, gap.ToMs))]);

        static int At(int[] series, int column) => column < series.Length ? series[column] : -1;
    }

    // Notes name what the window's facts do not have.
    private void AddNames(ReportNames names)
    {
        var map = cluster.Current;
        foreach (var service in map.Services.Keys)
        {
            names.Add("namespace", service.Namespace);
            names.Add("service", service.Name);
        }

        foreach (string node in map.Nodes.Values.Select(node => node.Name))
            names.Add("node", node);
        foreach (var pod in map.Pods.Values)
        {
            names.Add("namespace", pod.Namespace);
            names.Add("pod", pod.Name);
        }

        foreach (var workload in map.Workloads.Values)
            names.Add("workload", workload.Name);
    }
}
