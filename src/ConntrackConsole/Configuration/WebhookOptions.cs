using System.ComponentModel.DataAnnotations;
using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>Where findings are announced when they open and close.</summary>
[ConfigurationSection("Findings:Webhook")]
internal sealed class WebhookOptions
{
    [ConfigurationKey("address to which findings are posted when they open and close, in the form of Alertmanager's webhook; https, or http on this machine", WhenUnset = "not posted")]
    public string? Url { get; set; }

    [ConfigurationKey("key of the signature in the header X-Conntrack-Signature (HMAC-SHA256 of the body), 16 characters or more", WhenUnset = "not signed")]
    public string? Secret { get; set; }

    [ConfigurationKey("seconds after which an attempt to post is given up and tried again"), Range(1, 60)]
    public int Timeout { get; set; } = 10;
}

internal sealed class WebhookOptionsValidator : OptionsValidator<WebhookOptions>
{
    private const int MinSecretLength = 16;

    protected override IEnumerable<ConfigurationError> Check(WebhookOptions options)
    {
        // The address may contain a token: it is not repeated.
        if (options.Url is { } url && !(Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", UserInfo.Length: 0 } && (uri.Scheme == "https" || uri.IsLoopback)))
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.InvalidUrl, ConfigurationKeys.WebhookUrl,
                $"{ConfigurationKeys.WebhookUrl} is not an address to post to: use https://HOST/PATH, or http:// with a host of this machine (localhost, 127.0.0.1, [::1]), without a user name.");
        }

        if (options.Secret is null)
            yield break;
        if (options.Url is null)
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.DependencyMissing, ConfigurationKeys.WebhookSecret, $"{ConfigurationKeys.WebhookSecret} is set, but {ConfigurationKeys.WebhookUrl} is not: set it, or omit the secret.");
        }

        if (options.Secret.Length < MinSecretLength)
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.InvalidToken, ConfigurationKeys.WebhookSecret,
                $"{ConfigurationKeys.WebhookSecret} needs at least {MinSecretLength} characters: generate one with 'openssl rand -hex 32'.");
        }
    }
}
