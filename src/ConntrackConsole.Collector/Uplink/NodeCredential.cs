using System.Net;
using System.Net.WebSockets;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>Credential with which this node's collector authenticates to the console.</summary>
/// <param name="Secret">Null if none is set: the console's Unix socket accepts connections without a secret.</param>
internal sealed record NodeCredential(string Node, string? Secret)
{
    /// <summary>The console's token, from which each node's secret is derived.</summary>
    public const string TokenVariable = "CONNTRACK_CONSOLE_TOKEN";

    /// <summary>Only this node's secret. It takes precedence, because it gives no access to other nodes.</summary>
    public const string SecretVariable = "CONNTRACK_NODE_SECRET";

    /// <exception cref="UplinkException">The secret does not have the form of one.</exception>
    public static NodeCredential Of(string node, string? token, string? secret)
    {
        secret = secret?.Trim();
        if (string.IsNullOrEmpty(secret))
            return new NodeCredential(node, string.IsNullOrWhiteSpace(token) ? null : NodeSecret.Of(token.Trim(), node));
        return NodeSecret.HasForm(secret)
            ? new NodeCredential(node, secret)
            : throw new UplinkException(
                CommandLineReasons.InvalidNodeSecret, $"{SecretVariable} is not a node secret: set it to the output of `conntrack-console node-secret {node}`, {NodeSecret.Length} hexadecimal digits.");
    }

    /// <summary>Opens the connection with this credential.</summary>
    /// <exception cref="IOException">The console rejects it.</exception>
    public async Task ConnectAsync(ClientWebSocket socket, Uri hub, HttpMessageInvoker? invoker, CancellationToken stop)
    {
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader(NodeSecret.Header, Node);
        if (Secret is not null)
            socket.Options.SetRequestHeader("Authorization", NodeSecret.Scheme + Secret);
        try
        {
            await socket.ConnectAsync(hub, invoker, stop);
        }
        catch (WebSocketException failure) when (socket.HttpStatusCode == HttpStatusCode.Unauthorized)
        {
            string what = Secret is null ? "requires a secret, and this collector has none" : "rejects this collector's secret";
            var reason = new Reason(
                CommandLineReasons.SecretRejected,
                $"the console {what}: set {TokenVariable} to the console's Collectors:Token, or {SecretVariable} to the output of `conntrack-console node-secret {Node}`");
            throw new IOException(reason.ToString(), failure);
        }
    }
}
