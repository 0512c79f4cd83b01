using System.Runtime.CompilerServices;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Identity;
using ConntrackConsole.Tests.Timeline;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Logging;
using Xunit;
using static ConntrackConsole.Tests.Integration.Actions.ActionScene;

namespace ConntrackConsole.Tests.Integration.Actions;

/// <summary>A setting is changed on one node first, on the others once it has kept the value, and is reverted manually or by the node.</summary>
public sealed class ActionSettingTests : IAsyncLifetime
{
    private ActionScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await StartAsync(3);

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    private Task<IReadOnlyList<OpenSetting>> OpenAsync() => _scene.Host.Get<OpenChanges>().ReadAsync(Ct);

    [Fact]
    public async Task Apply_ThreeNodes_CanaryFirstThenTheOthersInOrder()
    {
        var plan = await _scene.PreviewAsync(Setting("node2", "node1", "node3"));
        Assert.Equal("3", plan.Verdict.TypeToConfirm);
        var order = new List<(string Node, long AtMs)>();
        foreach (var (name, node) in _scene.Nodes)
        {
            var apply = node.ApplySetting;
            node.ApplySetting = ordered =>
            {
                lock (order)
                    order.Add((name, _scene.Host.NowMs));
                return apply(ordered);
            };
        }

        var answer = await _scene.ConfirmAsync(plan);

        Assert.Equal((ActionState.Completed, "0 → 1 on node1, node2, node3."), (answer.Record!.State, answer.Record.Message));
        Assert.Equal(["node2", "node1", "node3"], order.Select(o => o.Node));
        Assert.True(order[1].AtMs - order[0].AtMs >= 1_000, "the canary is watched for a second");
        var sent = Assert.IsType<SettingNodeCommand>(Assert.Single(_scene.Nodes["node3"].Orders));
        Assert.Equal((plan.Id, "ada", "because", Key, "0", "1", 1_800_000L), (sent.Command.ActionId, sent.Command.Who, sent.Command.Reason, sent.Key, sent.Previewed, sent.Value, sent.RevertAfterMs));
        Assert.InRange(sent.Command.ValidUntilMs - _scene.Host.NowMs, 1, 30_000);
        var row = Assert.Single(await _scene.AuditAsync(plan.Id, "setting.completed"));
        Assert.Equal(
            ("node2, node1, node3", Key, "node2: 0; node1: 0; node3: 0", "node1: 1 (Written); node2: 1 (Written); node3: 1 (Written)"),
            (row.Where, row.Target, row.Before, row.After));
    }

    [Theory]
    [InlineData("2")]
    [InlineData("1")]
    [InlineData("all")]
    [InlineData(null)]
    public async Task Confirm_SeveralNodesWithoutTheirNumberTyped_IsRefused(string? typed)
    {
        var plan = await _scene.PreviewAsync(Setting("node1", "node2", "node3"));
        var answer = await _scene.Service.ConfirmAsync(plan.Id, plan.Digest, typed, "because", Ada, Ct);
        Assert.Equal((ActionReasons.TypedConfirmation, "To confirm, type 3."), (answer.Refusal!.Code, answer.Refusal.Message));
        Assert.All(_scene.Nodes.Values, n => Assert.Empty(n.Orders));
    }

    [Theory]
    [InlineData(SettingOutcome.Failed, NodeOutcome.Done, ActionState.Failed)]
    [InlineData(SettingOutcome.Moved, NodeOutcome.Refused, ActionState.Failed)]
    [InlineData(SettingOutcome.Refused, NodeOutcome.Refused, ActionState.Failed)]
    [InlineData(SettingOutcome.Unsure, NodeOutcome.Done, ActionState.Failed)]
    public async Task Apply_CanaryFails_TheOthersGetNoCommand(SettingOutcome outcome, NodeOutcome expected, ActionState state)
    {
        _scene.Nodes["node1"].ApplySetting = o => new SettingResult(o.Command.ActionId, "node1", o.Key, outcome, "0", "0", null, "The kernel rejected it.");
        var answer = await _scene.ConfirmAsync(await _scene.PreviewAsync(Setting("node1", "node2", "node3")));
        Assert.Equal(
            [("node1", expected), ("node2", NodeOutcome.Stopped), ("node3", NodeOutcome.Stopped)], answer.Record!.Nodes.Select(n => (n.Node, n.Outcome)));
        Assert.Equal(state, answer.Record.State);
        Assert.Contains("The kernel rejected it.", answer.Record.Message);
        Assert.Contains("node2, node3 kept the previous value", answer.Record.Message);
        Assert.Empty(_scene.Nodes["node2"].Orders);
        Assert.Contains("node2: Stopped", Assert.Single(await _scene.AuditAsync(answer.Record.Id, "setting.completed")).After);
    }

