using System.Security.Cryptography;
using System.Text;

namespace ConntrackConsole.Identity;

/// <summary>The sign-in link of one person. It works once.</summary>
internal sealed class SignInLink(string name, Role role, string? token)
{
    private readonly string _token = token ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
    private int _used;

    public string Name { get; } = name;

    public Role Role { get; } = role;

    public string Path => $"/signin?token={_token}";

    /// <summary>Whether the link has this token; does not use the link.</summary>
    // Hashed first, so that the time taken reveals neither content nor length.
    public bool Has(string? token) => CryptographicOperations.FixedTimeEquals(Hash(token ?? ""), Hash(_token));

    /// <returns>False if it was already used.</returns>
    public bool TryUse() => Interlocked.Exchange(ref _used, 1) == 0;

    /// <summary>Makes the link usable again after a failed sign-in.</summary>
    public void Release() => Volatile.Write(ref _used, 0);

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
