using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Configuration;

namespace ConntrackConsole.Identity;

/// <summary>The link with which somebody who can read the log signs in. It works once.</summary>
public sealed class SignInLink(IdentitySettings settings)
{
    private readonly string _token = settings.SignInToken ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
    private int _used;

    public string Path => $"/signin?token={_token}";

    public LinkUse Use(string? token)
    {
        // Hashed first, so that neither content nor length shows in the time taken.
        bool same = CryptographicOperations.FixedTimeEquals(Hash(token ?? ""), Hash(_token));
        if (!same)
            return LinkUse.Wrong;
        return Interlocked.Exchange(ref _used, 1) == 0 ? LinkUse.Accepted : LinkUse.UsedBefore;
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

public enum LinkUse
{
    Accepted,
    UsedBefore,
    Wrong,
}
