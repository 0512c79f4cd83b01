using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;

namespace ConntrackConsole.Ingest;

/// <summary>The result of the connection's authentication; the hub rejects connections without it.</summary>
/// <param name="Node">The node that the connection has proved to be; null if none is required.</param>
internal sealed record CollectorIdentity(string? Node)
{
    public static readonly CollectorIdentity Unnamed = new((string?)null);

    /// <exception cref="HubException">The connection was not authenticated.</exception>
    public static CollectorIdentity Of(HubCallerContext context) =>
        context.GetHttpContext()?.Features.Get<CollectorIdentity>() ?? throw new HubException(
            new Reason(CollectorErrorCodes.NotAuthenticated, "This connection was not authenticated as a collector's.").ToString());

    /// <summary>Why this introduction does not match the presented secret, or null.</summary>
    public Reason? Fault(Hello? hello) => Node is null || hello?.Node == Node
        ? null
        : new Reason(
            CollectorErrorCodes.OtherNode,
            $"The collector has proved to be of node {Node} but its introduction names another node: start it with --node {Node}, or with the secret of that other node.");
}
