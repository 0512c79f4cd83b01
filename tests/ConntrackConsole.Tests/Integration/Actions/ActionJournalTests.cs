using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Integration.Actions.ActionScene;

namespace ConntrackConsole.Tests.Integration.Actions;

/// <summary>Each operation that nodes did without the console becomes one audit row, however often it is reported.</summary>
public sealed class ActionJournalTests : IAsyncLifetime
{
    private ActionScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await StartAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    private Task<long> ReportAsync(string journal, params JournalEntry?[] entries) => _scene.Nodes["node1"].ReportAsync(new JournalReport(journal, entries!));

    private static JournalEntry Typed(long number, string? actionId = null) => new(
        number, 1_000, JournalOrigin.CommandLine, actionId ?? $"typed-{number}", "flush", PodIp, "root", "black hole", "2 listed", "2 deleted", "Of 2 listed entries: 2 deleted.", "[]", false);

    private async Task<List<string>> RowsAsync() => [.. (await _scene.AuditAsync(null, "flush")).Select(r => r.ActionId)];

    [Fact]
    public async Task CommandLine_ReportedAgainAndAgain_IsOneRow()
    {
        Assert.Equal(2, await ReportAsync("j", Typed(1), Typed(2)));
        Assert.Equal(2, await ReportAsync("j", Typed(1), Typed(2)));
        await _scene.RestartAsync();
        await _scene.ConnectAsync("node1");
        Assert.Equal(3, await ReportAsync("j", Typed(1), Typed(2), Typed(3)));

        var rows = await _scene.AuditAsync(null, "flush");
        Assert.Equal(["typed-1", "typed-2", "typed-3"], rows.Select(r => r.ActionId));
        Assert.Equal(
            ("flush.on-node", "root on node1", "node1", "node1", PodIp, "black hole", "2 listed", "2 deleted", "Of 2 listed entries: 2 deleted.", "[]"),
            rows[0] is var r ? (r.What, r.Who, r.From, r.Where, r.Target, r.Why, r.Before, r.After, r.Result, r.Details) : default);
    }

    [Fact]
    public async Task CommandLine_ConsoleDiesBetweenRowAndMark_IsOneRow()
    {
        Assert.Equal(2, await ReportAsync("j", Typed(1), Typed(2)));
        await _scene.RestartAsync(file => file.ExecuteAsync("DELETE FROM JournalMarks"));
        await _scene.ConnectAsync("node1");
        Assert.Equal(2, await ReportAsync("j", Typed(1), Typed(2)));
        Assert.Equal(["typed-1", "typed-2"], await RowsAsync());
    }

    [Fact]
    public async Task AnotherJournal_RestartsTheNumbers()
    {
        Assert.Equal(7, await ReportAsync("j1", Typed(7)));
        Assert.Equal(1, await ReportAsync("j2", Typed(1)));
        Assert.Equal(7, await ReportAsync("j1", Typed(3)));
        Assert.Equal(["typed-7", "typed-1"], await RowsAsync());
    }

    [Fact]
    public async Task AnotherNode_HasItsOwnNumbers()
    {
        Assert.Equal(5, await ReportAsync("j", Typed(5)));
        Assert.Equal(2, await _scene.Nodes["node2"].ReportAsync(new JournalReport("j", [Typed(2)])));
        Assert.Equal(["typed-5", "typed-2"], await RowsAsync());
    }

