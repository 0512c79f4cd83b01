using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Kubernetes.Access;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Ingest;

/// <summary>A refused connection: the status and the reason of its answer.</summary>
internal sealed record CollectorRefusal(int Status, Reason Reason);

/// <summary>
/// Which node a collector is of, proved: by the node's secret, or by a token of the collectors' service account of which the API server confirms
/// that it is bound to a pod of that node. So a token or a secret of one node does not speak for another.
/// </summary>
internal sealed class CollectorAuthenticator(IOptions<CollectorsOptions> settings, AccessReviews reviews, ClusterState cluster)
{
    private readonly CollectorsOptions _settings = settings.Value;

    /// <param name="isSocket">The connection came over the Unix socket, which only its owner can open.</param>
    public async Task<(CollectorIdentity? Identity, CollectorRefusal? Refusal)> AuthenticateAsync(IHeaderDictionary headers, bool isSocket, CancellationToken ct)
    {
        // Without a token the permissions of the socket's file, which only its owner can open, are the authentication.
        if (_settings.Token is null && isSocket)
            return (CollectorIdentity.Unnamed, null);
        if (_settings is { Token: null, Audience: null })
        {
            return (null, Refuse(StatusCodes.Status403Forbidden, CollectorErrorCodes.TcpDisabled,
                $"Collectors are not served over TCP because the console has neither {ConfigurationKeys.CollectorToken} nor {ConfigurationKeys.CollectorAudience}: set one of them."));
        }

        if (CollectorCredential.Read(headers) is { } shown)
        {
            if (_settings.Token is { } token && shown.IsNodeSecretOf(token))
                return (new CollectorIdentity(shown.Node), null);
            if (_settings.Audience is { } audience && !NodeSecret.HasForm(shown.Secret))
                return await ReviewAsync(shown, audience, ct);
        }

        return (null, Refuse(StatusCodes.Status401Unauthorized, CollectorErrorCodes.NotAuthenticated, Needs()));
    }

    private async Task<(CollectorIdentity? Identity, CollectorRefusal? Refusal)> ReviewAsync(CollectorCredential shown, string audience, CancellationToken ct)
    {
        ReviewedToken? token;
        try
        {
            token = await reviews.TokenAsync(shown.Secret, audience, ct);
        }
        catch (ReviewUnavailableException failure)
        {
            return (null, Refuse(StatusCodes.Status503ServiceUnavailable, CollectorErrorCodes.ReviewUnavailable, $"It is not known whether the collector's token is valid. {failure.Message}"));
        }

        if (token is null)
        {
            return (null, Refuse(StatusCodes.Status401Unauthorized, CollectorErrorCodes.NotAuthenticated,
                $"The API server does not accept the collector's token for the audience {audience}: it is expired, of another cluster or of another audience. {Needs()}"));
        }

        string account = ReviewedToken.ServiceAccountPrefix + _settings.ServiceAccount!.Replace('/', ':');
        if (token.User != account)
        {
            return (null, Refuse(StatusCodes.Status403Forbidden, CollectorErrorCodes.OtherAccount,
                $"The token is of {token.User}, but collectors are {account} ({ConfigurationKeys.CollectorAccount})."));
        }

        // Before Kubernetes 1.30 the token does not name the node; the pod that it is bound to is one that the console watches.
        string? node = token.Node ?? (token.PodUid is { } pod ? cluster.Current.Pods.GetValueOrDefault(pod)?.Node : null);
        if (string.IsNullOrEmpty(node))
        {
            return (null, Refuse(StatusCodes.Status403Forbidden, CollectorErrorCodes.NotBound,
                "The token is not bound to a pod of which the node is known: mount it as a projected volume (serviceAccountToken) of the collector's pod."));
        }

        return node == shown.Node
            ? (new CollectorIdentity(node), null)
            : (null, Refuse(StatusCodes.Status403Forbidden, CollectorErrorCodes.OtherNode,
                $"The token is of a pod of node {node}, but the collector names node {shown.Node}: start it with --node {node}."));
    }

    private string Needs()
    {
        List<string> ways = [];
        if (_settings.Token is not null)
        {
            ways.Add($"its node's secret, derived from the console's {ConfigurationKeys.CollectorToken} (start it with CONNTRACK_CONSOLE_TOKEN, or with CONNTRACK_NODE_SECRET from conntrack-console node-secret NAME)");
        }

        if (_settings.Audience is { } audience)
            ways.Add($"a token of {_settings.ServiceAccount} for the audience {audience} (CONNTRACK_TOKEN_FILE)");
        return $"The collector is not authenticated: it must send its node's name in {NodeSecret.Header} and {string.Join(", or ", ways)}.";
    }

    private static CollectorRefusal Refuse(int status, string code, string message) => new(status, new Reason(code, message));
}
