using System.Security.Cryptography;
using System.Text;

namespace ConntrackConsole.Identity;

/// <summary>The sign-in link of one person. It works once.</summary>
internal class SignInLink(string name, Role role, string? token)
{
    private readonly string _token = token ?? NewToken();
    private int _used;

    public string Name { get; } = name;

    public Role Role { get; } = role;

    public string Path => PathOf(_token);

    /// <summary>Where the link is from, for the audit log.</summary>
    public virtual string Origin => "Sign-in link used";

    /// <summary>Whether the link has this token; does not use the link.</summary>
    // Hashed first, so that the time taken reveals neither content nor length.
    public bool Has(string? token) => CryptographicOperations.FixedTimeEquals(Hash(token ?? ""), Hash(_token));

    /// <returns>False if it was already used.</returns>
    public virtual bool TryUse() => Interlocked.Exchange(ref _used, 1) == 0;

    /// <summary>Makes the link usable again after a failed sign-in.</summary>
    public virtual void Release() => Volatile.Write(ref _used, 0);

    internal static string NewToken() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    internal static string PathOf(string token) => $"/signin?token={token}";

    internal static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
