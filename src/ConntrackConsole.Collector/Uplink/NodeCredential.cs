using System.Net;
using System.Net.WebSockets;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>What this node's collector shows at the console's door.</summary>
/// <param name="Secret">Null: the console's Unix socket is to let it in without.</param>
internal sealed record NodeCredential(string Node, string? Secret)
{
    /// <summary>The console's token, from which each node's secret is made.</summary>
    public const string TokenVariable = "CONNTRACK_CONSOLE_TOKEN";

    /// <summary>This node's secret alone; it wins, because who has it has no other node's.</summary>
    public const string SecretVariable = "CONNTRACK_NODE_SECRET";

    /// <exception cref="UplinkException">The secret cannot be one.</exception>
    public static NodeCredential Of(string node, string? token, string? secret)
    {
        secret = secret?.Trim();
        if (string.IsNullOrEmpty(secret))
            return new NodeCredential(node, string.IsNullOrWhiteSpace(token) ? null : NodeSecret.Of(token.Trim(), node));
        return NodeSecret.HasForm(secret)
            ? new NodeCredential(node, secret)
            : throw new UplinkException($"{SecretVariable} is no node's secret: give it what `conntrack-console node-secret {node}` prints, {NodeSecret.Length} hexadecimal digits.");
    }

    /// <summary>Opens the connection with it.</summary>
    /// <exception cref="IOException">The console does not take it.</exception>
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
            string what = Secret is null ? "asks for a secret, and this collector has none" : "does not take this collector's secret";
            throw new IOException(
                $"it {what}: give it the console's Collectors:Token in {TokenVariable}, or in {SecretVariable} what `conntrack-console node-secret {Node}` prints", failure);
        }
    }
}
