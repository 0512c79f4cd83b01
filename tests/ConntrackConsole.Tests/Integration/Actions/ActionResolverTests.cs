using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Integration.Actions.ActionScene;

namespace ConntrackConsole.Tests.Integration.Actions;

/// <summary>A console that was killed during an action finds out its outcome, and never executes it again.</summary>
public sealed class ActionResolverTests : IAsyncLifetime
{
    private ActionScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await StartAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    private Task<TestCollector> RecallingAsync(string node, Func<RecallRequest, RecallAnswer> recall) =>
        _scene.ConnectAsync(node, collector => collector.Recall = recall);

    private Task<TestCollector> DoneAsync(string node, int entries) =>
        RecallingAsync(node, r => new RecallAnswer(r.ActionId, node, true, Result(r.ActionId, node, entries), null));

    private Task<TestCollector> NeverHeardAsync(string node) => RecallingAsync(node, r => new RecallAnswer(r.ActionId, node, false, null, null));

    private void AssertNothingSent() => Assert.All(_scene.Nodes.Values, n =>
    {
        Assert.Empty(n.Flushes);
        Assert.Empty(n.Orders);
    });

    [Fact]
    public async Task Requested_AndKilledBeforeThePreview_IsEndedInTheAuditLogOnce()
    {
        var plan = await _scene.PreviewAsync();
        for (int start = 0; start < 2; start++)
        {
            await _scene.RestartAsync(file => file.ExecuteAsync("DELETE FROM Actions"));
            var row = Assert.Single(await _scene.UntilAuditAsync(plan.Id, "flush.interrupted"));
            Assert.Equal((PodIp, "The console ended before the preview: nothing was sent.", ActionReasons.Interrupted), (row.Target, row.Result, row.Code));
        }
    }

    [Theory]
    [InlineData(ActionState.Expired, "flush.expired")]
    [InlineData(ActionState.Cancelled, "flush.cancelled")]
    public async Task Ended_AndKilledBeforeItsRow_GetsTheRowAtTheStart(ActionState state, string what)
    {
        var (plan, other) = (await _scene.PreviewAsync(), await _scene.PreviewAsync());
        await _scene.DieAsync((plan, state));
        Assert.Single(await _scene.UntilAuditAsync(plan.Id, what));
        // The next start writes a row for anything unresolved: by then there would be two rows.
        await _scene.RestartAsync(file => file.ExecuteAsync($"DELETE FROM Actions WHERE Id = '{other.Id}'"));
        await _scene.UntilAuditAsync(other.Id, "flush.interrupted");
        Assert.Single(await _scene.AuditAsync(plan.Id, what));
        AssertNothingSent();
    }

    [Fact]
    public async Task Approved_AtTheStart_IsFailedAndNothingIsSent()
    {
        var plan = await _scene.PreviewAsync();
        await _scene.DieAsync((plan, ActionState.Approved));
        await DoneAsync("node1", 2);
        await DoneAsync("node2", 0);

        var failed = await _scene.UntilAsync(plan.Id, ActionState.Failed);
        Assert.Equal((ActionReasons.Interrupted, "The console ended after the approval and before anything was sent: nothing was done."), (failed.Code, failed.Message));
        Assert.Equal("Failed: " + failed.Message, Assert.Single(await _scene.UntilAuditAsync(plan.Id, "flush.resolved")).Result);
        AssertNothingSent();
        Assert.Equal(RefusalKind.Over, (await _scene.ConfirmAsync(plan)).Refusal!.Kind);
        AssertNothingSent();
    }

    [Theory]
    [InlineData(true, true, ActionState.Completed)]
    [InlineData(true, false, ActionState.Partly)]
    [InlineData(false, false, ActionState.Failed)]
    public async Task Running_AtTheStart_IsResolvedFromTheJournals(bool first, bool second, ActionState expected)
    {
        var plan = await _scene.PreviewAsync();
        await _scene.DieAsync((plan, ActionState.Running));
        var unknown = await _scene.UntilAsync(plan.Id, ActionState.Unknown);
        Assert.Equal([("node1", NodeReasons.NoAnswer), ("node2", NodeReasons.NoAnswer)], unknown.Nodes.Select(n => (n.Node, n.Code)));

        await (first ? DoneAsync("node1", 2) : NeverHeardAsync("node1"));
        await (second ? DoneAsync("node2", 0) : NeverHeardAsync("node2"));
        var resolved = await _scene.UntilAsync(plan.Id, expected);

        if (!second)
            Assert.Equal(NodeReasons.NeverBegan, resolved.Nodes[1].Code);
        var rows = (await _scene.AuditAsync(plan.Id)).Skip(2).ToList();
        Assert.Equal("flush.interrupted", rows[0].What);
        Assert.All(rows.Skip(1), r => Assert.Equal("flush.resolved", r.What));
        Assert.StartsWith($"{expected}: ", rows[^1].Result);
        Assert.Equal("conntrack-console, for ada", rows[^1].Who);
        AssertNothingSent();
    }

