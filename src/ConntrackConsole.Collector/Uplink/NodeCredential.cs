using System.Net;
using System.Net.WebSockets;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>Credential with which this node's collector authenticates to the console.</summary>
/// <param name="Secret">Null if none is set: the console's Unix socket accepts connections without a secret.</param>
/// <param name="TokenFile">File with a token of the pod's service account, which the kubelet renews; null if a secret is used.</param>
internal sealed record NodeCredential(string Node, string? Secret, string? TokenFile = null)
{
    private const int MaxTokenLength = 16 * 1024;

    /// <summary>The console's token, from which each node's secret is derived.</summary>
    public const string TokenVariable = "CONNTRACK_CONSOLE_TOKEN";

    /// <summary>Only this node's secret. It takes precedence, because it gives no access to other nodes.</summary>
    public const string SecretVariable = "CONNTRACK_NODE_SECRET";

    /// <summary>A file with a token of this pod's service account, for the console's <c>Collectors:Audience</c>.</summary>
    public const string TokenFileVariable = "CONNTRACK_TOKEN_FILE";

    /// <summary>The credential of the environment. A secret of this node only, or a token of this pod, goes before the console's token.</summary>
    /// <exception cref="UplinkException">The secret does not have the form of one.</exception>
    public static NodeCredential Of(string node, string? token, string? secret, string? tokenFile = null)
    {
        secret = secret?.Trim();
        if (!string.IsNullOrEmpty(secret))
        {
            return NodeSecret.HasForm(secret)
                ? new NodeCredential(node, secret)
                : throw new UplinkException(
                    CommandLineReasons.InvalidNodeSecret, $"{SecretVariable} is not a node secret: set it to the output of `conntrack-console node-secret {node}`, {NodeSecret.Length} hexadecimal digits.");
        }

        if (!string.IsNullOrWhiteSpace(tokenFile))
            return new NodeCredential(node, null, tokenFile.Trim());
        return new NodeCredential(node, string.IsNullOrWhiteSpace(token) ? null : NodeSecret.Of(token.Trim(), node));
    }

    /// <summary>Opens the connection with this credential.</summary>
    /// <exception cref="IOException">The console rejects it.</exception>
    public async Task ConnectAsync(ClientWebSocket socket, Uri hub, HttpMessageInvoker? invoker, CancellationToken stop)
    {
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader(NodeSecret.Header, Node);
        if ((Secret ?? Token()) is { } shown)
            socket.Options.SetRequestHeader("Authorization", NodeSecret.Scheme + shown);
        try
        {
            await socket.ConnectAsync(hub, invoker, stop);
        }
        catch (WebSocketException failure) when (Refusal(socket.HttpStatusCode) is { } refusal)
        {
            throw new IOException(new Reason(CommandLineReasons.SecretRejected, refusal).ToString(), failure);
        }
    }

    // The console's answer has more words, but the client library does not give them; the console's log has them too.
    private string? Refusal(HttpStatusCode status) => (status, TokenFile) switch
    {
        (HttpStatusCode.Unauthorized, { } file) => $"the console does not accept the token in {file}: its audience must be the console's Collectors:Audience, and console and node must be of the same cluster",
        (HttpStatusCode.Unauthorized, _) => $"the console {(Secret is null ? "requires a secret, and this collector has none" : "rejects this collector's secret")}: "
            + $"set {TokenVariable} to the console's Collectors:Token, {SecretVariable} to the output of `conntrack-console node-secret {Node}`, or {TokenFileVariable} to a token of the cluster",
        (HttpStatusCode.Forbidden, not null) => $"the console refuses the token in {TokenFile}: it must be of the console's Collectors:ServiceAccount, and of a pod of node {Node}. The console's log has the reason",
        (HttpStatusCode.Forbidden, _) => "the console serves no collectors over TCP: set Collectors:Token or Collectors:Audience there",
        (HttpStatusCode.ServiceUnavailable, not null) => "the console cannot ask the cluster's API server whether the token is valid. The console's log has the reason",
        _ => null,
    };

    // Read for each connection: the kubelet replaces the file long before the token expires.
    private string? Token()
    {
        if (TokenFile is null)
            return null;
        try
        {
            string token = File.ReadAllText(TokenFile).Trim();
            return token is { Length: > 0 and <= MaxTokenLength } && token.All(c => c is > ' ' and < '\x7f')
                ? token
                : throw new IOException(new Reason(CommandLineReasons.TokenFileUnusable, $"{TokenFile} contains no token: mount a projected volume with a serviceAccountToken there").ToString());
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IOException(new Reason(CommandLineReasons.TokenFileUnusable, $"{TokenFile} cannot be read ({failure.Message.TrimEnd('.')})").ToString(), failure);
        }
    }
}
