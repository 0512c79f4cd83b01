using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Integration.Actions.ActionScene;

namespace ConntrackConsole.Tests.Integration.Actions;

/// <summary>The audit row precedes the effect: if it cannot be written, nothing is sent and the user sees why.</summary>
public sealed class ActionFaultTests : IAsyncLifetime
{
    private ActionScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await StartAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    private void AssertFault(ActionAnswer answer)
    {
        Assert.Equal(RefusalKind.Fault, answer.Refusal!.Kind);
        Assert.Equal(ActionReasons.AuditUnavailable, answer.Refusal.Code);
        Assert.All(_scene.Nodes.Values, n => Assert.Empty(n.Flushes));
    }

    [Fact]
    public async Task Confirm_ASetting_NothingIsSent()
    {
        var plan = await _scene.PreviewAsync(Setting("node1"));
        await _scene.CloseAuditAsync();
        AssertFault(await _scene.ConfirmAsync(plan));
        Assert.Empty(_scene.Nodes["node1"].Orders);
        Assert.Equal(ActionState.Failed, (await _scene.RecordAsync(plan.Id)).State);
    }

    [Fact]
    public async Task Confirm_LogLostBeforeWaiting_DoesNotWait()
    {
        _scene.Entries["node1"] = 5_001;
        var plan = await _scene.PreviewAsync();
        await _scene.CloseAuditAsync();
        AssertFault(await _scene.ConfirmAsync(plan));
        Assert.Equal(ActionState.Previewed, (await _scene.RecordAsync(plan.Id)).State);
    }

    [Fact]
    public async Task Approve_NothingIsSent()
    {
        var plan = await _scene.WaitingAsync();
        await _scene.CloseAuditAsync();
        AssertFault(await _scene.ApproveAsync(plan));
        Assert.Equal(ActionState.Failed, (await _scene.RecordAsync(plan.Id)).State);
    }

    [Fact]
    public async Task Revert_NothingIsSentAndTheChangeStaysOpen()
    {
        var record = await _scene.ChangedAsync("node1");
        await _scene.CloseAuditAsync();
        AssertFault(await _scene.Service.RevertAsync(record.Id, "", false, Ada, Ct));
        Assert.Single(_scene.Nodes["node1"].Orders);
        Assert.Single(await _scene.Host.Get<OpenChanges>().ReadAsync(Ct));
    }

    [Fact]
    public async Task Confirm_LogLostAfterTheCommands_TheUserMustRecordTheOutcome()
    {
        var plan = await _scene.PreviewAsync();
        await CloseAsync("flush.completed");
        var answer = await _scene.ConfirmAsync(plan);
        Assert.Equal((ActionState.Completed, ActionReasons.AuditIncomplete), (answer.Record!.State, answer.Record.Code));
        Assert.Single(_scene.Nodes["node1"].Flushes);
    }

    [Fact]
    public async Task Revert_LogLostAfterTheCommand_TheRecordIsRightAndTheUserIsInformed()
    {
        var record = await _scene.ChangedAsync("node1");
        await CloseAsync("setting.reverted");
        var answer = await _scene.Service.RevertAsync(record.Id, "", false, Ada, Ct);
        Assert.Equal(ActionReasons.AuditIncomplete, answer.Record!.Code);
        Assert.Equal(SettingOutcome.Reverted, (await _scene.RecordAsync(record.Id)).Nodes[0].Setting!.Outcome);
    }

    private Task CloseAsync(string what) =>
        _scene.ExecuteAsync($"CREATE TRIGGER full BEFORE INSERT ON Audit WHEN NEW.What = '{what}' BEGIN SELECT RAISE(ABORT, 'disk full'); END");
}