    [Fact]
    public async Task Running_ACollectorReconnectsMuchLater_IsResolvedThen()
    {
        var plan = await _scene.PreviewAsync();
        await _scene.DieAsync((plan, ActionState.Running));
        await DoneAsync("node1", 2);
        var half = await _scene.UntilAsync(plan.Id, r => r.Nodes.Any(n => n.Outcome == NodeOutcome.Done));
        Assert.Equal((ActionState.Unknown, NodeOutcome.Unknown), (half.State, half.Nodes[1].Outcome));
        _scene.Host.Pass(TimeSpan.FromHours(3));

        await DoneAsync("node2", 0);
        await _scene.UntilAsync(plan.Id, ActionState.Completed);
        AssertNothingSent();
    }

    [Fact]
    public async Task Unknown_TheNodeIsStillExecuting_IsQueriedAgainWithoutRows()
    {
        var plan = await _scene.PreviewAsync();
        await _scene.DieAsync((plan, ActionState.Running));
        await DoneAsync("node2", 0);
        int asked = 0;
        FlushResult? result = null;
        await RecallingAsync("node1", r =>
        {
            Interlocked.Increment(ref asked);
            return new RecallAnswer(r.ActionId, "node1", true, result, null);
        });
        await Eventually.TrueAsync(() => Volatile.Read(ref asked) == 1);
        for (int i = 2; i <= 4; i++)
        {
            _scene.Host.Pass(TimeSpan.FromSeconds(11));
            await Eventually.TrueAsync(() => Volatile.Read(ref asked) >= i);
        }

        Assert.Equal(ActionState.Unknown, (await _scene.RecordAsync(plan.Id)).State);
        Assert.Single(await _scene.UntilAuditAsync(plan.Id, "flush.resolved"));

        result = Result(plan.Id, "node1", 2);
        _scene.Host.Pass(TimeSpan.FromSeconds(11));
        await _scene.UntilAsync(plan.Id, ActionState.Completed);
    }

