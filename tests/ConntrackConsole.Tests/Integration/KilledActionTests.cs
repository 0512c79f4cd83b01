using System.Net;
using System.Text.Json;
using ConntrackConsole.Actions;
using ConntrackConsole.Collector.Remember;
using ConntrackConsole.Kernel.Nftables;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

/// <summary>How far a flush has come when the kill falls.</summary>
public enum FlushStep
{
    Requested,
    Previewed,
    Waiting,
    Approved,
    InMidRun,
    Ended,
    Completed,
}

/// <summary>How far a change of a setting has come when the kill falls.</summary>
public enum SettingStep
{
    Begun,
    Ended,
    Open,
}

/// <summary>kill -9 of console, collector and both at each step of an action, and what people find afterwards.</summary>
public sealed class KilledActionTests
{
    private const int RevertAfterS = 10;

    private static readonly string[] Outcomes = ["completed", "resolved", "interrupted", "refused", "expired"];

    public static readonly MatrixTheoryData<FlushStep, Victim> FlushSteps = new(Enum.GetValues<FlushStep>(), Enum.GetValues<Victim>());

    public static readonly MatrixTheoryData<SettingStep, Victim> SettingSteps = new(Enum.GetValues<SettingStep>(), Enum.GetValues<Victim>());

    [Theory]
    [MemberData(nameof(FlushSteps))]
    public async Task Flush_KilledAtAStep_RanAtMostOnce_AndWhatCameOfItIsTold(FlushStep step, Victim victim)
    {
        await using var scene = await KilledScene.StartAsync();
        var carried = scene.CarryOutAsync(
            new { kind = "flush", podIp = KilledScene.PodIp, preset = "all" }, confirm: step >= FlushStep.Waiting, approve: step >= FlushStep.Approved);
        string id = await Task.Run(() => Reached(scene, step));
        await scene.KillAsync(victim);
        await scene.StartAsync(victim);
        await carried;

        var action = await scene.FinishAsync(id);
        await AssertToldAsync(scene, id, action);
        Tell(scene, id, action);
        await AssertNotAgainAsync(scene, id, action);
        await AssertToldAsync(scene, id, action);
    }

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
        await AssertNotAgainAsync(scene, id, action);

        // By itself, whoever was killed.
        await scene.UntilAsync(id, told => !written || scene.Audit(id).Any(r => r.What == "setting.reverted"), TimeSpan.FromSeconds(RevertAfterS + 20));
        Assert.Equal("0", scene.ReadSysctl(file));
        action = await scene.UntilAsync(id, told => KilledScene.State(told) == (written ? "Completed" : "Failed"), TimeSpan.FromSeconds(10));
        Assert.Equal(written, (KilledScene.Text(action, "sentence") ?? "").Contains("Back to 0 on node1.", StringComparison.Ordinal));
        Assert.Equal(written ? 1 : 0, scene.Journal().Count(line => line.Phase == JournalPhase.Begin && line.ChangeId == id));
        AssertAudited(scene, id);
        Assert.Equal(written ? 1 : 0, scene.Audit(id).Count(r => r.What == "setting.reverted"));
        await AssertWholeAsync(scene);
        Tell(scene, id, action);
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

        await ConsoleHost.UntilAsync(() => !scene.Inside.Run(() => ArmedFilter.TryRead(out var state) && state.IsArmed), TimeSpan.FromSeconds(RevertAfterS + 10));
        long lateMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - untilMs;
        Assert.InRange(lateMs, -1_000, 2_000);