    [Fact]
    public async Task AuditLogCannotBeWritten_NothingIsAcknowledged()
    {
        await _scene.CloseAuditAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => ReportAsync("j", Typed(1)));
        await _scene.ExecuteAsync("DROP TRIGGER full");
        Assert.Equal(1, await ReportAsync("j", Typed(1)));
        Assert.Equal(["typed-1"], await RowsAsync());
    }

    public static TheoryData<string, JournalReport?> Hostile => new()
    {
        { "nothing", null },
        { "no journal", new JournalReport(null!, [Typed(1)]) },
        { "empty journal", new JournalReport("", [Typed(1)]) },
        { "long journal", new JournalReport(new string('j', 65), [Typed(1)]) },
        { "no list", new JournalReport("j", null!) },
        { "no entry", new JournalReport("j", [null!]) },
        { "51 entries", new JournalReport("j", [.. Enumerable.Range(1, 51).Select(i => Typed(i))]) },
        { "number 0", new JournalReport("j", [Typed(0)]) },
        { "number below 0", new JournalReport("j", [Typed(-1)]) },
        { "no id", new JournalReport("j", [Typed(1) with { ActionId = null! }]) },
        { "empty id", new JournalReport("j", [Typed(1) with { ActionId = "" }]) },
        { "long id", new JournalReport("j", [Typed(1) with { ActionId = new string('a', 101) }]) },
        { "no kind", new JournalReport("j", [Typed(1) with { Kind = null! }]) },
        { "kind of words", new JournalReport("j", [Typed(1) with { Kind = "signin ok" }]) },
        { "kind with a dot", new JournalReport("j", [Typed(1) with { Kind = "signin.x" }]) },
        { "no target", new JournalReport("j", [Typed(1) with { Target = null! }]) },
        { "no user", new JournalReport("j", [Typed(1) with { Who = null! }]) },
        { "no result", new JournalReport("j", [Typed(1) with { Result = null! }]) },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Report_Implausible_WritesNothing(string what, JournalReport? report)
    {
        Assert.True(await _scene.Nodes["node1"].ReportAsync(report!) == 0, what);
        Assert.Empty(await _scene.AuditAsync(null));
        // And the next one is processed.
        Assert.Equal(1, await ReportAsync("j", Typed(1)));
    }

    [Fact]
    public async Task Report_BadEntriesAmongGoodOnes_TheGoodOnesInOrder()
    {
        Assert.Equal(9, await ReportAsync("j", Typed(9), null, Typed(4), Typed(7) with { Who = null! }, Typed(4)));
        Assert.Equal(["typed-4", "typed-9"], await RowsAsync());
    }

    [Fact]
    public async Task Report_HugeTexts_AreTruncated()
    {
        string huge = new('x', 100_000);
        Assert.Equal(1, await ReportAsync("j", Typed(1) with { Target = huge, Who = huge, Reason = huge, Before = huge, After = huge, Result = huge, Details = new string('y', 1024 * 1024 + 1) }));
        var row = Assert.Single(await _scene.AuditAsync(null, "flush"));
        Assert.Null(row.Details);
        Assert.All([row.Target!, row.Who, row.Why, row.Before!, row.After!, row.Result], text => Assert.InRange(text.Length, 1, 2_000));
    }

    [Fact]
    public async Task Console_KnownCommand_IsNoRow_UnknownOneIs()
    {
        var plan = await _scene.PreviewAsync();
        await _scene.ConfirmAsync(plan);
        int rows = (await _scene.AuditAsync(null)).Count;
        Assert.Equal(1, await ReportAsync("j", Typed(1, plan.Id) with { Origin = JournalOrigin.Console }));
        Assert.Equal(rows, (await _scene.AuditAsync(null)).Count);
        Assert.Equal(2, await ReportAsync("j", Typed(2, "of-another-console") with { Origin = JournalOrigin.Console }));
        Assert.Equal("flush.reported", Assert.Single(await _scene.AuditAsync("of-another-console")).What);
    }

    /// <summary>Asserts that state, nodes and time of the last write are unchanged.</summary>
    [Theory]
    [InlineData(ActionState.Previewed)]
    [InlineData(ActionState.Waiting)]
    [InlineData(ActionState.Completed)]
    public async Task Foreign_ActionOfAnotherNode_ChangesNothingOfIt(ActionState state)
    {
        ActionPlan plan;
        if (state == ActionState.Completed)
        {
            plan = (await _scene.ChangedAsync("node1")).Plan;
        }
        else
        {
            plan = await _scene.PreviewAsync(Setting("node1"));
            if (state == ActionState.Waiting)
                await _scene.Store.MoveAsync((await _scene.RecordAsync(plan.Id)) with { State = state }, ActionState.Previewed, Ct);
        }

        var before = await _scene.RecordAsync(plan.Id);
        int rows = (await _scene.AuditAsync(plan.Id)).Count;
        foreach (var (origin, number) in Enum.GetValues<JournalOrigin>().Select((o, i) => (o, i + 1)))
        {
            var entry = new JournalEntry(number, _scene.Host.NowMs, origin, plan.Id, "revert", Key, "mallory", null, "1", "0", "Back.", null, number % 2 == 0);
            Assert.Equal(number, await _scene.Nodes["node2"].ReportAsync(new JournalReport("j", [entry])));
        }

        var after = await _scene.RecordAsync(plan.Id);
        Assert.Equal((before.State, before.UpdatedMs, before.Message), (after.State, after.UpdatedMs, after.Message));
        Assert.Equal(before.Nodes, after.Nodes);
        // A report of node2 about itself is recorded as that of node2.
        Assert.All((await _scene.AuditAsync(plan.Id)).Skip(rows), r => Assert.Equal("node2", r.Where));
    }

    [Theory]
    [InlineData("net.netfilter.nf_conntrack_acct")]
    [InlineData("")]
    public async Task Timer_OfAnotherSetting_LeavesTheChangeOpen(string target)
    {
        var record = await _scene.ChangedAsync("node1");
        var entry = new JournalEntry(1, _scene.Host.NowMs, JournalOrigin.Timer, record.Id, "revert", target, "node1", null, "1", "0", "Back.", null, false);
        Assert.Equal(1, await ReportAsync("j", entry));
        Assert.Equal(SettingOutcome.Written, (await _scene.RecordAsync(record.Id)).Nodes[0].Setting!.Outcome);
    }
}