    [Fact]
    public async Task Apply_ALaterNodeFails_TheRestIsStoppedAndItIsPartly()
    {
        _scene.Nodes["node2"].ApplySetting = o => new SettingResult(o.Command.ActionId, "node2", o.Key, SettingOutcome.Failed, "0", "0", null, "EPERM.");
        var answer = await _scene.ConfirmAsync(await _scene.PreviewAsync(Setting("node1", "node2", "node3")));
        Assert.Equal(ActionState.Partly, answer.Record!.State);
        Assert.Equal([NodeOutcome.Done, NodeOutcome.Done, NodeOutcome.Stopped], answer.Record.Nodes.Select(n => n.Outcome));
        Assert.Empty(_scene.Nodes["node3"].Orders);
    }

    [Fact]
    public async Task Apply_CanaryCannotAnswer_IsUnknownAndTheOthersAreStopped()
    {
        _scene.Nodes["node1"].ApplySetting = _ => throw new InvalidOperationException("a fault");
        var answer = await _scene.ConfirmAsync(await _scene.PreviewAsync(Setting("node1", "node2")));
        Assert.Equal((ActionState.Unknown, NodeOutcome.Unknown, NodeOutcome.Stopped), (answer.Record!.State, answer.Record.Nodes[0].Outcome, answer.Record.Nodes[1].Outcome));
        Assert.Single(_scene.Nodes["node1"].Orders);
        Assert.Empty(_scene.Nodes["node2"].Orders);
    }

    [Fact]
    public async Task Apply_ConnectionIsLostForGood_IsUnknownWhenTheCommandExpires()
    {
        using var gone = new ManualResetEventSlim();
        _scene.Nodes["node1"].ApplySetting = ordered =>
        {
            // On a separate thread: the handler blocks the connection that must break.
            _ = Task.Run(async () =>
            {
                await _scene.Nodes["node1"].BreakAsync();
                gone.Set();
            });
            gone.Wait(TimeSpan.FromSeconds(60), Ct);
            throw new InvalidOperationException("no one receives this");
        };
        var confirming = _scene.ConfirmAsync(await _scene.PreviewAsync(Setting("node1", "node2")));
        Assert.True(gone.Wait(TimeSpan.FromSeconds(60), Ct));
        _scene.Host.Pass(TimeSpan.FromSeconds(31));
        var answer = await confirming;
        Assert.Equal((ActionState.Unknown, NodeOutcome.Unknown, NodeOutcome.Stopped), (answer.Record!.State, answer.Record.Nodes[0].Outcome, answer.Record.Nodes[1].Outcome));
        Assert.Empty(_scene.Nodes["node2"].Orders);
    }

    [Fact]
    public async Task Apply_CanaryLosesTheValue_TheOthersGetNoCommandAndTheReasonIsNamed()
    {
        var plan = await _scene.PreviewAsync(Setting("node1", "node2"));
        _scene.Nodes["node1"].ReadSetting = r => new SettingReading(r.ActionId, "node1", r.Key, "0", null, null, null);
        var answer = await _scene.ConfirmAsync(plan);
        Assert.Equal((ActionState.Partly, NodeOutcome.Stopped), (answer.Record!.State, answer.Record.Nodes[1].Outcome));
        Assert.Contains("node1 was changed first and has the value 0 again because something else sets it, so the other nodes were not changed.", answer.Record.Message);
        Assert.Empty(_scene.Nodes["node2"].Orders);
    }

    [Fact]
    public async Task Request_ANodeWithAnOpenChange_IsRefused()
    {
        var open = new OpenChange("x", Key, "0", "1", 1, 2);
        _scene.Nodes["node2"].ReadSetting = r => new SettingReading(r.ActionId, "node2", r.Key, "1", null, open, null);
        Assert.Equal(SettingReasons.OpenChange, (await _scene.RequestAsync(Setting("node1", "node2"))).Refusal!.Code);
        Assert.All(_scene.Nodes.Values, n => Assert.Empty(n.Orders));
    }

