using System.Security.Cryptography;
using System.Text;

namespace ConntrackConsole.Wire;

/// <summary>
/// The secret with which one node's collector shows who it is. It is made from the console's token and the node's name, so the
/// console keeps no list, and who has one node's secret can neither make another's nor find the token.
/// </summary>
/// <remarks>Presented with the request that opens the connection: <c>Authorization: Bearer SECRET</c> and <see cref="Header"/>.</remarks>
public static class NodeSecret
{
    /// <summary>The request header that names the node.</summary>
    public const string Header = "Conntrack-Node";

    /// <summary>Stands before the secret in the Authorization header.</summary>
    public const string Scheme = "Bearer ";

    /// <summary>Characters of a secret.</summary>
    public const int Length = 2 * HMACSHA256.HashSizeInBytes;

    /// <summary>HMAC-SHA256 under the token, of the purpose and the name, as 64 lower-case hexadecimal digits.</summary>
    /// <param name="token">The console's <c>Collectors:Token</c>.</param>
    /// <param name="node">The node's name.</param>
    /// <exception cref="ArgumentException"><paramref name="node"/> is no node name (<see cref="NodeName"/>).</exception>
    public static string Of(string token, string node)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        if (!NodeName.IsValid(node))
            throw new ArgumentException($"'{node}' is no node name.", nameof(node));
        return Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes("conntrack-collector node " + node)));
    }

    /// <summary>Whether a text has the form of a secret; whose it is only <see cref="Of"/> tells.</summary>
    public static bool HasForm(string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);
}
