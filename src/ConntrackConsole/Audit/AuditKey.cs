using System.Security.Cryptography;
using System.Text;

namespace ConntrackConsole.Audit;

/// <summary>A secret of the chain. Only its id is ever written.</summary>
internal sealed class AuditKey
{
    private readonly byte[] _secret;

    public AuditKey(string secret)
    {
        _secret = Encoding.UTF8.GetBytes(secret);
        Id = Convert.ToHexStringLower(SHA256.HashData([.. "conntrack-console audit key\0"u8, .. _secret]))[..8];
    }

    public string Id { get; }

    public IncrementalHash NewHash() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret);

    public override string ToString() => Id;
}

/// <summary>The secrets of the chain, the newest first: it signs; the others only verify older rows.</summary>
internal sealed class AuditKeys(IEnumerable<string> secrets)
{
    public static readonly AuditKeys None = new([]);

    private readonly AuditKey[] _keys = [.. secrets.Select(s => new AuditKey(s))];

    public AuditKey? Current => _keys.Length > 0 ? _keys[0] : null;

    public AuditKey? Find(string id) => Array.Find(_keys, k => k.Id == id);

    /// <summary>0 for the newest; a row without a key counts as older than every key. It never increases along a valid chain.</summary>
    public int Age(string? id) => id is null ? _keys.Length : Array.FindIndex(_keys, k => k.Id == id);
}