    [Fact]
    public async Task Revert_Manually_GoesToEveryOpenNodeOnceAndIsAudited()
    {
        var record = await _scene.ChangedAsync("node1", "node2");
        Assert.Equal(["node1", "node2"], (await OpenAsync()).Select(o => o.Node).Order());

        var answer = await _scene.Service.RevertAsync(record.Id, "enough", false, Bob, Ct);

        Assert.Equal((ActionState.Completed, "Reverted to 0 on node1, node2."), (answer.Record!.State, answer.Record.Message));
        var order = Assert.IsType<RevertNodeCommand>(_scene.Nodes["node2"].Orders.Last());
        Assert.Equal((record.Id, "bob", "enough"), (order.ChangeId, order.Command.Who, order.Command.Reason));
        Assert.NotEqual(record.Id, order.Command.ActionId);
        Assert.InRange(order.Command.ActionId.Length, 1, 100);
        Assert.Empty(await OpenAsync());
        var rows = (await _scene.AuditAsync(record.Id)).TakeLast(2).ToList();
        Assert.Equal(["setting.revert-ordered", "setting.reverted"], rows.Select(r => r.What));
        Assert.Equal(
            ("bob", "enough", "node1, node2", "node1: 1 (Written); node2: 1 (Written)", "node1: 0 (Reverted); node2: 0 (Reverted)"),
            (rows[1].Who, rows[1].Why, rows[1].Where, rows[1].Before, rows[1].After));

        var second = await _scene.Service.RevertAsync(record.Id, "again", false, Bob, Ct);
        Assert.Equal((RefusalKind.Over, ActionReasons.NoOpenChange), (second.Refusal!.Kind, second.Refusal.Code));
        Assert.Equal(2, _scene.Nodes["node2"].Orders.Count);
    }

    [Fact]
    public async Task Revert_ByAViewer_IsRefused()
    {
        var record = await _scene.ChangedAsync("node1");
        Assert.Equal(RefusalKind.Role, (await _scene.Service.RevertAsync(record.Id, "", false, Bob with { Role = Role.Viewer }, Ct)).Refusal!.Kind);
        Assert.Single(_scene.Nodes["node1"].Orders);
    }

    [Theory]
    [InlineData(SettingOutcome.Refused)]
    [InlineData(SettingOutcome.Failed)]
    [InlineData(SettingOutcome.Withheld)]
    public async Task Revert_NotExecuted_StaysOpen(SettingOutcome outcome)
    {
        var record = await _scene.ChangedAsync("node1");
        var honest = _scene.Nodes["node1"].RevertSetting;
        _scene.Nodes["node1"].RevertSetting = o => new SettingResult(o.Command.ActionId, "node1", Key, outcome, "1", "1", null, "Not now.");

        var answer = await _scene.Service.RevertAsync(record.Id, "", false, Ada, Ct);
        Assert.Contains("Not now.", answer.Record!.Message);
        Assert.Equal(ActionState.Completed, answer.Record.State);
        Assert.Equal(("0", "1"), Assert.Single(await OpenAsync()) is var open ? (open.Before, open.Written) : default);

        _scene.Nodes["node1"].RevertSetting = honest;
        Assert.Equal("Reverted to 0 on node1.", (await _scene.Service.RevertAsync(record.Id, "", false, Ada, Ct)).Record!.Message);
        Assert.Empty(await OpenAsync());
    }

    [Fact]
    public async Task Revert_ChangedByOthers_IsClosedAndReported()
    {
        var record = await _scene.ChangedAsync("node1");
        _scene.Nodes["node1"].RevertSetting = o => new SettingResult(o.Command.ActionId, "node1", Key, SettingOutcome.Drifted, "2", "2", null, "It is 2 now.");
        Assert.Contains("It is 2 now.", (await _scene.Service.RevertAsync(record.Id, "", false, Ada, Ct)).Record!.Message);
        Assert.Empty(await OpenAsync());
    }

    [Fact]
    public async Task OpenChanges_ChangedByOthers_IsDrift()
    {
        await _scene.ChangedAsync("node1");
        long atMs = _scene.Host.NowMs;
        var frame = Frames.Frame(1, atMs, true);
        frame.Settings.Add(new SettingChange(atMs, Key, "0", "1"));
        _scene.Nodes["node1"].Send(frame);
        await UntilOpenAsync(o => o is { Now: "1", Drifted: false });

        frame = Frames.Frame(2, _scene.Host.NowMs, false);
        frame.Settings.Add(new SettingChange(_scene.Host.NowMs, Key, "1", "0"));
        _scene.Nodes["node1"].Send(frame);
        await UntilOpenAsync(o => o is { Now: "0", Drifted: true });
    }

