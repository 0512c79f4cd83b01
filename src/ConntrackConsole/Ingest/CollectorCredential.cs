using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <summary>What a collector presents with the request that opens its connection.</summary>
/// <param name="Node">The node that it claims to be of.</param>
/// <param name="Secret">Its node's secret, or a token of its service account.</param>
internal sealed record CollectorCredential(string Node, string Secret)
{
    /// <summary>The headers' credential, or null if they have none.</summary>
    public static CollectorCredential? Read(IHeaderDictionary headers)
    {
        // Exactly one of each: with two values it would be undefined which one counts, and a proxy may choose the other.
        if (headers[NodeSecret.Header] is not [{ } node] || headers.Authorization is not [{ } shown] || !NodeName.IsValid(node)
            || !shown.StartsWith(NodeSecret.Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return new CollectorCredential(node, shown[NodeSecret.Scheme.Length..].Trim());
    }

    /// <summary>Whether the secret is the node's, derived from the console's token.</summary>
    public bool IsNodeSecretOf(string token) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(NodeSecret.Of(token, Node)));
}
