using System.Text;
using ConntrackConsole.Audit;

namespace ConntrackConsole.Incidents.Export;

/// <summary>The written timeline of an incident as CSV (RFC 4180), safe to open in a spreadsheet, as the audit log's.</summary>
internal static class CsvExport
{
    private const string Head = "at,kind,title,text,who,reference\r\n";

    public static string Of(ExportDocument incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        var text = new StringBuilder(Head);
        foreach (var happened in incident.Events)
        {
            text.Append(ExportText.Time(happened.AtMs));
            foreach (string? field in (ReadOnlySpan<string?>)[happened.Kind, happened.Title, happened.Text, happened.Who, happened.Reference])
                AuditCsv.Append(text, field);
            text.Append("\r\n");
        }

        return text.ToString();
    }
}