    private Task<OpenSetting> UntilOpenAsync(Func<OpenSetting, bool> condition, [CallerArgumentExpression(nameof(condition))] string expression = "") =>
        Eventually.ValueAsync(async () => Assert.Single(await OpenAsync()), condition, expression: expression);

    private JournalEntry Timer(long number, string changeId, string? after, SettingOutcome outcome = SettingOutcome.Reverted) => new(
        number, _scene.Host.NowMs, JournalOrigin.Timer, Guid.NewGuid().ToString("N"), "revert", Key, "node1", null, "1", after,
        outcome == SettingOutcome.Reverted ? "The old value is back." : "Not reverted: kube-proxy started with 1.", null, outcome != SettingOutcome.Reverted, changeId, outcome);

    [Fact]
    public async Task Timer_Reverts_UpdatesTheRecordAndWritesOneRow()
    {
        var record = await _scene.ChangedAsync("node1", "node2");
        var entry = Timer(1, record.Id, "0");
        Assert.Equal(1, await _scene.Nodes["node1"].ReportAsync(new JournalReport("j", [entry])));
        Assert.Equal(1, await _scene.Nodes["node1"].ReportAsync(new JournalReport("j", [entry])));

        var back = await _scene.RecordAsync(record.Id);
        Assert.Equal([SettingOutcome.Reverted, SettingOutcome.Written], back.Nodes.Select(n => n.Setting!.Outcome));
        Assert.Equal(ActionState.Completed, back.State);
        Assert.Equal("node2", Assert.Single(await OpenAsync()).Node);
        var row = Assert.Single(await _scene.AuditAsync(record.Id, "setting.reverted"));
        Assert.Equal(("conntrack-collector", "node1", "1", "0", "the change expired"), (row.Who, row.Where, row.Before, row.After, row.Why));
    }

    [Fact]
    public async Task Timer_Withheld_RaisesAnAlarmAndIsLogged()
    {
        var record = await _scene.ChangedAsync("node1");
        await _scene.Nodes["node1"].ReportAsync(new JournalReport("j", [Timer(1, record.Id, "1", SettingOutcome.Withheld)]));

        var open = Assert.Single(await OpenAsync());
        Assert.Equal("Not reverted: kube-proxy started with 1.", open.Alarm);
        Assert.Equal(ActionState.Completed, (await _scene.RecordAsync(record.Id)).State);
        Assert.Single(await _scene.AuditAsync(record.Id, "setting.not-reverted"));
        Assert.Equal($"Node node1 did not revert {Key}: Not reverted: kube-proxy started with 1.", Assert.Single(_scene.Host.Log.Lines, l => l.Level == LogLevel.Critical).Text);

        // A manual revert works, and the node's own later attempt is another row.
        Assert.Null((await _scene.Service.RevertAsync(record.Id, "", false, Ada, Ct)).Refusal);
        Assert.Empty(await OpenAsync());
    }

    [Theory]
    [InlineData(Role.Operator, false)]
    [InlineData(Role.Admin, false)]
    [InlineData(Role.BreakGlass, true)]
    public async Task Revert_WithBreakGlass_RequiresTheRoleAndIsLoggedAsCritical(Role role, bool goes)
    {
        var record = await _scene.ChangedAsync("node1");
        var answer = await _scene.Service.RevertAsync(record.Id, "it must go", true, Ada with { Role = role }, Ct);
        Assert.Equal(goes ? null : ActionReasons.RoleNotBreakGlass, answer.Refusal?.Code);
        Assert.Equal(goes ? [true] : [], _scene.Nodes["node1"].Orders.OfType<RevertNodeCommand>().Select(o => o.Command.BreakGlass));
        Assert.Equal(goes ? 1 : 0, (await _scene.AuditAsync(record.Id, "setting.revert-break-glass")).Count);
        Assert.Equal(goes, _scene.Host.Log.Lines.Any(l => l.Level == LogLevel.Critical));
    }

    [Fact]
    public async Task Revert_ByTheBreakGlassRoleWithoutTheFlag_IsNotBreakGlass()
    {
        var record = await _scene.ChangedAsync("node1");
        await _scene.Service.RevertAsync(record.Id, "", false, Ada with { Role = Role.BreakGlass }, Ct);
        Assert.Equal([false], _scene.Nodes["node1"].Orders.OfType<RevertNodeCommand>().Select(o => o.Command.BreakGlass));
    }

