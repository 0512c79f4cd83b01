using System.Globalization;

namespace ConntrackConsole.Audit;

/// <summary>The end of the chain at some moment, as it stands in the console's log: against it rows missing at the tail are found.</summary>
public readonly record struct AuditHead(long Row, string Hash)
{
    public const string Form = "N:HASH, as the console's log has it in 'Audit head: row N, HASH'";

    public static AuditHead? Parse(string? text)
    {
        string[] parts = (text ?? "").Trim().Split(':');
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long row) && row > 0
            && AuditChain.IsHash(parts[1].ToLowerInvariant())
                ? new AuditHead(row, parts[1].ToLowerInvariant()) : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Row}:{Hash}");
}
