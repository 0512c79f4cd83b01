using System.Text.Json.Nodes;
using ConntrackConsole.Accuracy;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Lab.Scenarios;
using Xunit;

namespace ConntrackConsole.Lab.Tests.Accuracy;

public sealed class ScoreTests
{
    [Fact]
    public void Of_RightWrongMissedAndCalm_AreCounted()
    {
        var score = Score.Of(
        [
            Run("blackhole", [Label("M4")], MechanismCodes.BlackHole),
            Run("blackhole", [Label("M4")], MechanismCodes.BlackHole, MechanismCodes.NoDrain),
            Run("invalid", [Label("M1")]),
            Run("healthy", []),
            Run("port-scan", [Label(null)], MechanismCodes.RefusedWhileListed),
        ]);

        Assert.Equal((2, 1, 2, 1), (score.Right, score.Missed, score.Wrong, score.Calm));
        Assert.Equal((0.5, 2.0 / 3), (score.Precision, score.Recall));
        Assert.Equal(
            [
                (MechanismCodes.BlackHole, MechanismCodes.BlackHole, 2), (MechanismCodes.BlackHole, MechanismCodes.NoDrain, 1),
                (MechanismCodes.InvalidUntranslated, Score.None, 1), (Score.None, MechanismCodes.RefusedWhileListed, 1), (Score.None, Score.None, 1),
            ],
            score.Matrix.Select(cell => (cell.Key.True, cell.Key.Named, cell.Value)).OrderBy(cell => cell.True, StringComparer.Ordinal).ThenBy(cell => cell.Named, StringComparer.Ordinal));
    }

    [Fact]
    public void Of_AScenarioThatDidNothing_IsNotCounted()
    {
        var score = Score.Of([Run("blackhole", [])]);

        Assert.Equal((0, 0, null, null), (score.Right, score.Missed, score.Precision, score.Recall));
    }

    /// <summary>A name that is wrong counts also where the scenario did nothing.</summary>
    [Fact]
    public void Of_AWrongNameInAScenarioThatDidNothing_IsWrong() => Assert.Equal(1, Score.Of([Run("blackhole", [], MechanismCodes.NoDrain)]).Wrong);

    [Fact]
    public void Of_WhatIsAlsoTrue_IsNotWrong()
    {
        var run = Run("address-reused", [Label("M5")], MechanismCodes.AddressReused, MechanismCodes.BlackHole);

        Assert.True(run.Right);
        Assert.Empty(run.Wrong);
    }

    [Fact]
    public void Of_TimeToVerdict_BeginsWithTheFirstUnansweredPacket()
    {
        var run = Run("blackhole", [Label("M4", t: 12, since: 10), Label("M4", t: 11.5, since: 9.5), Label(null, t: 5)], MechanismCodes.BlackHole);

        Assert.Equal(At - 9.5, run.SecondsToVerdict);
    }

    [Theory]
    [InlineData(0.5, 2.0)]
    [InlineData(0.95, 4.0)]
    [InlineData(1.0, 4.0)]
    public void Percentile_IsTheNearestRank(double fraction, double expected) =>
        Assert.Equal(expected, new Score(new Dictionary<(string, string), int>(), 0, 0, 0, 0, [1, 2, 3, 4]).Percentile(fraction));

    [Fact]
    public void Write_AWrongName_StandsOut()
    {
        var output = new StringWriter();
        var run = Run("healthy", [], MechanismCodes.BlackHole);

        ReportWriter.WriteLine(output, run, details: true);
        ReportWriter.Write(output, [run], Score.Of([run]));

        Assert.Contains("WRONG: black_hole", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("precision  0.000", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("recall     unknown", output.ToString(), StringComparison.Ordinal);
    }

    private const double At = 20;

    private static RunResult Run(string scenario, JsonNode[] labels, params string[] codes) => RunResult.Of(
        ScenarioRegistry.TryParse(scenario)!, new SourceStub(), labels,
        [.. codes.Select(code => (new NamedFinding(code, code, "", null, null, null, ""), At))], []);

    private static JsonObject Label(string? mechanism, double t = 1, double? since = null) =>
        new JsonObject { ["t"] = t, ["mechanism"] = mechanism, ["since"] = since };

    private sealed class SourceStub : IFindingSource
    {
        public bool AnswersLive => true;

        public void Begin()
        {
        }

        public Task<FindingsSnapshot> ReadAsync(CancellationToken stop) => Task.FromResult(FindingsSnapshot.Empty);

        public Task<FindingsSnapshot> EndAsync(CancellationToken stop) => Task.FromResult(FindingsSnapshot.Empty);

        public bool IsRight(NamedFinding finding, string code, string mechanism) => finding.Code == code;

        public void Dispose()
        {
        }
    }
}
