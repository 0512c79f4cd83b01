using System.Text.Json;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Integration.Actions.ActionScene;

namespace ConntrackConsole.Tests.Integration.Actions;

/// <summary>Actions that require an approval: who may approve, what, until when, and that they are executed once.</summary>
public sealed class ActionApprovalTests : IAsyncLifetime
{
    private ActionScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await StartAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task Approve_BySecondPerson_RunsOnceAndTheCommandNamesBoth()
    {
        var plan = await _scene.WaitingAsync();
        Assert.Empty(_scene.Nodes["node1"].Flushes);

        var answer = await _scene.ApproveAsync(plan);

        Assert.Equal((ActionState.Completed, "eve", "because"), (answer.Record!.State, answer.Record.ApprovedBy, answer.Record.Reason));
        var order = Assert.Single(_scene.Nodes["node1"].Flushes).Command;
        Assert.Equal((plan.Id, "ada", "eve", "because", false), (order.ActionId, order.Who, order.ApprovedBy, order.Reason, order.BreakGlass));
        Assert.InRange(order.ValidUntilMs - _scene.Host.NowMs, 1, 60_000);
        Assert.Equal(
            [("flush.requested", "ada"), ("flush.previewed", "ada"), ("flush.waiting", "ada"), ("flush.approved", "eve"), ("flush.completed", "eve")],
            (await _scene.AuditAsync(plan.Id)).Select(r => (r.What, r.Who)));
        Assert.Equal(RefusalKind.Over, (await _scene.ApproveAsync(plan)).Refusal!.Kind);
        Assert.Single(_scene.Nodes["node1"].Flushes);
    }

