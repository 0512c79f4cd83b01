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

    /// <summary>A request or SYN that waits for its answer is healthy until the kernel sends it again.</summary>
    [Theory]
    [InlineData("hang", 0.2)]
    [InlineData("connect-timeout", 1)]
    [InlineData("late-connect", 1)]
    [InlineData("udp-silence", 0)]
    public void Of_TimeToVerdict_OfARequestWithoutAnAnswer_BeginsWithItsFirstRetransmission(string kind, double seconds)
    {
        var label = Label("M4", t: 12, since: 10);
        label["kind"] = kind;

        Assert.Equal(At - 10 - seconds, Run("blackhole", [label], MechanismCodes.BlackHole).SecondsToVerdict!.Value, 6);
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

    /// <summary>Each part of a mix has a right name of its own; what is true of another Service is wrong here.</summary>
    [Fact]
    public void OfParts_Mix_CountsEachPart()
    {
        var mix = new ScheduledRun(ScenarioRegistry.TryParse("mix-stream-udp")!, LabVariant.TryParse("ipv6")!, 2);
        JsonObject[] labels = [Label("M2"), Label("M8")];
        (labels[0]["scenario"], labels[1]["scenario"]) = ("flushed-stream", "stale-udp");

        var results = RunResult.OfParts(mix, new SourceStub(), labels,
            [Named(MechanismCodes.EntryLost, "shop/flushed-stream"), Named(MechanismCodes.EntryLost, "shop/stale-udp"), Named(MechanismCodes.BlackHole, "shop/checkout")], []);

        Assert.Equal("mix-stream-udp+ipv6-2", mix.Name);
        Assert.Equal([(1, true, [MechanismCodes.BlackHole]), (1, false, [MechanismCodes.EntryLost])], results.Select(result => (result.Labels, result.Right, result.Wrong.ToArray())).ToArray(), Same);
        Assert.Equal((1, 1, 2), (Score.Of(results).Right, Score.Of(results).Missed, Score.Of(results).Wrong));
    }

    /// <summary>At one Service the names of all parts are right.</summary>
    [Fact]
    public void OfParts_RollingUpdate_AcceptsTheNamesOfAllParts()
    {
        var mix = new ScheduledRun(ScenarioRegistry.TryParse("mix-exit-blackhole")!, LabVariant.Plain, 1);
        JsonObject[] labels = [Label("M3"), Label("M4")];
        (labels[0]["scenario"], labels[1]["scenario"]) = ("early-exit", "mix-exit-blackhole");

        var results = RunResult.OfParts(mix, new SourceStub(), labels, [Named(MechanismCodes.NoDrain, "shop/checkout"), Named(MechanismCodes.BlackHole, "shop/checkout")], []);

        Assert.All(results, result => Assert.Equal((true, 1, 0), (result.Right, result.Labels, result.Wrong.Count)));
    }

    [Fact]
    public void Schedule_KeepsALabAtItsVariant_AndOmitsWhatIsImpossible()
    {
        var schedule = new Schedule([ScenarioRegistry.Healthy, ScenarioRegistry.Invalid], [LabVariant.Plain, new LabVariant(IPv6: true)], 2);
        var first = schedule.Take(null)!;
        Assert.Equal("healthy", first.Name);
        Assert.Equal(["invalid", "healthy-2", "invalid-2"], Enumerable.Range(0, 3).Select(_ => schedule.Take(first.Variant)!.Name));
        Assert.Null(schedule.Take(first.Variant));
        Assert.Equal(["healthy+ipv6", "healthy+ipv6-2"], Enumerable.Range(0, 2).Select(_ => schedule.Take(null)!.Name));
        Assert.Null(schedule.Take(null));
    }

    private static bool Same((int Labels, bool Right, string[] Wrong) one, (int Labels, bool Right, string[] Wrong) other) =>
        (one.Labels, one.Right) == (other.Labels, other.Right) && one.Wrong.SequenceEqual(other.Wrong);

    private static (NamedFinding, double) Named(string code, string service) => (new NamedFinding(code + service, code, "", service, null, null, ""), At);

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