        await scene.StartAsync(Victim.Collector);
        var action = await scene.UntilAsync(id, told => (KilledScene.Text(told, "sentence") ?? "").Contains("Back to off", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        Assert.Equal("Completed", KilledScene.State(action));
        Assert.Equal(SettingFate.Reverted, Assert.Single(scene.Journal(), line => line.Phase == JournalPhase.End && line.Setting?.Fate == SettingFate.Reverted).Setting!.Fate);
        Assert.Single(scene.Audit(id), r => r.What == "setting.reverted");
        await AssertWholeAsync(scene);
        TestContext.Current.TestOutputHelper!.WriteLine($"disarmed {lateMs} ms after its time");
    }

    private static string Reached(KilledScene scene, FlushStep step)
    {
        string id = step switch
        {
            FlushStep.Requested => scene.UntilAudited("flush.requested"),
            // A moment after their rows, when a person can see them.
            FlushStep.Previewed => scene.UntilIn(ActionState.Previewed),
            FlushStep.Waiting => scene.UntilIn(ActionState.Waiting),
            FlushStep.Completed => scene.UntilAudited("flush.completed"),
            _ => scene.UntilAudited("flush.approved"),
        };
        if (step == FlushStep.InMidRun)
            scene.UntilDeleting();
        if (step == FlushStep.Ended)
            scene.UntilJournal(line => line.Phase == JournalPhase.End && line.ActionId == id, "the end in the journal");
        return id;
    }

    private static string Reached(KilledScene scene, SettingStep step)
    {
        string id = scene.UntilAudited(step == SettingStep.Open ? "setting.completed" : "setting.approved");
        if (step != SettingStep.Open)
            scene.UntilJournal(line => line.Phase == (step == SettingStep.Begun ? JournalPhase.Begin : JournalPhase.End) && line.ActionId == id, $"{step} in the journal");
        return id;
    }

    // What is said must be what is there.
    private static async Task AssertToldAsync(KilledScene scene, string id, JsonElement? action)
    {
        var (left, witnesses) = await scene.EntriesAsync();
        Assert.Equal(KilledScene.Witnesses, witnesses);
        int begun = scene.Begun(id);
        Assert.InRange(begun, 0, 1);
        Assert.True(begun == 1 || left == KilledScene.Entries, $"{left} are left, and the journal has no begin");
        var flush = action is { } known && known.GetProperty("nodes").EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } node
            && node.TryGetProperty("flush", out var told) ? told : default;
        switch (action is { } there ? KilledScene.State(there) : "never shown")
        {
            case "Completed":
                Assert.Equal((1, 0, KilledScene.Entries, 0), (begun, left, flush.GetProperty("deleted").GetInt32(), flush.GetProperty("remaining").GetInt32()));
                break;
            case "Partly":
                Assert.Equal((1, true, left), (begun, flush.GetProperty("unsure").GetBoolean(), flush.GetProperty("remaining").GetInt32()));
                string sentence = KilledScene.Text(action!.Value, "sentence")!;
                Assert.Contains("How many entries were deleted is not known", sentence, StringComparison.Ordinal);
                Assert.Contains("cut off", sentence, StringComparison.Ordinal);
                break;
            default:
                Assert.Equal((0, KilledScene.Entries), (begun, left));
                break;
        }

        AssertAudited(scene, id);
        await AssertWholeAsync(scene);
    }

    private static void AssertAudited(KilledScene scene, string id)
    {
        var steps = scene.Audit(id).Select(r => r.What.Split('.')[1]).ToList();
        Assert.Equal("requested", steps[0]);
        Assert.True(steps.Intersect(Outcomes).Any(), $"The audit log has no outcome: {string.Join(", ", steps)}");
        Assert.InRange(steps.Count(s => s == "completed"), 0, 1);
    }

    private static async Task AssertWholeAsync(KilledScene scene)
    {
        var (exit, words) = await scene.VerifyAsync();
        Assert.True(exit == 0, words);
    }

    private static async Task AssertNotAgainAsync(KilledScene scene, string id, JsonElement? action)
    {
        if (action is not { } shown)
            return;
        foreach (var again in new[] { await scene.ConfirmAsync(shown), await scene.ApproveAsync(shown) })
            Assert.True(again.Status is HttpStatusCode.Gone or HttpStatusCode.Conflict or HttpStatusCode.NotFound, again.Text);
        Assert.Equal(KilledScene.State(shown), KilledScene.State(await scene.ReadAsync(id)));
    }

    private static void Tell(KilledScene scene, string id, JsonElement? action) => TestContext.Current.TestOutputHelper!.WriteLine(
        $"{(action is { } known ? $"{KilledScene.State(known)}: {KilledScene.Text(known, "sentence")}" : "never shown")} [{string.Join(", ", scene.Audit(id).Select(r => r.What))}]");
}
