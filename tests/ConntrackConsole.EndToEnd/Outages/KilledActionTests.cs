using System.Text.Json;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Collector.Journal;
using Xunit;

namespace ConntrackConsole.EndToEnd.Outages;

/// <summary>The progress of a flush at the time of the kill.</summary>
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

/// <summary>kill -9 of a process at each step of a flush, and the result that users find afterwards. One class per victim, so that they run in parallel.</summary>
public abstract class KilledActionTests(Victim victim, KilledScene scene) : IClassFixture<KilledScene>
{
    public static TheoryData<FlushStep> FlushSteps => [.. Enum.GetValues<FlushStep>()];

    [Theory]
    [MemberData(nameof(FlushSteps))]
    public async Task Flush_KilledAtAStep_RanAtMostOnce_AndItsOutcomeIsReported(FlushStep step)
    {
        await scene.PrepareAsync();
        var execution = scene.ExecuteAsync(
            new { kind = "flush", podIp = scene.PodIp, preset = "all" }, confirm: step >= FlushStep.Waiting, approve: step >= FlushStep.Approved);
        string id = await Task.Run(() => Reached(scene, step));
        await scene.KillAsync(victim);
        await scene.StartAsync(victim);
        await execution;

        var action = await scene.FinishAsync(id);
        await AssertReportedAsync(scene, id, action);
        scene.Log(id, action);
        await scene.AssertNotAgainAsync(id, action);
        await AssertReportedAsync(scene, id, action);
    }

    private static string Reached(KilledScene scene, FlushStep step)
    {
        string id = step switch
        {
            FlushStep.Requested => scene.UntilAudited("flush.requested"),
            // A moment after the audit row, when a user can see it.
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

    // The reported outcome must match the kernel's entries.
    private static async Task AssertReportedAsync(KilledScene scene, string id, JsonElement? action)
    {
        var (left, witnesses) = await scene.EntriesAsync();
        Assert.Equal(KilledScene.Witnesses, witnesses);
        int begun = scene.Begun(id);
        Assert.InRange(begun, 0, 1);
        Assert.True(begun == 1 || left == KilledScene.Entries, $"{left} are left, and the journal has no begin");
        var flush = action is { } known && known.GetProperty("nodes").EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } node
            && node.TryGetProperty("flush", out var reported) ? reported : default;
        switch (action is { } there ? KilledScene.State(there) : "never shown")
        {
            case "Completed":
                Assert.Equal((1, 0, KilledScene.Entries, 0), (begun, left, flush.GetProperty("deleted").GetInt32(), flush.GetProperty("remaining").GetInt32()));
                // Entry by entry, once.
                var list = JsonElement.Parse(Assert.Single(scene.Audit(id), r => r.Details is { Length: > 0 }).Details!);
                Assert.Equal(KilledScene.Entries, list[0].GetProperty("entries").GetArrayLength());
                break;
            case "Partly":
                Assert.Equal((1, true, left), (begun, flush.GetProperty("unsure").GetBoolean(), flush.GetProperty("remaining").GetInt32()));
                string sentence = KilledScene.Text(action!.Value, "sentence")!;
                Assert.Contains("The number of deleted entries is unknown", sentence, StringComparison.Ordinal);
                Assert.Contains("interrupted", sentence, StringComparison.Ordinal);
                break;
            default:
                Assert.Equal((0, KilledScene.Entries), (begun, left));
                break;
        }

        await scene.AssertAuditedAsync(id);
    }
}

public sealed class ActionConsoleKilledTests(KilledScene scene) : KilledActionTests(Victim.Console, scene);

public sealed class ActionCollectorKilledTests(KilledScene scene) : KilledActionTests(Victim.Collector, scene);

public sealed class ActionBothKilledTests(KilledScene scene) : KilledActionTests(Victim.Both, scene);
