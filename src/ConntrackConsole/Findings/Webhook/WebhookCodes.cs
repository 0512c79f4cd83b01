using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings.Webhook;

/// <summary>Codes of the webhook's log lines.</summary>
[ReasonCodes("Webhook, in the log")]
internal static class WebhookCodes
{
    [Description("A finding could not be posted; it is tried again.")]
    public const string Undelivered = "webhook.undelivered";

    [Description("The receiver rejected a finding repeatedly (HTTP 3xx or 4xx); it is not posted.")]
    public const string Rejected = "webhook.rejected";

    [Description("More findings waited to be posted than the queue holds; the oldest are not posted.")]
    public const string Dropped = "webhook.dropped";

    [Description("Findings are posted again.")]
    public const string Recovered = "webhook.recovered";
}
