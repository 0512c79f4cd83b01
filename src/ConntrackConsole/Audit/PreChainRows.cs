using System.Security.Cryptography;
using System.Text.Json;

namespace ConntrackConsole.Audit;

/// <summary>Digest of all rows from before the chain. The first row of the chain contains it, which protects them from then on.</summary>
/// <param name="Sha256">SHA-256 over their canonical forms, ordered by number.</param>
internal sealed record PreChainRows(long Count, long FirstId, long LastId, string Sha256)
{
    public const string What = "audit.chain-started";

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <returns>Null if the text is not valid.</returns>
    public static PreChainRows? Parse(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize<PreChainRows>(json, JsonSerializerOptions.Web);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Computes the digest row by row.</summary>
internal sealed class PreChainRowsReader : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _last;

    public long Count { get; private set; }

    public long FirstId { get; private set; }

    /// <summary>The first missing number among them, or null.</summary>
    public long? Missing { get; private set; }

    public void Add(StoredRows row)
    {
        if (Count++ == 0)
            FirstId = row.Id;
        else if (row.Id != _last + 1)
            Missing ??= _last + 1;
        _last = row.Id;
        _hash.AppendData(row.Canonical);
    }

    public PreChainRows Take() => new(Count, FirstId, _last, Convert.ToHexStringLower(_hash.GetHashAndReset()));

    public void Dispose() => _hash.Dispose();
}
