using System.Text.Json;
using System.Text.RegularExpressions;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Tests.Architecture;
using ConntrackConsole.Tests.Integration.Hosting;
using Xunit;
using k8s.Models;

namespace ConntrackConsole.Tests.Deploy;

/// <summary>Rules and dashboard use what the console exposes, and each alert leads to a section of the documentation. deploy/check runs promtool.</summary>
public sealed partial class MonitoringTests
{
    private static readonly string Folder = Path.Combine(ComponentBuild.Folder, "monitoring");
    private static readonly PrometheusRule Rules = ComponentBuild.Of("monitoring").OfType<PrometheusRule>().Single();
    private static readonly string[] Exposed = File.ReadAllLines(Path.Combine(Folder, "metrics.txt"));

    // Findings that need no one at night: conntrack is bypassed on purpose, kube-proxy's rule is mostly harmless, and IPVS ends these itself.
    private static readonly string[] WithoutAlert =
        [MechanismCodes.Bypassed, MechanismCodes.InvalidDropped, MechanismCodes.IpvsWillEnd, MechanismCodes.IpvsEnded];

    private static IEnumerable<PrometheusRule.AlertRule> Alerts => Rules.Spec.Groups.SelectMany(group => group.Rules);

    /// <summary>The list that deploy/check compares rules and dashboard with is what a whole console answers.</summary>
    [Fact]
    public async Task MetricsFile_ListsWhatTheConsoleExposes()
    {
        await using var host = await ConsoleHost.StartAsync();
        using var scraper = new HttpClient { BaseAddress = new Uri(host.Url) };
        string text = await scraper.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        string[] names = [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('{', ' ')[0]).Distinct().Order(StringComparer.Ordinal)];
        if (RepositoryFiles.UpdateDocs)
            await File.WriteAllLinesAsync(Path.Combine(Folder, "metrics.txt"), names, TestContext.Current.CancellationToken);
        else
            Assert.Equal(names, Exposed);
    }

    [Fact]
    public void RulesAndDashboard_UseExposedMetricsOnly()
    {
        string[] expressions = [.. Alerts.Select(alert => alert.Expr), .. DashboardExpressions()];
        var used = expressions.SelectMany(expression => Metric().Matches(expression)).Select(match => match.Value).ToHashSet();

        Assert.Equal(Exposed.Order(), used.Order()); // Each is used, and no other.
        Assert.All(expressions, expression => Assert.True(Metric().IsMatch(expression) || expression.Contains("up{job=\"conntrack-console\"}", StringComparison.Ordinal), expression));
    }

    [Fact]
    public void Rules_CoverEveryMechanism()
    {
        string[] codes = [.. MechanismCatalog.All.Select(mechanism => mechanism.Code)];
        var matchers = Alerts.SelectMany(alert => Matcher().Matches(alert.Expr).Select(match => (alert.Alert, Pattern: $"^(?:{match.Groups[1].Value})$"))).ToList();

        Assert.Equal(WithoutAlert.Order(), codes.Where(code => !matchers.Any(matcher => Regex.IsMatch(code, matcher.Pattern))).Order());
        // Each alternative of each pattern is a code that exists.
        Assert.All(matchers, matcher => Assert.Equal(matcher.Pattern.Split('|').Length, codes.Count(code => Regex.IsMatch(code, matcher.Pattern))));
    }

    [Fact]
    public void Alerts_HaveARunbookThatExistsAndNamesThem()
    {
        Assert.InRange(Alerts.Count(), 5, 30);
        Assert.Distinct(Alerts.Select(alert => alert.Alert));
        Assert.All(Alerts, alert =>
        {
            Assert.Equal(["description", "runbook_url", "summary"], alert.Annotations.Keys.Order());
            Assert.Contains(alert.Labels["severity"], (string[])["critical", "warning", "info"]);
            var address = Runbook().Match(alert.Annotations["runbook_url"]);
            Assert.True(address.Success, alert.Annotations["runbook_url"]);
            string section = Section(RepositoryFiles.Path("docs", address.Groups[1].Value), address.Groups[2].Value);
            Assert.Contains($"`{alert.Alert}`", section, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Monitor_FindsTheServiceUnderTheNameThatTheRulesUse()
    {
        var monitor = ComponentBuild.Of("monitoring").OfType<ServiceMonitor>().Single();
        var service = Manifests.Single<V1Service>();
        var endpoint = Assert.Single(monitor.Spec.Endpoints);

        Assert.Equal(("http", "/metrics"), (endpoint.Port, endpoint.Path));
        Assert.Contains(endpoint.Port, service.Spec.Ports.Select(port => port.Name));
        Assert.All(monitor.Spec.Selector.MatchLabels, label => Assert.Equal(label.Value, service.Metadata.Labels[label.Key]));
        // The base's kustomization gives the Service this label, and its value is the job in the rules.
        Assert.Contains($"{monitor.Spec.JobLabel}: conntrack-console", File.ReadAllText(Path.Combine(Manifests.Folder, "kustomization.yaml")), StringComparison.Ordinal);
    }

    // GitHub's anchors: lower case, without punctuation, '-' for each space.
    private static string Section(string page, string anchor)
    {
        string[] lines = File.ReadAllLines(page);
        int begin = Array.FindIndex(lines, line => line.StartsWith('#') && Punctuation().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-') == anchor);
        Assert.True(begin >= 0, $"{Path.GetFileName(page)} has no heading for #{anchor}.");
        return string.Join('\n', lines[(begin + 1)..].TakeWhile(line => !line.StartsWith('#')));
    }

    private static IEnumerable<string> DashboardExpressions()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "dashboard.json")));
        return [.. dashboard.RootElement.GetProperty("panels").EnumerateArray().SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.GetProperty("expr").GetString()!)];
    }

    [GeneratedRegex(@"\bconntrack_\w+")]
    private static partial Regex Metric();

    [GeneratedRegex(@"code=~?""([^""]+)""")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"^https://git\.example/conntrack-console/docs/((?:operations|troubleshooting)\.md)#([a-z0-9-]+)$")]
    private static partial Regex Runbook();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Punctuation();
}
