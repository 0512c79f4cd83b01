using System.Security.Cryptography;

namespace ConntrackConsole.Audit;

/// <summary>Hash chain of the audit log: SHA-256, or HMAC-SHA256 with a key, over the previous hash and the row.</summary>
internal static class AuditChain
{
    public const int HashLength = 64;

    /// <summary>The hash that precedes the first row.</summary>
    public static readonly string Beginning = new('0', HashLength);

    /// <summary>Never change the order: it is part of the hash.</summary>
    internal static readonly string[] Columns =
    [
        nameof(AuditRow.Id), nameof(AuditRow.AtMs), nameof(AuditRow.Who), nameof(AuditRow.From), nameof(AuditRow.What), nameof(AuditRow.Where),
        nameof(AuditRow.Target), nameof(AuditRow.Why), nameof(AuditRow.Before), nameof(AuditRow.After), nameof(AuditRow.Result),
        nameof(AuditRow.DurationMs), nameof(AuditRow.ActionId), nameof(AuditRow.Session), nameof(AuditRow.Roles), nameof(AuditRow.IncidentId),
        nameof(AuditRow.Details), nameof(AuditRow.KeyId), nameof(AuditRow.Code),
    ];

    /// <summary>
    /// The column that a later version added. If it is null the row is hashed as before it existed, so older chains remain valid. A value is
    /// hashed after all others, so that adding, changing or removing it breaks the chain.
    /// </summary>
    internal static readonly int Optional = Array.IndexOf(Columns, nameof(AuditRow.Code));

    public static byte[] Canonical(AuditRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var form = new CanonicalForm()
            .Integer(row.Id).Integer(row.AtMs).Text(row.Who).Text(row.From).Text(row.What).Text(row.Where)
            .Text(row.Target).Text(row.Why).Text(row.Before).Text(row.After).Text(row.Result)
            .Integer(row.DurationMs).Text(row.ActionId).Text(row.Session).Text(row.Roles).Text(row.IncidentId)
            .Text(row.Details).Text(row.KeyId);
        return (row.Code is null ? form : form.Text(row.Code)).Bytes.ToArray();
    }

    /// <param name="before">The hash of the previous row, or <see cref="Beginning"/>.</param>
    /// <param name="key">Null: anyone who can write the rows can also compute their hashes.</param>
    public static string Hash(string before, ReadOnlySpan<byte> canonical, AuditKey? key)
    {
        using var hash = key?.NewHash() ?? IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("conntrack-console audit row\0"u8);
        hash.AppendData(Convert.FromHexString(before));
        hash.AppendData(canonical);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Whether a text has the form of a hash.</summary>
    public static bool IsHash(string? text) => text is { Length: HashLength } && text.All(char.IsAsciiHexDigitLower);
}
