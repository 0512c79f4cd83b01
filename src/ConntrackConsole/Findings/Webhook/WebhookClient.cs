using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Configuration;

namespace ConntrackConsole.Findings.Webhook;

/// <summary>What became of one attempt.</summary>
/// <param name="IsDelivered">The receiver answered with 2xx.</param>
/// <param name="IsRejection">Trying again is of little use: a redirect, or a 4xx that is not about time.</param>
/// <param name="Why">For the log; it never contains the address's path, which may be a secret.</param>
internal readonly record struct WebhookResult(bool IsDelivered, bool IsRejection, string Why);

/// <summary>Posts one message. Does not follow redirects: they would carry the message elsewhere, perhaps without TLS.</summary>
internal sealed class WebhookClient(WebhookOptions options) : IDisposable
{
    public const string SignatureHeader = "X-Conntrack-Signature";

    private readonly Uri _url = new(options.Url!);
    private readonly byte[]? _secret = options.Secret is { } secret ? Encoding.UTF8.GetBytes(secret) : null;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = TimeSpan.FromSeconds(options.Timeout),
    };

    /// <summary>Where it posts to, for the log.</summary>
    public string Receiver => $"{_url.Scheme}://{_url.Authority}";

    public static string Sign(byte[] secret, byte[] body) => "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(secret, body));

    public async Task<WebhookResult> PostAsync(byte[] body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (_secret is not null)
            request.Headers.Add(SignatureHeader, Sign(_secret, body));
        try
        {
            // The answer's body does not matter, and may be endless.
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            if (answer.IsSuccessStatusCode)
                return new WebhookResult(true, false, "");
            bool isRejection = (int)answer.StatusCode is >= 300 and < 500
                && answer.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.Locked or (HttpStatusCode)425);
            return new WebhookResult(false, isRejection, $"HTTP {(int)answer.StatusCode}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new WebhookResult(false, false, $"no answer within {options.Timeout} s");
        }
        catch (HttpRequestException failure)
        {
            return new WebhookResult(false, false, failure.HttpRequestError == HttpRequestError.Unknown ? "the connection failed" : $"{failure.HttpRequestError}");
        }
    }

    public void Dispose() => _client.Dispose();
}