    public static TheoryData<string, Func<RecallAnswer, RecallAnswer>> Wrong => new()
    {
        { "another node", a => a with { Node = "node2" } },
        { "another action", a => a with { ActionId = "x" } },
        { "a result of another node", a => a with { Flush = a.Flush! with { Node = "node2" } } },
        { "a result of another action", a => a with { Flush = a.Flush! with { ActionId = "x" } } },
        { "no list of errors", a => a with { Flush = a.Flush! with { Errors = null! } } },
        { "impossible counts", a => a with { Flush = a.Flush! with { Deleted = -1 } } },
        { "a setting", a => a with { Flush = null, Setting = new SettingResult(a.ActionId, "node1", Key, SettingOutcome.Written, "0", "1", 1, null) } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Unknown_ImplausibleAnswer_StaysUnknownAndBlocksNoOther(string what, Func<RecallAnswer, RecallAnswer> spoil)
    {
        var plan = await _scene.PreviewAsync();
        var other = await _scene.PreviewAsync();
        await _scene.DieAsync((plan, ActionState.Running), (other, ActionState.Running));
        await DoneAsync("node2", 0);
        await RecallingAsync("node1", r =>
        {
            var answer = new RecallAnswer(r.ActionId, "node1", true, Result(r.ActionId, "node1", 2), null);
            return r.ActionId == plan.Id ? spoil(answer) : answer;
        });

        await _scene.UntilAsync(other.Id, ActionState.Completed);
        var still = await _scene.UntilAsync(plan.Id, r => r.Nodes[1].Outcome == NodeOutcome.Done);
        Assert.True(still is { State: ActionState.Unknown } && still.Nodes[0].Outcome == NodeOutcome.Unknown, what);
    }

    [Fact]
    public async Task Running_NodesWithoutCommand_AreNamed()
    {
        _scene.Nodes["node2"].Preview = r => new FlushPreview(r.PreviewId, "node2", "", [], 0, "Own address.", true);
        var plan = await _scene.PreviewAsync();
        await _scene.DieAsync((plan, ActionState.Running));
        await DoneAsync("node1", 2);
        var resolved = await _scene.UntilAsync(plan.Id, ActionState.Partly);
        Assert.Equal([("node1", NodeOutcome.Done), ("node2", NodeOutcome.Refused)], resolved.Nodes.Select(n => (n.Node, n.Outcome)));
        Assert.Contains("node2 did nothing: Own address.", resolved.Message);
    }

    [Fact]
    public async Task Setting_TheNodeHadWrittenIt_IsOpenAndItsRevertIsNotLost()
    {
        var plan = await _scene.PreviewAsync(Setting("node1"));
        await _scene.DieAsync((plan, ActionState.Running));
        var ready = new ManualResetEventSlim();
        var written = new SettingResult(plan.Id, "node1", Key, SettingOutcome.Written, "0", "1", _scene.Host.NowMs + 1_000, null);
        await RecallingAsync("node1", r => new RecallAnswer(r.ActionId, "node1", true, null, ready.IsSet ? written : null));
        var back = new JournalReport("j", [new JournalEntry(1, _scene.Host.NowMs, JournalOrigin.Timer, plan.Id, "revert", Key, "node1", null, "1", "0", "Back.", null, false)]);
        await _scene.UntilAsync(plan.Id, ActionState.Unknown);
        Assert.Equal(0, await _scene.Nodes["node1"].ReportAsync(back));

        ready.Set();
        _scene.Host.Pass(TimeSpan.FromSeconds(11));
        await _scene.UntilAsync(plan.Id, ActionState.Completed);
        Assert.Single(await _scene.Host.Get<OpenChanges>().ReadAsync(Ct));
        Assert.Equal(1, await _scene.Nodes["node1"].ReportAsync(back));
        Assert.Empty(await _scene.Host.Get<OpenChanges>().ReadAsync(Ct));
        AssertNothingSent();
    }

    [Fact]
    public async Task Setting_AnswerIsAboutAnotherSetting_StaysUnknown()
    {
        var plan = await _scene.PreviewAsync(Setting("node1"));
        var other = await _scene.PreviewAsync(Setting("node2"));
        await _scene.DieAsync((plan, ActionState.Running), (other, ActionState.Running));
        await RecallingAsync("node1", r => new RecallAnswer(r.ActionId, "node1", true, null, new SettingResult(r.ActionId, "node1", SettingCatalog.Max, SettingOutcome.Written, "0", "1", 1, null)));
        await RecallingAsync("node2", r => new RecallAnswer(r.ActionId, "node2", true, null, new SettingResult(r.ActionId, "node2", Key, SettingOutcome.Written, "0", "1", 1, null)));
        await _scene.UntilAsync(other.Id, ActionState.Completed);
        Assert.Equal(ActionState.Unknown, (await _scene.RecordAsync(plan.Id)).State);
    }

    [Fact]
    public async Task Start_AuditLogCannotBeWritten_TheConsoleRunsAndResolvesWhenItCan()
    {
        var plan = await _scene.PreviewAsync();
        await _scene.RestartAsync(async file =>
        {
            var store = new ActionStore(file, _scene.Clock.Time);
            Assert.NotNull(await store.MoveAsync((await store.FindAsync(plan.Id, Ct))! with { State = ActionState.Approved }, ActionState.Previewed, Ct));
            await file.ExecuteAsync("CREATE TRIGGER full BEFORE INSERT ON Audit WHEN NEW.What NOT LIKE 'console.%' BEGIN SELECT RAISE(ABORT, 'disk full'); END");
        });
        await Eventually.TrueAsync(() => _scene.Host.Log.Lines.Any(l => l.Text.Contains("Failed to scan pending actions", StringComparison.Ordinal)));
        Assert.Equal(ActionState.Approved, (await _scene.RecordAsync(plan.Id)).State);

        await _scene.ExecuteAsync("DROP TRIGGER full");
        await _scene.UntilAsync(plan.Id, ActionState.Failed);
        Assert.Single(await _scene.AuditAsync(plan.Id, "flush.resolved"));
    }

    [Fact]
    public async Task Outcome_CannotBeStored_IsQueriedWhenTheDatabaseIsBack()
    {
        await DoneAsync("node1", 2);
        await DoneAsync("node2", 0);
        var plan = await _scene.PreviewAsync();
        await _scene.ExecuteAsync("CREATE TRIGGER stuck BEFORE UPDATE ON Actions WHEN NEW.State = 'Completed' OR NEW.State = 'Unknown' BEGIN SELECT RAISE(ABORT, 'disk full'); END");
        await Assert.ThrowsAnyAsync<Exception>(() => _scene.ConfirmAsync(plan));
        Assert.Equal(ActionState.Running, (await _scene.RecordAsync(plan.Id)).State);

        await _scene.ExecuteAsync("DROP TRIGGER stuck");
        await _scene.UntilAsync(plan.Id, ActionState.Completed);
        Assert.Single(_scene.Nodes["node1"].Flushes);
    }

    [Fact]
    public async Task Running_WhileItsCommandsAreSent_IsNotInterrupted()
    {
        var plan = await _scene.PreviewAsync();
        var honest = _scene.Nodes["node1"].Flush;
        using var go = new ManualResetEventSlim();
        _scene.Nodes["node1"].Flush = order =>
        {
            go.Wait(TimeSpan.FromSeconds(60), Ct);
            return honest(order);
        };
        var confirming = _scene.ConfirmAsync(plan);
        await _scene.UntilAsync(plan.Id, ActionState.Running);
        // Many intervals of the resolver.
        for (int i = 0; i < 5; i++)
        {
            var expiring = await _scene.PreviewAsync();
            await _scene.Store.MoveAsync((await _scene.RecordAsync(expiring.Id)) with { State = ActionState.Approved }, ActionState.Previewed, Ct);
            await _scene.UntilAsync(expiring.Id, ActionState.Failed);
        }

        go.Set();
        Assert.Equal(ActionState.Completed, (await confirming).Record!.State);
        Assert.Empty(await _scene.AuditAsync(plan.Id, "flush.interrupted"));
    }
}
