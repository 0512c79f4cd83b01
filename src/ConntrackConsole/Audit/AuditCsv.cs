using System.Globalization;
using System.Text;

namespace ConntrackConsole.Audit;

/// <summary>Rows as CSV (RFC 4180), safe to open in a spreadsheet.</summary>
internal static class AuditCsv
{
    public const string Head =
        "id,at,who,from,session,roles,what,where,target,why,before,after,result,durationMs,actionId,incidentId,details,hash,keyId,code\r\n";

    public static string Line(AuditEntry row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{row.Id},{AuditJson.Time(row.At)}");
        foreach (string? text in (ReadOnlySpan<string?>)
            [row.Who, row.From, row.Session, row.Roles, row.What, row.Where, row.Target, row.Why, row.Before, row.After, row.Result])
        {
            Append(line, text);
        }

        line.Append(CultureInfo.InvariantCulture, $",{row.DurationMs}");
        foreach (string? text in (ReadOnlySpan<string?>)[row.ActionId, row.IncidentId, row.Details, row.Hash, row.KeyId, row.Code])
            Append(line, text);
        return line.Append("\r\n").ToString();
    }

    /// <summary>Appends a comma and the field.</summary>
    public static void Append(StringBuilder line, string? text)
    {
        ArgumentNullException.ThrowIfNull(line);
        line.Append(',');
        if (string.IsNullOrEmpty(text))
            return;
        // A spreadsheet evaluates text with these first characters as a formula.
        string safe = text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' ? "'" + text : text;
        if (safe.AsSpan().ContainsAny(",\"\r\n") || safe[0] == ' ' || safe[^1] == ' ')
            line.Append('"').Append(safe.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        else
            line.Append(safe);
    }
}
