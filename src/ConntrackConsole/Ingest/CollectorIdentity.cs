using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;

namespace ConntrackConsole.Ingest;

/// <summary>What the door found out about a connection; the hub lets nobody in for whom it has said nothing.</summary>
/// <param name="Node">Whose secret was presented; null where none is asked for.</param>
internal sealed record CollectorIdentity(string? Node)
{
    public static readonly CollectorIdentity Unnamed = new((string?)null);

    /// <summary>Whose secret these headers present, or null where they prove nobody.</summary>
    public static CollectorIdentity? Read(IHeaderDictionary headers, string token)
    {
        // One of each: which of two would count is a matter of taste, and a proxy may have another than we.
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

    /// <exception cref="HubException">The connection did not come through the door.</exception>
    public static CollectorIdentity Of(HubCallerContext context) =>
        context.GetHttpContext()?.Features.Get<CollectorIdentity>() ?? throw new HubException("This connection did not come through the collectors' door.");

    /// <summary>Why this introduction does not fit what was shown at the door, or null.</summary>
    public string? Fault(Hello? hello) => Node is null || hello?.Node == Node
        ? null
        : $"The collector presented the secret of node {Node} but introduced itself as another node: start it with --node {Node}, or give it that other node's secret.";
}
