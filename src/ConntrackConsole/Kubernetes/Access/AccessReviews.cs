using System.Net;
using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Kubernetes.Client;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace ConntrackConsole.Kubernetes.Access;

/// <summary>The API server did not answer: nothing is known of the token or the right.</summary>
internal sealed class ReviewUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Asks the API server who a token belongs to (TokenReview) and what an account may do (SubjectAccessReview). What the console itself reads in
/// a token is never trusted. Answers are reused for some seconds, and few questions are asked at a time: a rollout of collectors, or someone who
/// tries tokens, must not become a load of the API server.
/// </summary>
internal sealed class AccessReviews(ClusterAccess access, TimeProvider time) : IDisposable
{
    /// <summary>How long an answer is reused. A token that is revoked works for so long.</summary>
    public static readonly TimeSpan Reused = TimeSpan.FromSeconds(10);

    // Tokens of API servers and OpenID providers have some hundred to some thousand characters.
    private const int MaxTokenLength = 16 * 1024;
    private const int MaxAnswers = 20_000;
    private const int MaxAsking = 16;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MinRenewInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _asking = new(MaxAsking);
    private readonly Dictionary<string, (long UntilMs, object? Answer)> _answers = [];
    private k8s.Kubernetes? _client;
    private long _renewedMs;

    /// <summary>False: there is no API server to ask.</summary>
    public bool HasCluster => access.HasCluster;

    /// <summary>The account of a token that was issued for the audience, or null if the API server refuses it.</summary>
    /// <param name="audience">Null: the API server's own, as of a person's token for kubectl.</param>
    /// <exception cref="ReviewUnavailableException">The API server did not answer.</exception>
    public async Task<ReviewedToken?> TokenAsync(string token, string? audience, CancellationToken ct)
    {
        if (!HasForm(token))
            return null;
        string key = "token " + audience + " " + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        return (ReviewedToken?)await AnswerAsync(key, async (client, stop) =>
        {
            var review = await client.AuthenticationV1.CreateTokenReviewAsync(
                new V1TokenReview { Spec = new V1TokenReviewSpec { Token = token, Audiences = audience is null ? null : [audience] } }, cancellationToken: stop);
            // A server that does not know audiences answers without them: then it has not checked them.
            return review.Status is { Authenticated: true, User.Username: { Length: > 0 } user } status && (audience is null || status.Audiences?.Contains(audience) == true)
                ? new ReviewedToken(
                    user, [.. status.User.Groups ?? []], (status.User.Extra ?? new Dictionary<string, IList<string>>()).ToDictionary(claim => claim.Key, claim => (IReadOnlyList<string>)[.. claim.Value ?? []]))
                : null;
        }, ct);
    }

    /// <summary>Whether an account may do this to the resource.</summary>
    /// <param name="group">API group of the resource; need not exist in the cluster.</param>
    /// <param name="ns">Null: in all namespaces.</param>
    /// <exception cref="ReviewUnavailableException">The API server did not answer.</exception>
    public async Task<bool> MayAsync(string user, IReadOnlyList<string> groups, string verb, string group, string resource, string? ns, CancellationToken ct)
    {
        string key = "may " + string.Join('\n', (string[])[user, verb, group, resource, ns ?? "", .. groups]);
        return (bool)(await AnswerAsync(key, async (client, stop) =>
        {
            var review = await client.AuthorizationV1.CreateSubjectAccessReviewAsync(
                new V1SubjectAccessReview
                {
                    Spec = new V1SubjectAccessReviewSpec
                    {
                        User = user, Groups = [.. groups],
                        ResourceAttributes = new V1ResourceAttributes { Verb = verb, Group = group, Resource = resource, NamespaceProperty = ns },
                    },
                }, cancellationToken: stop);
            return review.Status is { Allowed: true, Denied: not true };
        }, ct))!;
    }

    public void Dispose()
    {
        lock (_lock)
            _client?.Dispose();
        _asking.Dispose();
    }

    /// <summary>Whether a text can be a token: what is not is no question for the API server.</summary>
    private static bool HasForm(string token) => token.Length is > 0 and <= MaxTokenLength && token.All(c => c is > ' ' and < '\x7f');

    private async Task<object?> AnswerAsync(string key, Func<k8s.Kubernetes, CancellationToken, Task<object?>> ask, CancellationToken ct)
    {
        if (!HasCluster)
            throw new ReviewUnavailableException("No cluster is configured that could be asked.");
        if (Find(key, out object? known))
            return known;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Timeout);
        try
        {
            await _asking.WaitAsync(limit.Token);
            try
            {
                // Asked and answered while this question waited.
                if (Find(key, out known))
                    return known;
                object? answer = await ask(Client(), limit.Token);
                Keep(key, answer);
                return answer;
            }
            finally
            {
                _asking.Release();
            }
        }
        catch (HttpOperationException refused)
        {
            if (refused.Response?.StatusCode == HttpStatusCode.Unauthorized)
                Renew();
            throw new ReviewUnavailableException(
                refused.Response?.StatusCode == HttpStatusCode.Forbidden
                    ? "The console's account may not ask the API server: bind it to the ClusterRole system:auth-delegator."
                    : $"The API server answered {(int?)refused.Response?.StatusCode}.", refused);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or System.Text.Json.JsonException or ObjectDisposedException
            || (failure is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new ReviewUnavailableException($"The API server did not answer ({(failure is OperationCanceledException ? "timeout" : failure.Message.TrimEnd('.'))}).", failure);
        }
    }

    private bool Find(string key, out object? answer)
    {
        lock (_lock)
        {
            bool known = _answers.TryGetValue(key, out var kept) && kept.UntilMs > NowMs;
            answer = known ? kept.Answer : null;
            return known;
        }
    }

    private void Keep(string key, object? answer)
    {
        lock (_lock)
        {
            if (_answers.Count >= MaxAnswers)
            {
                foreach (string old in _answers.Where(kept => kept.Value.UntilMs <= NowMs).Select(kept => kept.Key).ToList())
                    _answers.Remove(old);
                if (_answers.Count >= MaxAnswers)
                    _answers.Clear();
            }

            _answers[key] = (NowMs + (long)Reused.TotalMilliseconds, answer);
        }
    }

    private k8s.Kubernetes Client()
    {
        lock (_lock)
            return _client ??= access.Connect();
    }

    // The next question uses what the kubeconfig, its plugin or the pod's token file have now. What is being asked keeps the former client.
    private void Renew()
    {
        lock (_lock)
        {
            if (NowMs - _renewedMs < MinRenewInterval.TotalMilliseconds)
                return;
            _renewedMs = NowMs;
        }

        try
        {
            var next = access.Renew();
            lock (_lock)
                _client = next;
        }
        catch (Configuration.StartupException)
        {
            // Still broken: the next question fails in the same way.
        }
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
