using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;

namespace ConntrackConsole.Ingest;

/// <summary>The result of the connection's authentication; the hub rejects connections without it.</summary>
/// <param name="Node">The node that presented its secret; null if no secret is required.</param>
internal sealed record CollectorIdentity(string? Node)
{
    public static readonly CollectorIdentity Unnamed = new((string?)null);

    /// <summary>The node that these headers authenticate, or null if they are not valid.</summary>
    public static CollectorIdentity? Read(IHeaderDictionary headers, string token)
    {
        // Exactly one of each: with two values it would be undefined which one counts, and a proxy may choose the other.
        if (headers[NodeSecret.Header] is not [{ } node] || headers.Authorization is not [{ } shown] || !NodeName.IsValid(node)
            || !shown.StartsWith(NodeSecret.Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        byte[] expected = Encoding.UTF8.GetBytes(NodeSecret.Of(token, node));
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown[NodeSecret.Scheme.Length..].Trim()), expected)
            ? new CollectorIdentity(node)
            : null;
    }

    /// <exception cref="HubException">The connection was not authenticated.</exception>
    public static CollectorIdentity Of(HubCallerContext context) =>
        context.GetHttpContext()?.Features.Get<CollectorIdentity>() ?? throw new HubException(
            new Reason(CollectorErrorCodes.NotAuthenticated, "This connection was not authenticated as a collector's.").ToString());

    /// <summary>Why this introduction does not match the presented secret, or null.</summary>
    public Reason? Fault(Hello? hello) => Node is null || hello?.Node == Node
        ? null
        : new Reason(
            CollectorErrorCodes.OtherNode,
            $"The collector presented the secret of node {Node} but its introduction names another node: start it with --node {Node}, or give it that other node's secret.");
}
