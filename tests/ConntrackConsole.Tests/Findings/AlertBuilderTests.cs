using ConntrackConsole.Audit;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Webhook;
using Xunit;

namespace ConntrackConsole.Tests.Findings;

/// <summary>The alert of a finding of which only its audit row is left.</summary>
public sealed class AlertBuilderTests
{
    [Fact]
    public void Alert_OfWhichNothingElseIsKnown_HasNoEmptyLabels()
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_500);
        var closed = new AuditEntry(7, at, "conntrack-console", null, FindingAudit.Closed, null, "shop/web", "ended", null, null, "ok", null, "finding-0123456789abcdef0123") { Code = "mechanism.no_drain" };
        var alert = AlertBuilder.Of(closed, null, null, "https://console");
        Assert.Equal(["alertname=ConntrackNoDrain", "code=mechanism.no_drain", "mechanism=M3"], alert.Labels.Select(label => $"{label.Key}={label.Value}"));
        Assert.Equal(("resolved", "2023-11-14T22:13:20.500Z", "0123456789abcdef"), (alert.Status, alert.EndsAt, alert.Fingerprint));
    }
}
