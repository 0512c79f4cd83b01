using ConntrackConsole.Configuration;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Rollouts;
using ConntrackConsole.Tests.Findings;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Rollouts;

public sealed class RolloutReportTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PodThatDrains_IsWithin_AndItsDrainIsMeasured()
    {
        using var rollout = await HealthyAsync();
        var report = await rollout.ReportAsync();

        Assert.Empty(report.Measurement.Unknown);
        Assert.Equal((RolloutVerdict.Within, 0), (RolloutVerdicts.Of(report.Measurement, 0), report.Measurement.Broken));
        var pod = Assert.Single(report.Measurement.Pods);
        Assert.Equal(("checkout-a", 30, 0, false), (pod.Pod, pod.GraceSeconds, pod.ExitCode, pod.WasKilled));
        // Its last connections ended 4 s after the deletion request, its containers 6 s.
        Assert.InRange(pod.LastActivityMs!.Value - pod.DeletionRequestedMs, 3_000, 5_000);
        Assert.Equal(6.0, pod.DrainSeconds);
        Assert.Empty(report.Measurement.Changes);
    }

    [Fact]
    public async Task PodThatResetsItsClients_IsOver_AndTheSuggestionHasANumber()
    {
        using var rollout = await NoDrainAsync();
        var report = await rollout.ReportAsync();

        var measured = report.Measurement;
        Assert.Equal((RolloutVerdict.Over, 2, 2, 2.0), (RolloutVerdicts.Of(measured, 0), measured.Broken, measured.Resets, measured.BrokenPerPod));
        Assert.Equal((MechanismCodes.NoDrain, "resets"), Assert.Single(Assert.Single(measured.Pods).Findings) is var finding ? (finding.Code, finding.Unit) : default);
        Assert.Equal(RolloutVerdict.Within, RolloutVerdicts.Of(measured, 2));
        Assert.Equal(["setPreStop"], measured.Changes.Select(change => change.Action));
        Assert.True(measured.Changes[0] is { Seconds: >= 1 and <= 3, IsMinimum: true });
    }

    [Fact]
    public async Task PodThatIsKilledAtTheEndOfItsGrace_NeedsALongerOne()
    {
        using var rollout = await RolloutScene.StartAsync();
        rollout.Terminate();
        rollout.Scene.Run(30);
        rollout.Scene.Reset("node1", ResetKind.FromBackend, 40_000);
        rollout.Scene.Run(1);
        rollout.End(exitCode: 137);
        rollout.Scene.Run(65);
        var report = await rollout.ReportAsync();

        Assert.Equal(RolloutVerdict.Over, RolloutVerdicts.Of(report.Measurement, 0));
        Assert.True(Assert.Single(report.Measurement.Pods).WasKilled);
        var grace = Assert.Single(report.Measurement.Changes, change => change.Action == "setGrace");
        Assert.True(grace is { Seconds: >= 40, IsMinimum: true }, grace.ToString());
    }

    [Fact]
    public async Task ResetsBeforeTheDeletionRequest_AreNotTheRollouts()
    {
        using var rollout = await RolloutScene.StartAsync();
        rollout.Scene.Reset("node1", ResetKind.UnNated, 40_000);
        rollout.Scene.Invalid("node1", 2);
        rollout.Scene.Run(6);
        rollout.Terminate();
        rollout.Scene.Run(5);
        rollout.End(exitCode: 0);
        rollout.Scene.Run(65);
        var report = await rollout.ReportAsync();

        Assert.Contains(MechanismCodes.InvalidUntranslated, (await rollout.Scene.StoredAsync()).Findings.Select(finding => finding.Code));
        Assert.Equal(0, report.Measurement.Broken);
    }

    [Fact]
    public async Task UnderWay_OrJustEnded_IsInsufficient_ButOverIsOver()
    {
        using var rollout = await RolloutScene.StartAsync();
        rollout.Terminate();
        rollout.Scene.Run(2);
        var measured = (await rollout.ReportAsync()).Measurement;
        Assert.Equal([RolloutCodes.InProgress, RolloutCodes.PodsTerminating], measured.Unknown.Select(part => part.Code));
        Assert.Equal((RolloutVerdict.Insufficient, false), (RolloutVerdicts.Of(measured, 0), measured.IsFinal));

        rollout.Scene.Reset("node1", ResetKind.FromBackend, 40_000);
        rollout.Scene.Run(2);
        Assert.Equal(RolloutVerdict.Over, RolloutVerdicts.Of((await rollout.ReportAsync()).Measurement, 0));

        rollout.End(exitCode: 0);
        rollout.Scene.Run(10);
        Assert.Equal([RolloutCodes.EvidencePending], (await rollout.ReportAsync()).Measurement.Unknown.Select(part => part.Code));
    }

    [Fact]
    public async Task Evidence_IsAwaitedForAsLongAsConfigured()
    {
        using var rollout = await RolloutScene.StartAsync(new RolloutsOptions { SettleSeconds = 10 });
        rollout.Terminate();
        rollout.Scene.Run(2);
        rollout.End(exitCode: 0);
        rollout.Scene.Run(8);
        var pending = Assert.Single((await rollout.ReportAsync()).Measurement.Unknown);
        Assert.Equal(RolloutCodes.EvidencePending, pending.Code);
        Assert.Contains("less than 10 s ago", pending.Text, StringComparison.Ordinal);
        Assert.Null(await rollout.Recorder.RecordAsync(Ct));

        rollout.Scene.Run(3);
        Assert.True((await rollout.ReportAsync()).Measurement.IsFinal);
        Assert.Equal(RolloutScene.Id, await rollout.Recorder.RecordAsync(Ct));
    }

    [Fact]
    public async Task NodeThatDoesNotReport_AndGaps_AreInsufficient()
    {
        using var rollout = await RolloutScene.StartAsync("node1");
        rollout.Terminate();
        rollout.Scene.Next("node1", frame => frame.Gaps.Add(new Gap(GapKind.ResetsLost, frame.AtMs - 500, frame.AtMs, 3)));
        rollout.Scene.Run(5);
        rollout.End(exitCode: 0);
        rollout.Scene.Run(65);
        var report = await rollout.ReportAsync();

        Assert.Equal([RolloutCodes.DataGap, RolloutCodes.NodeUnobserved], report.Measurement.Unknown.Select(part => part.Code));
        Assert.Equal(RolloutVerdict.Insufficient, RolloutVerdicts.Of(report.Measurement, 0));
    }

    [Fact]
    public async Task WithoutTerminationsOrFrames_IsInsufficient()
    {
        using var rollout = await RolloutScene.StartAsync();
        rollout.Add(RolloutScene.Rollout("uid-web/1", "1", rollout.Scene.NowMs - 86_400_000) with { FinishedMs = rollout.Scene.NowMs - 86_300_000 });
        var report = (await rollout.Reporter.ReadAsync("uid-web/1", Ct))!;
        Assert.Equal([RolloutCodes.NoTerminations, RolloutCodes.FramesMissing], report.Measurement.Unknown.Select(part => part.Code).Take(2));
        Assert.Equal(RolloutVerdict.Insufficient, RolloutVerdicts.Of(report.Measurement, 1_000));
        Assert.Null(await rollout.Reporter.ReadAsync("uid-web/9", Ct));
    }

    [Fact]
    public async Task Recorder_StoresAFinalMeasurementOnce_AndLaterRolloutsAreComparedWithIt()
    {
        using var rollout = await NoDrainAsync();
        var first = (await rollout.ReportAsync()).Measurement;
        Assert.Equal(RolloutScene.Id, await rollout.Recorder.RecordAsync(Ct));
        Assert.Null(await rollout.Recorder.RecordAsync(Ct));
        var stored = (await rollout.Store.FindAsync(RolloutScene.Id, Ct))!;
        Assert.Equal(first.Broken, stored.Broken);
        Assert.Equal(first.Pods[0].Findings, stored.Pods[0].Findings);
        Assert.Equal(first.Changes, stored.Changes);

        // The frames are gone by then.
        rollout.Scene.Console.At(86_400_000);
        Assert.Equal(RolloutVerdict.Over, RolloutVerdicts.Of((await rollout.ReportAsync()).Measurement, 1));

        long nowMs = rollout.Scene.Console.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        rollout.Add(RolloutScene.Rollout("uid-web/3", "3", nowMs) with { FinishedMs = nowMs + 1 });
        rollout.Add(RolloutScene.Rollout("uid-web/1", "1", 1_000) with { FinishedMs = 2_000 });
        var later = (await rollout.Reporter.ReadAsync("uid-web/3", Ct))!;
        Assert.Equal(new RolloutBaseline(1, 2.0, 1), later.Baseline);
    }

    [Theory]
    [InlineData(new double[0], null)]
    [InlineData(new[] { 3.0 }, 3.0)]
    [InlineData(new[] { 9.0, 1.0, 2.0 }, 2.0)]
    [InlineData(new[] { 4.0, 1.0, 2.0, 9.0 }, 3.0)]
    public void Baseline_IsTheMedian(double[] broken, double? median) =>
        Assert.Equal(median, RolloutBaseline.Of([.. broken.Select(count => Measured((int)count)), null]).MedianBrokenPerPod);

    [Fact]
    public async Task Archive_ReadsPagesNewestFirst_AndCountsPods()
    {
        using var rollout = await HealthyAsync();
        rollout.Add(RolloutScene.Rollout("uid-web/1", "1", 1_000) with { FinishedMs = 2_000 });
        var all = await rollout.Archive.ReadAsync(new RolloutFilter(), null, 10, Ct);
        Assert.Equal([RolloutScene.Id, "uid-web/1"], all.Select(one => one.Id));
        Assert.Equal(["uid-web/1"], (await rollout.Archive.ReadAsync(new RolloutFilter(), new RolloutCursor(all[0].StartedMs, all[0].Id), 10, Ct)).Select(one => one.Id));
        Assert.Empty(await rollout.Archive.ReadAsync(new RolloutFilter(Workload: "other"), null, 10, Ct));
        Assert.Equal(1, (await rollout.Archive.PodsAsync([.. all], Ct))[RolloutScene.Id]);
    }

    private static async Task<RolloutScene> HealthyAsync()
    {
        var rollout = await RolloutScene.StartAsync();
        rollout.Terminate();
        rollout.Scene.Run(3);
        rollout.Scene.Entries("node1", FindingScene.Group(), FlowState.TimeWait, 3);
        rollout.Scene.Run(3);
        rollout.End(exitCode: 0);
        rollout.Scene.Run(65);
        return rollout;
    }

    private static async Task<RolloutScene> NoDrainAsync()
    {
        var rollout = await RolloutScene.StartAsync();
        rollout.Terminate();
        rollout.Scene.Reset("node1", ResetKind.FromBackend, 40_000);
        rollout.Scene.Reset("node1", ResetKind.FromBackend, 40_001);
        rollout.Scene.Entries("node1", FindingScene.Group(), FlowState.Close, 2);
        rollout.Scene.Run(1);
        rollout.End(exitCode: 0);
        rollout.Scene.Run(65);
        return rollout;
    }

    private static RolloutMeasurement Measured(int broken) => new(
        0, 1, [new PodMeasurement("p", "shop", "p", "", "", null, 0, null, null, null, null, null, null, false, null, null, null, [new CountedFinding("f", "M3", "c", "", "resets", broken, "", null, null, "high", false)])],
        [], [], []);
}
