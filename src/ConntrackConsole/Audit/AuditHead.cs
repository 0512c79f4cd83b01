using System.Globalization;

namespace ConntrackConsole.Audit;

/// <summary>The end of the chain at one moment, as recorded in the console's log; used to detect rows removed from the end.</summary>
internal readonly record struct AuditHead(long Row, string Hash)
{
    public const string Form = "N:HASH, from 'Audit head: row N, HASH' in the console's log";

    public static AuditHead? Parse(string? text)
    {
        string[] parts = (text ?? "").Trim().Split(':');
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long row) && row > 0
            && AuditChain.IsHash(parts[1].ToLowerInvariant())
                ? new AuditHead(row, parts[1].ToLowerInvariant()) : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Row}:{Hash}");
}
