using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Nftables;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.EndToEnd.Outages;

/// <summary>kill -9 of the collector while its filter is armed: the kernel disarms it.</summary>
public sealed class KilledFilterTests(KilledScene scene) : IClassFixture<KilledScene>
{
    private const int RevertAfterS = 10;

    [Fact]
    public async Task Filter_CollectorKilled_IsDisarmedByTheKernelInTime_AndReportedAsReverted()
    {
        await scene.PrepareAsync();
        await scene.ExecuteAsync(
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
        var action = await scene.UntilAsync(id, current => (KilledScene.Text(current, "sentence") ?? "").Contains("Reverted to off", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        Assert.Equal("Completed", KilledScene.State(action));
        Assert.Equal(SettingOutcome.Reverted, Assert.Single(scene.Journal(), line => line.Phase == JournalPhase.End && line.Setting?.Outcome == SettingOutcome.Reverted).Setting!.Outcome);
        Assert.Single(scene.Audit(id), r => r.What == "setting.reverted");
        await scene.AssertAuditedAsync(id);
        TestContext.Current.TestOutputHelper!.WriteLine($"disarmed {lateMs} ms after its time");
    }
}
