using System.Text;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Tests.Findings.Explanation;
using Prometheus;
using Xunit;

namespace ConntrackConsole.Tests.Findings.Live;

/// <summary>What a scraper reads of the diagnosis.</summary>
public sealed class FindingMetricsTests
{
    private const string Opened = "conntrack_console_findings_opened_total", Open = "conntrack_console_findings_open";

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly FindingMetrics _metrics;
    private readonly FindingLog _log = new();

    public FindingMetricsTests() => _metrics = new FindingMetrics(_registry);

    [Fact]
    public async Task EveryMechanism_HasItsSeriesBeforeTheFirstFinding()
    {
        string[] lines = await LinesAsync();
        foreach (var mechanism in MechanismCatalog.All.Where(mechanism => !mechanism.IsWarning))
        {
            Assert.Contains($"{Opened}{{mechanism=\"{mechanism.Id}\",code=\"{mechanism.Code}\"}} 0", lines);
            Assert.Contains($"{Open}{{mechanism=\"{mechanism.Id}\",code=\"{mechanism.Code}\"}} 0", lines);
        }

        Assert.Contains($"conntrack_console_warnings_active{{code=\"{MechanismCodes.TablePressure}\"}} 0", lines);
        Assert.Contains("conntrack_console_diagnosis_last_round_timestamp_seconds 0", lines);
    }

    [Fact]
    public async Task Finding_IsCountedOnce_AndIsOpenUntilItCloses()
    {
        var hole = Explained.Of(MechanismCodes.BlackHole);
        const string labels = $"{{mechanism=\"M4\",code=\"{MechanismCodes.BlackHole}\"}}";
        for (int i = 0; i < 3; i++)
            Update([hole], Explained.SinceMs + (i * 1_000));
        Assert.Contains($"{Opened}{labels} 1", await LinesAsync());
        Assert.Contains($"{Open}{labels} 1", await LinesAsync());
        Assert.Contains("conntrack_console_diagnosis_last_round_timestamp_seconds 1795400002", await LinesAsync());

        Update([], Explained.SinceMs + 2_000 + FindingLog.CloseDelayMs);
        Assert.Contains($"{Opened}{labels} 1", await LinesAsync());
        Assert.Contains($"{Open}{labels} 0", await LinesAsync());

        Update([hole], Explained.SinceMs + 100_000);
        Assert.Contains($"{Opened}{labels} 2", await LinesAsync());
    }

    [Fact]
    public async Task FindingOfAnEarlierRun_IsOpen_AndNotCountedAgain()
    {
        var hole = Explained.Of(MechanismCodes.BlackHole);
        _log.Restore([new OpenFinding("finding-old", hole.Identity, Explained.SinceMs)]);
        Update([hole], Explained.SinceMs + 1_000);
        const string labels = $"{{mechanism=\"M4\",code=\"{MechanismCodes.BlackHole}\"}}";
        Assert.Contains($"{Opened}{labels} 0", await LinesAsync());
        Assert.Contains($"{Open}{labels} 1", await LinesAsync());
    }

    [Fact]
    public async Task WarningsAndMissingEvidence_AreThoseOfTheLastRound()
    {
        var warning = Explained.Of(MechanismCodes.TablePressure);
        _metrics.Update(_log, FindingReport.None with { Warnings = [warning], Insufficient = [new InsufficientEvidence(null, "M1", "events"), new InsufficientEvidence(null, "", "resets")] });
        Assert.Contains($"conntrack_console_warnings_active{{code=\"{MechanismCodes.TablePressure}\"}} 1", await LinesAsync());
        Assert.Contains("conntrack_console_insufficient_evidence 2", await LinesAsync());

        _metrics.Update(_log, FindingReport.None);
        Assert.Contains($"conntrack_console_warnings_active{{code=\"{MechanismCodes.TablePressure}\"}} 0", await LinesAsync());
        Assert.Contains("conntrack_console_insufficient_evidence 0", await LinesAsync());
    }

    private void Update(IReadOnlyList<ObservedFinding> derived, long nowMs) =>
        _metrics.Update(_log, new FindingReport(nowMs - 60_000, nowMs, _log.Update(derived, nowMs), [], []));

    private async Task<string[]> LinesAsync()
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(text.ToArray()).Split('\n');
    }
}
