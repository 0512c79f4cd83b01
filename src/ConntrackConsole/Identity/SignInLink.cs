using System.Security.Cryptography;
using System.Text;

namespace ConntrackConsole.Identity;

/// <summary>The link with which one person signs in. It works once.</summary>
internal sealed class SignInLink(string name, Role role, string? token)
{
    private readonly string _token = token ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
    private int _used;

    public string Name { get; } = name;

    public Role Role { get; } = role;

    public string Path => $"/signin?token={_token}";

    /// <summary>Whether this is the link with this token; it is not used by that.</summary>
    // Hashed first, so that neither content nor length shows in the time taken.
    public bool Has(string? token) => CryptographicOperations.FixedTimeEquals(Hash(token ?? ""), Hash(_token));

    /// <returns>False where it was used already.</returns>
    public bool TryUse() => Interlocked.Exchange(ref _used, 1) == 0;

    /// <summary>It gave no session: it may be used again.</summary>
    public void GiveBack() => Volatile.Write(ref _used, 0);

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