    public static TheoryData<Principal, string?, RefusalKind> Wrong => new()
    {
        { Ada, null, RefusalKind.Role },
        { Ada with { Role = Role.Approver, Session = "s-9" }, null, RefusalKind.Role },
        { Ada with { Role = Role.Admin, Session = "s-9" }, null, RefusalKind.Role },
        { Eve with { Session = "s-1" }, null, RefusalKind.Role },
        { Eve with { Name = "ADA" }, null, RefusalKind.Role },
        { Bob, null, RefusalKind.Role },
        { Eve with { Role = Role.Viewer }, null, RefusalKind.Role },
        { Eve with { Role = Role.BreakGlass }, null, RefusalKind.Role },
        { Eve, "0000", RefusalKind.Guard },
        { Eve, "", RefusalKind.Guard },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Approve_NotAllowedOrWrongDigest_IsRefusedAndStillWaiting(Principal principal, string? digest, RefusalKind expected)
    {
        var plan = await _scene.WaitingAsync();

        var answer = await _scene.ApproveAsync(plan, principal, digest);

        Assert.Equal(expected, answer.Refusal!.Kind);
        Assert.Empty(_scene.Nodes["node1"].Flushes);
        Assert.Equal(ActionState.Waiting, (await _scene.RecordAsync(plan.Id)).State);
        Assert.Equal(("flush.refused", principal.Name, answer.Refusal.Message, answer.Refusal.Code), (await _scene.AuditAsync(plan.Id))[^1] is var row ? (row.What, row.Who, row.Result, row.Code) : default);
    }

    [Fact]
    public async Task Approve_Unconfirmed_IsNotFound()
    {
        _scene.Entries["node1"] = 5_001;
        var plan = await _scene.PreviewAsync();
        Assert.Equal(RefusalKind.NotFound, (await _scene.ApproveAsync(plan)).Refusal!.Kind);
        Assert.Equal(RefusalKind.NotFound, (await _scene.Service.ApproveAsync("no-such", plan.Digest, Eve, Ct)).Refusal!.Kind);
        Assert.Empty(_scene.Nodes["node1"].Flushes);
    }

    [Fact]
    public async Task Approve_AddressReusedMeanwhile_IsRefused()
    {
        var plan = await _scene.WaitingAsync();
        _scene.Own("c");
        Assert.Equal(FlushReasons.OwnerLive, (await _scene.ApproveAsync(plan)).Refusal!.Code);
        Assert.Empty(_scene.Nodes["node1"].Flushes);
    }

    [Fact]
    public async Task Approve_RequesterReachedTheRateLimit_IsRefused()
    {
        await using var scene = await StartAsync(1, "--Actions:PerUser=1");
        var plan = await scene.WaitingAsync();
        scene.Entries["node1"] = 1;
        Assert.Equal(ActionState.Completed, (await scene.ConfirmAsync(await scene.PreviewAsync())).Record!.State);

        Assert.Equal(ActionReasons.UserRateLimited, (await scene.ApproveAsync(plan)).Refusal!.Code);
        Assert.Single(scene.Nodes["node1"].Flushes);
    }

    [Fact]
    public async Task Approve_TwiceAtTheSameTime_IsSentOnce()
    {
        var plan = await _scene.WaitingAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => _scene.ApproveAsync(plan, Eve with { Name = $"eve{i}", Session = $"e-{i}" }))));
        var winner = Assert.Single(answers, a => a.Refusal is null);
        Assert.Equal(7, answers.Count(a => a.Refusal?.Kind == RefusalKind.Over));
        Assert.Equal(winner.Record!.ApprovedBy, Assert.Single(_scene.Nodes["node1"].Flushes).Command.ApprovedBy);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancel_WhileWaiting_ByRequesterOrApprover_EndsIt(bool requester)
    {
        var plan = await _scene.WaitingAsync();
        var answer = await _scene.Service.CancelAsync(plan.Id, requester ? Ada : Eve, Ct);
        Assert.Equal((ActionState.Cancelled, $"Cancelled by {(requester ? "ada" : "eve")}; nothing was sent."), (answer.Record!.State, answer.Record.Message));
        Assert.Equal(RefusalKind.Over, (await _scene.ApproveAsync(plan)).Refusal!.Kind);
        Assert.Equal(RefusalKind.Over, (await _scene.Service.CancelAsync(plan.Id, Ada, Ct)).Refusal!.Kind);
        Assert.Empty(_scene.Nodes["node1"].Flushes);
    }

    [Fact]
    public async Task Cancel_ByAnotherOperator_IsNotFound()
    {
        var plan = await _scene.WaitingAsync();
        Assert.Equal(RefusalKind.NotFound, (await _scene.Service.CancelAsync(plan.Id, Bob, Ct)).Refusal!.Kind);
        Assert.Equal(ActionState.Waiting, (await _scene.RecordAsync(plan.Id)).State);
    }

    [Fact]
    public async Task Cancel_AfterExecution_IsRefused()
    {
        var plan = await _scene.PreviewAsync();
        await _scene.ConfirmAsync(plan);
        Assert.Equal(ActionReasons.WrongState, (await _scene.Service.CancelAsync(plan.Id, Ada, Ct)).Refusal!.Code);
        Assert.Equal(ActionState.Completed, (await _scene.RecordAsync(plan.Id)).State);
    }

    [Fact]
    public async Task Waiting_After15Minutes_ExpiresWithARow()
    {
        var plan = await _scene.WaitingAsync();
        _scene.Host.Pass(TimeSpan.FromMinutes(14));
        Assert.Equal(ActionState.Waiting, (await _scene.RecordAsync(plan.Id)).State);
        _scene.Host.Pass(TimeSpan.FromSeconds(61));

        Assert.Equal(RefusalKind.Over, (await _scene.ApproveAsync(plan)).Refusal!.Kind);
        var expired = await _scene.UntilAsync(plan.Id, ActionState.Expired);
        Assert.Equal((ActionReasons.Expired, "The action was not approved in time; nothing was sent."), (expired.Code, expired.Message));
        Assert.Equal("conntrack-console, for ada", Assert.Single(await _scene.UntilAuditAsync(plan.Id, "flush.expired")).Who);
        Assert.Equal(RefusalKind.Over, (await _scene.ApproveAsync(plan)).Refusal!.Kind);
        Assert.Empty(_scene.Nodes["node1"].Flushes);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5_001)]
    public async Task Previewed_After60Seconds_ExpiresWithARow_EvenIfApprovalIsRequired(int entries)
    {
        _scene.Entries["node1"] = entries;
        var plan = await _scene.PreviewAsync();
        _scene.Host.Pass(TimeSpan.FromSeconds(61));

        Assert.Equal(ActionReasons.Expired, (await _scene.ConfirmAsync(plan)).Refusal!.Code);
        var expired = await _scene.UntilAsync(plan.Id, ActionState.Expired);
        Assert.Equal((ActionReasons.Expired, "The action was not confirmed in time; nothing was sent."), (expired.Code, expired.Message));
        await _scene.UntilAuditAsync(plan.Id, "flush.expired");
        Assert.Equal(RefusalKind.Over, (await _scene.ConfirmAsync(plan)).Refusal!.Kind);
        Assert.Empty(_scene.Nodes["node1"].Flushes);
    }

    [Fact]
    public async Task Preview_ANodeRefuses_TheOthersRemain()
    {
        await _scene.ConnectAsync("node2", node => node.Preview = request => new FlushPreview(request.PreviewId, "node2", "", [], _scene.Host.NowMs, "Own address.", true));
        var plan = await _scene.PreviewAsync();
        var answer = await _scene.ConfirmAsync(plan);
        Assert.Null(answer.Refusal);
        Assert.Equal(
            [("node1", NodeOutcome.Done), ("node2", NodeOutcome.Refused)], answer.Record!.Nodes.Select(n => (n.Node, n.Outcome)));
        Assert.Equal(ActionState.Partly, answer.Record.State);
    }

    [Fact]
    public async Task Preview_MaximumEntriesWithApproval_ReachTheConsole()
    {
        _scene.Entries["node1"] = FlushGuard.MaxApprovedOnNode;
        Assert.Equal(FlushGuard.MaxApprovedOnNode, (await _scene.PreviewAsync()).Entries);
    }

    [Fact]
    public async Task Confirm_20AtTheSameTime_SendsOneCommand()
    {
        var plan = await _scene.PreviewAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => _scene.ConfirmAsync(plan))));
        Assert.Single(answers, a => a.Refusal is null);
        Assert.Equal(19, answers.Count(a => a.Refusal?.Kind == RefusalKind.Over));
        Assert.Single(_scene.Nodes["node1"].Flushes);
        Assert.Single(await _scene.AuditAsync(plan.Id, "flush.approved"));
    }

    [Fact]
    public async Task Request_NullNodeNames_IsRefusedWithAMessage()
    {
        Assert.Null((await _scene.RequestAsync(new ActionRequest(ActionKind.Flush) { PodIp = PodIp, Nodes = null! })).Refusal);
        Assert.Equal(ActionReasons.UnknownNode, (await _scene.RequestAsync(new ActionRequest(ActionKind.Flush) { PodIp = PodIp, Nodes = [null!] })).Refusal!.Code);
    }

    [Fact]
    public async Task Completed_Row_ListsTheDeletedEntriesOfEachNodeAndNoOthers()
    {
        _scene.Entries["node1"] = 5;
        _scene.Entries["node2"] = 2;
        _scene.Nodes["node1"].Flush = r => new FlushResult(r.Command.ActionId, "node1", 5, 2, 1, 1, 1, 2, null, ["EPERM"], 3, "DGAFD");
        _scene.Nodes["node2"].Flush = r => new FlushResult(r.Command.ActionId, "node2", 2, 0, 2, 0, 0, 0, null, [], 3, "GG");
        var plan = await _scene.PreviewAsync();
        Assert.Equal(ActionState.Partly, (await _scene.ConfirmAsync(plan)).Record!.State);

        var row = Assert.Single(await _scene.AuditAsync(plan.Id, "flush.completed"));
        var node = Assert.Single(JsonDocument.Parse(row.Details!).RootElement.EnumerateArray());
        Assert.Equal("node1", node.GetProperty("node").GetString());
        Assert.Equal([1024, 1028], node.GetProperty("entries").EnumerateArray().Select(e => e.GetProperty("sport").GetInt32()));
        Assert.Contains("node1: listed 5, deleted 2, already gone 1, alive 1, failed 1, remaining 2", row.After);
        Assert.All((await _scene.AuditAsync(plan.Id)).SkipLast(1), r => Assert.Null(r.Details));
    }

    [Fact]
    public async Task Flush_ImpossibleCounts_AreNoAnswer()
    {
        _scene.Nodes["node1"].Flush = r => Result(r.Command.ActionId, "node1", 2) with { Deleted = int.MaxValue, Failed = -1 };
        var answer = await _scene.ConfirmAsync(await _scene.PreviewAsync());
        Assert.Equal((ActionState.Unknown, NodeOutcome.Unknown, NodeReasons.InvalidAnswer), (answer.Record!.State, answer.Record.Nodes[0].Outcome, answer.Record.Nodes[0].Code));
        Assert.Single(await _scene.AuditAsync(answer.Record.Id, "flush.completed"));
    }
}
