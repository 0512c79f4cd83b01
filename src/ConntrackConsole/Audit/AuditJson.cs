using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ConntrackConsole.Audit;

/// <summary>A row as a JSON object: every column, exactly as hashed.</summary>
internal static class AuditJson
{
    // Readable in a log shipper. Never embedded in a page, so '<' needs no escaping.
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static void Write(Utf8JsonWriter json, AuditEntry row)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(row);
        json.WriteStartObject();
        json.WriteNumber("id", row.Id);
        json.WriteString("at", Time(row.At));
        json.WriteString("who", row.Who);
        json.WriteString("from", row.From);
        json.WriteString("session", row.Session);
        json.WriteString("roles", row.Roles);
        json.WriteString("what", row.What);
        json.WriteString("where", row.Where);
        json.WriteString("target", row.Target);
        json.WriteString("why", row.Why);
        json.WriteString("before", row.Before);
        json.WriteString("after", row.After);
        json.WriteString("result", row.Result);
        if (row.DurationMs is { } took)
            json.WriteNumber("durationMs", took);
        else
            json.WriteNull("durationMs");
        json.WriteString("actionId", row.ActionId);
        json.WriteString("incidentId", row.IncidentId);
        json.WriteString("details", row.Details);
        json.WriteString("code", row.Code);
        json.WriteString("hash", row.Hash);
        json.WriteString("keyId", row.KeyId);
        json.WriteEndObject();
    }

    /// <summary>One line including its line end.</summary>
    public static byte[] Line(AuditEntry row)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Options))
            Write(json, row);
        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }
}