    [Fact]
    public async Task Timer_FoundAnotherValue_IsClosedAsDrift()
    {
        var record = await _scene.ChangedAsync("node1");
        await _scene.Nodes["node1"].ReportAsync(new JournalReport("j", [Timer(1, record.Id, "2", SettingOutcome.Drifted)]));
        Assert.Empty(await OpenAsync());
        Assert.Equal((SettingOutcome.Drifted, "2"), (await _scene.RecordAsync(record.Id)).Nodes[0].Setting is { } s ? (s.Outcome, s.Now) : default);
    }

    [Fact]
    public async Task Timer_WhileOthersAreStillChanging_WaitsForTheOutcome()
    {
        var watching = new TaskCompletionSource();
        var plan = await _scene.PreviewAsync(Setting("node1", "node2"));
        var apply = _scene.Nodes["node1"].ApplySetting;
        _scene.Nodes["node1"].ApplySetting = o =>
        {
            watching.TrySetResult();
            return apply(o);
        };
        var confirming = _scene.ConfirmAsync(plan);
        await watching.Task.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        var report = new JournalReport("j", [Timer(1, plan.Id, "0")]);
        Assert.Equal(0, await _scene.Nodes["node1"].ReportAsync(report));

        Assert.Equal(ActionState.Completed, (await confirming).Record!.State);
        Assert.Equal(1, await _scene.Nodes["node1"].ReportAsync(report));
        Assert.Equal(SettingOutcome.Reverted, (await _scene.RecordAsync(plan.Id)).Nodes[0].Setting!.Outcome);
    }

    [Fact]
    public async Task Timer_AfterAReboot_IsClosedAsVoid()
    {
        var record = await _scene.ChangedAsync("node1");
        await _scene.Nodes["node1"].ReportAsync(new JournalReport("j", [Timer(1, record.Id, "1", SettingOutcome.Void)]));
        Assert.Empty(await OpenAsync());
        Assert.Equal(SettingOutcome.Void, (await _scene.RecordAsync(record.Id)).Nodes[0].Setting!.Outcome);
    }

    [Fact]
    public async Task Timer_OfAChangeThatIsNotOurs_LeavesOursOpen()
    {
        var record = await _scene.ChangedAsync("node1");
        var entry = Timer(1, Guid.NewGuid().ToString("N"), "0");
        Assert.Equal(1, await _scene.Nodes["node1"].ReportAsync(new JournalReport("j", [entry])));
        Assert.Equal(SettingOutcome.Written, (await _scene.RecordAsync(record.Id)).Nodes[0].Setting!.Outcome);
        Assert.Single(await _scene.AuditAsync(entry.ActionId, "setting.reverted"));
    }

    [Fact]
    public async Task Revert_LostAnswer_IsTakenFromTheJournal()
    {
        var record = await _scene.ChangedAsync("node1");
        string id = "";
        _scene.Nodes["node1"].RevertSetting = o =>
        {
            id = o.Command.ActionId;
            throw new InvalidOperationException("a fault");
        };
        var unanswered = (await _scene.Service.RevertAsync(record.Id, "", false, Ada, Ct)).Record!;
        Assert.Contains("node1 did not answer the revert command", unanswered.Message);
        Assert.Equal(NodeReasons.AnswerFailed, unanswered.Nodes[0].Code);
        Assert.Single(await OpenAsync());

        var entry = Timer(1, record.Id, "0") with { ActionId = id, Origin = JournalOrigin.Console, Who = "ada", Reason = "reverted manually" };
        Assert.Equal(1, await _scene.Nodes["node1"].ReportAsync(new JournalReport("j", [entry])));
        Assert.Empty(await OpenAsync());
        Assert.Equal("ada on node1", (await _scene.AuditAsync(record.Id, "setting.reverted"))[^1].Who);
    }

    [Fact]
    public async Task Revert_AnswerReceived_TheJournalAddsNoRow()
    {
        var record = await _scene.ChangedAsync("node1");
        await _scene.Service.RevertAsync(record.Id, "", false, Ada, Ct);
        string id = ((RevertNodeCommand)_scene.Nodes["node1"].Orders.Last()).Command.ActionId;
        int rows = (await _scene.AuditAsync(null)).Count;
        Assert.Equal(1, await _scene.Nodes["node1"].ReportAsync(new JournalReport("j", [Timer(1, record.Id, "0") with { ActionId = id, Origin = JournalOrigin.Console }])));
        Assert.Equal(rows, (await _scene.AuditAsync(null)).Count);
    }
}
