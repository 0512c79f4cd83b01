using ConntrackConsole.Collector.Remember;
using ConntrackConsole.Kernel.Nftables;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

/// <summary>How far a change of a setting has come when the kill falls.</summary>
public enum SettingStep
{
    Begun,
    Ended,
    Open,
}

/// <summary>kill -9 of console, collector and both while a setting is changed, and who sets it back.</summary>
public sealed class KilledSettingTests
{
    private const int RevertAfterS = 10;

    // Both at once is the sum of the other two, so it may be left for the long run.
    public static IEnumerable<TheoryDataRow<SettingStep, Victim>> SettingSteps =>
        from step in Enum.GetValues<SettingStep>()
        from victim in Enum.GetValues<Victim>()
        let row = new TheoryDataRow<SettingStep, Victim>(step, victim)
        select victim == Victim.Both ? row.WithTrait("Category", "Long") : row;

    [Theory]
    [MemberData(nameof(SettingSteps))]
    public async Task Setting_KilledAtAStep_IsWrittenAtMostOnce_AndSetBackAtItsTime(SettingStep step, Victim victim)
    {
        const string file = "nf_conntrack_tcp_be_liberal";
        await using var scene = await KilledScene.StartAsync();
        Assert.Equal("0", scene.ReadSysctl(file));
        var carried = scene.CarryOutAsync(
            new { kind = "setting", key = SettingCatalog.BeLiberal, value = "1", nodes = new[] { KilledScene.Node }, revertAfterSeconds = RevertAfterS }, confirm: true, approve: false);
        string id = await Task.Run(() => Reached(scene, step));
        await scene.KillAsync(victim);
        // Nobody can tell how far a write has come that was cut off; what is there decides.
        bool written = scene.ReadSysctl(file) == "1" || !victim.HasFlag(Victim.Collector);
        await scene.StartAsync(victim);
        await carried;

        var action = (await scene.FinishAsync(id))!.Value;
        Assert.Equal((1, "setting"), (scene.Begun(id), KilledScene.Text(action, "kind")));
        Assert.True(!written || KilledScene.State(action) is "Completed" or "Partly", $"It was written, and it is said: {action}");
        await scene.AssertNotAgainAsync(id, action);

        // By itself, whoever was killed.
        await scene.UntilAsync(id, told => !written || scene.Audit(id).Any(r => r.What == "setting.reverted"), TimeSpan.FromSeconds(RevertAfterS + 20));
        Assert.Equal("0", scene.ReadSysctl(file));
        // The record follows its row in the audit log.
        action = await scene.UntilAsync(
            id, told => KilledScene.Text(told, "sentence")!.Contains(written ? "Back to 0 on node1." : "It was cut off", StringComparison.Ordinal), TimeSpan.FromSeconds(10));
        Assert.Equal(written ? "Completed" : "Failed", KilledScene.State(action));
        Assert.Equal(written ? 1 : 0, scene.Journal().Count(line => line.Phase == JournalPhase.Begin && line.ChangeId == id));
        Assert.Equal(written ? 1 : 0, scene.Audit(id).Count(r => r.What == "setting.reverted"));
        await scene.AssertAuditedAsync(id);
        scene.Tell(id, action);
    }

    [Fact]
    public async Task Filter_ItsCollectorIsKilled_IsDisarmedByTheKernelInTime_AndToldAsReverted()
    {
        await using var scene = await KilledScene.StartAsync();
        await scene.CarryOutAsync(
            new { kind = "setting", key = SettingCatalog.DropInvalid, value = "forward", nodes = new[] { KilledScene.Node }, revertAfterSeconds = RevertAfterS }, confirm: true, approve: false);
        string id = scene.UntilAudited("setting.completed");
        var armed = scene.Inside.Run(() => ArmedFilter.TryRead(out var state) ? state : default);
        Assert.True(armed is { IsArmed: true, Forward: not null, Input: null });
        long untilMs = scene.Journal().Single(line => line.ActionId == id && line.Phase == JournalPhase.Begin).RevertAtMs!.Value;
        await scene.KillAsync(Victim.Collector);

        await Eventually.TrueAsync(() => !scene.Inside.Run(() => ArmedFilter.TryRead(out var state) && state.IsArmed), TimeSpan.FromSeconds(RevertAfterS + 10));
        long lateMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - untilMs;
        Assert.InRange(lateMs, -1_000, 2_000);

        await scene.StartAsync(Victim.Collector);
        var action = await scene.UntilAsync(id, told => (KilledScene.Text(told, "sentence") ?? "").Contains("Back to off", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        Assert.Equal("Completed", KilledScene.State(action));
        Assert.Equal(SettingFate.Reverted, Assert.Single(scene.Journal(), line => line.Phase == JournalPhase.End && line.Setting?.Fate == SettingFate.Reverted).Setting!.Fate);
        Assert.Single(scene.Audit(id), r => r.What == "setting.reverted");
        await scene.AssertAuditedAsync(id);
        TestContext.Current.TestOutputHelper!.WriteLine($"disarmed {lateMs} ms after its time");
    }

    private static string Reached(KilledScene scene, SettingStep step)
    {
        string id = scene.UntilAudited(step == SettingStep.Open ? "setting.completed" : "setting.approved");
        if (step != SettingStep.Open)
            scene.UntilJournal(line => line.Phase == (step == SettingStep.Begun ? JournalPhase.Begin : JournalPhase.End) && line.ActionId == id, $"{step} in the journal");
        return id;
    }
}
