using System.Security.Cryptography;
using System.Text;

namespace ConntrackConsole.Wire;

/// <summary>
/// The secret with which one node's collector authenticates. It is derived from the console's token and the node's name, so that
/// the console keeps no list, and a node's secret reveals neither another node's secret nor the token.
/// </summary>
/// <remarks>
/// Presented with the request that opens the connection: <c>Authorization: Bearer SECRET</c> and <see cref="Header"/>.
/// </remarks>
internal static class NodeSecret
{
    /// <summary>The request header that names the node.</summary>
    public const string Header = "Conntrack-Node";

    /// <summary>Scheme of the Authorization header, before the secret.</summary>
    public const string Scheme = "Bearer ";

    /// <summary>Length of a secret in characters.</summary>
    public const int Length = 2 * HMACSHA256.HashSizeInBytes;

    /// <summary>HMAC-SHA256 under the token, of the purpose and the name, as 64 lower-case hexadecimal digits.</summary>
    /// <param name="token">The console's <c>Collectors:Token</c>.</param>
    /// <param name="node">The node's name.</param>
    /// <exception cref="ArgumentException"><paramref name="node"/> is not a node name (<see cref="NodeName"/>).</exception>
    public static string Of(string token, string node)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        if (!NodeName.IsValid(node))
            throw new ArgumentException($"'{node}' is not a node name.", nameof(node));
        return Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes("conntrack-collector node " + node)));
    }

    /// <summary>
    /// Whether a text has the form of a secret; to check that it is a node's secret compare it with <see cref="Of"/>.
    /// </summary>
    public static bool HasForm(string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);
}
