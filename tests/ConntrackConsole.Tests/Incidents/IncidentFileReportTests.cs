using System.Text.Json;
using System.Text.RegularExpressions;
using ConntrackConsole.Cli.Incidents;
using ConntrackConsole.Incidents.Export;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Tests.Architecture;
using Xunit;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>'incident open' over incidents that the lab recorded: without a console, with the same verdicts.</summary>
public sealed class IncidentFileReportTests
{
    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "tests", "accuracy", "incidents");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("blackhole")]
    [InlineData("blackhole+ipv6")]
    [InlineData("address-reused")]
    public void Open_HasTheFindingsOfTheFile_AndItsTerminations(string name)
    {
        var incident = Read(name);
        using var json = JsonDocument.Parse(IncidentFileReport.Of(incident, ExportForm.Json, redact: false, Ct));
        Assert.Equal(
            new IncidentReplay(incident).Findings(Ct).Findings.Select(finding => finding.Id).Order(StringComparer.Ordinal),
            json.RootElement.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("id").GetString()!).Order(StringComparer.Ordinal));
        var kinds = json.RootElement.GetProperty("timeline").EnumerateArray().Select(happened => happened.GetProperty("kind").GetString()).ToList();
        Assert.Contains("finding", kinds);
        Assert.Equal(incident.Terminations.Count(ended => ended.DeletionRequestedMs >= incident.FromMs && ended.DeletionRequestedMs <= incident.ToMs), kinds.Count(kind => kind == "termination"));
        // No person opened or closed it.
        Assert.DoesNotContain("opened", kinds);
        Assert.DoesNotContain("closed", kinds);
        Assert.Contains("<svg class=\"timeline\"", IncidentFileReport.Of(incident, ExportForm.Html, redact: false, Ct), StringComparison.Ordinal);
    }

    /// <summary>Nothing that identifies the cluster is in a redacted report: no pod, node, Service, namespace or address.</summary>
    [Theory]
    [InlineData("blackhole")]
    [InlineData("blackhole+ipv6")]
    [InlineData("address-reused")]
    public void Open_Redacted_HasNoNameAndNoAddressOfTheFile(string name)
    {
        var incident = Read(name);
        string[] secrets =
        [
            .. incident.Ownership.Owners.SelectMany(owner => (string[])[owner.Ip.ToString(), owner.Node, .. owner.FullName.Split('/')]),
            .. incident.Ownership.Services.SelectMany(service => (string[])[service.Key.Namespace, service.Key.Name, .. service.Vips.Select(vip => vip.ToString())]),
            .. incident.Nodes.Select(node => node.Name),
        ];
        foreach (var form in Enum.GetValues<ExportForm>())
        {
            string text = IncidentFileReport.Of(incident, form, redact: true, Ct);
            Assert.NotEmpty(text);
            foreach (string secret in secrets.Where(secret => secret.Length > 0).Distinct(StringComparer.Ordinal))
                Assert.DoesNotMatch($@"(?<![\w:.]){Regex.Escape(secret)}(?![\w:]|\.\d)", text);
        }
    }

    private static IncidentWindow Read(string name) => IncidentCodec.Read(File.ReadAllBytes(Path.Combine(Folder, name + ".incident")));
}
