using System.Text.Json;

namespace ConntrackConsole.Findings.Webhook;

/// <summary>The body: version 4 of Alertmanager's webhook, with one alert.</summary>
/// <param name="Status">firing or resolved.</param>
internal sealed record WebhookMessage(
    string Version, string GroupKey, int TruncatedAlerts, string Status, string Receiver, IReadOnlyDictionary<string, string> GroupLabels, IReadOnlyDictionary<string, string> CommonLabels,
    IReadOnlyDictionary<string, string> CommonAnnotations, string ExternalURL, IReadOnlyList<WebhookAlert> Alerts)
{
    private const string FormVersion = "4";
    private const string ReceiverName = "conntrack-console";

    public static WebhookMessage Of(WebhookAlert alert, string externalUrl)
    {
        ArgumentNullException.ThrowIfNull(alert);
        string name = alert.Labels["alertname"];
        return new WebhookMessage(
            FormVersion, $"{{}}:{{alertname=\"{name}\"}}", 0, alert.Status, ReceiverName, new Dictionary<string, string> { ["alertname"] = name }, alert.Labels, alert.Annotations, externalUrl, [alert]);
    }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, JsonSerializerOptions.Web);
}

/// <param name="EndsAt">0001-01-01T00:00:00Z while it fires, as Alertmanager sends it.</param>
/// <param name="Fingerprint">The same in both messages of a finding.</param>
internal sealed record WebhookAlert(
    string Status, IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations, string StartsAt, string EndsAt, string GeneratorURL, string Fingerprint);
