using System.Globalization;
using ConntrackConsole.Audit;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings.Explanation;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings.Webhook;

/// <summary>Makes the alert of a finding that opened or closed, from its audit row and what memory has of it. Pure.</summary>
internal static class AlertBuilder
{
    public const string Firing = "firing";
    public const string Resolved = "resolved";

    // Alertmanager's: it has not ended.
    private const string NoEnd = "0001-01-01T00:00:00Z";
    private const int MaxText = 4_000;
    private const int FingerprintLength = 16;

    /// <param name="change">The row that opened or closed it.</param>
    /// <param name="opened">What the row that opened it recorded; null if it is not stored any more.</param>
    /// <param name="finding">Null after a restart, once it is not derived any more.</param>
    /// <param name="externalUrl">Address of the console, without a slash at its end.</param>
    public static WebhookAlert Of(AuditEntry change, OpenFinding? opened, ObservedFinding? finding, string externalUrl)
    {
        ArgumentNullException.ThrowIfNull(change);
        bool fires = change.What == FindingAudit.Opened;
        string code = change.Code ?? opened?.Identity.Code ?? "";
        var mechanism = finding?.Finding.Mechanism ?? MechanismCatalog.All.FirstOrDefault(one => one.Code == code);
        var service = finding?.Subject.Service ?? opened?.Identity.Subject.Service;
        var backend = finding?.Subject.Backend ?? opened?.Identity.Subject.Backend ?? default;
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["alertname"] = NameOf(code), ["mechanism"] = mechanism?.Id ?? "", ["code"] = code, ["namespace"] = service?.Namespace ?? "", ["service"] = service?.Name ?? "",
            ["backend"] = backend.IsNone ? "" : backend.ToString(), ["node"] = finding is null ? change.Where ?? "" : string.Join(", ", finding.Nodes),
        };
        // To Alertmanager 0.25 an empty label does not exist: it leaves it out.
        foreach (string none in labels.Where(label => label.Value.Length == 0).Select(label => label.Key).ToList())
            labels.Remove(none);
        string helps = finding?.Finding.Helps ?? mechanism?.Helps ?? "";
        var harmful = finding?.Finding.Harmful ?? mechanism?.Harmful ?? [];
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["summary"] = Short($"{mechanism?.Title ?? change.Why}: {change.Target}"),
            ["description"] = Short(finding is null
                ? change.Why
                : string.Join("; ", finding.Finding.Evidence.Select(item => item.Sentence).Prepend(finding.Finding.Explains.Text).Where(text => text.Length > 0))),
            ["refutedBy"] = Short(finding?.Finding.RefutedBy ?? mechanism?.RefutedBy ?? ""), ["remedy"] = Short(helps),
            ["harmful"] = Short(string.Join("; ", harmful.Select(one => one.Why).Distinct())),
        };
        long sinceMs = finding?.SinceMs ?? opened?.SinceMs ?? change.At.ToUnixTimeMilliseconds();
        string since = Text(DateTimeOffset.FromUnixTimeMilliseconds(sinceMs));
        return new WebhookAlert(
            fires ? Firing : Resolved, labels, annotations, since, fires ? NoEnd : Text(change.At),
            externalUrl + FindingLink.Page(change.ActionId),
            FingerprintOf(change.ActionId));
    }

    // mechanism.no_drain: ConntrackNoDrain.
    private static string NameOf(string code) =>
        "Conntrack" + string.Concat(code[(code.IndexOf('.', StringComparison.Ordinal) + 1)..].Split('_').Where(word => word.Length > 0).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    private static string FingerprintOf(string id)
    {
        string digits = id.StartsWith(FindingId.Prefix, StringComparison.Ordinal) ? id[FindingId.Prefix.Length..] : id;
        return digits.Length > FingerprintLength ? digits[..FingerprintLength] : digits;
    }

    private static string Short(string text) => TextSummary.Truncate(text, MaxText);

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
