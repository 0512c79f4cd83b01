using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.EndToEnd.Outages;

/// <summary>The progress of a setting change at the time of the kill.</summary>
public enum SettingStep
{
    Begun,
    Ended,
    Open,
}

/// <summary>kill -9 of a process while a setting is changed, and its revert. One class per victim, so that they run in parallel.</summary>
public abstract class KilledSettingTests(Victim victim, KilledScene scene) : IClassFixture<KilledScene>
{
    private const int RevertAfterS = 10;

    public static TheoryData<SettingStep> SettingSteps => [.. Enum.GetValues<SettingStep>()];

    [Theory]
    [MemberData(nameof(SettingSteps))]
    public async Task Setting_KilledAtAStep_IsWrittenAtMostOnce_AndRevertedOnTime(SettingStep step)
    {
        const string file = "nf_conntrack_tcp_be_liberal";
        await scene.PrepareAsync();
        Assert.Equal("0", scene.ReadSysctl(file));
        var execution = scene.ExecuteAsync(
            new { kind = "setting", key = SettingCatalog.BeLiberal, value = "1", nodes = new[] { KilledScene.Node }, revertAfterSeconds = RevertAfterS }, confirm: true, approve: false);
        string id = await Task.Run(() => Reached(scene, step));
        await scene.KillAsync(victim);
        // It is unknown how far an interrupted write got; the current value decides.
        bool written = scene.ReadSysctl(file) == "1" || !victim.HasFlag(Victim.Collector);
        await scene.StartAsync(victim);
        await execution;

        var action = (await scene.FinishAsync(id))!.Value;
        Assert.Equal((1, "setting"), (scene.Begun(id), KilledScene.Text(action, "kind")));
        Assert.True(!written || KilledScene.State(action) is "Completed" or "Partly", $"It was written, but the action is {action}");
        await scene.AssertNotAgainAsync(id, action);

        // Automatically, whichever process was killed.
        await scene.UntilAsync(id, current => !written || scene.Audit(id).Any(r => r.What == "setting.reverted"), TimeSpan.FromSeconds(RevertAfterS + 20));
        Assert.Equal("0", scene.ReadSysctl(file));
        // The action's record follows its row in the audit log.
        action = await scene.UntilAsync(
            id, current => KilledScene.Text(current, "sentence")!.Contains(written ? "Reverted to 0 on node1." : "It was interrupted", StringComparison.Ordinal), TimeSpan.FromSeconds(10));
        Assert.Equal(written ? "Completed" : "Failed", KilledScene.State(action));
        Assert.Equal(written ? 1 : 0, scene.Journal().Count(line => line.Phase == JournalPhase.Begin && line.ChangeId == id));
        Assert.Equal(written ? 1 : 0, scene.Audit(id).Count(r => r.What == "setting.reverted"));
        await scene.AssertAuditedAsync(id);
        scene.Log(id, action);
    }

    private static string Reached(KilledScene scene, SettingStep step)
    {
        string id = scene.UntilAudited(step == SettingStep.Open ? "setting.completed" : "setting.approved");
        if (step != SettingStep.Open)
            scene.UntilJournal(line => line.Phase == (step == SettingStep.Begun ? JournalPhase.Begin : JournalPhase.End) && line.ActionId == id, $"{step} in the journal");
        return id;
    }
}

public sealed class SettingConsoleKilledTests(KilledScene scene) : KilledSettingTests(Victim.Console, scene);

public sealed class SettingCollectorKilledTests(KilledScene scene) : KilledSettingTests(Victim.Collector, scene);

public sealed class SettingBothKilledTests(KilledScene scene) : KilledSettingTests(Victim.Both, scene);
