using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Identity;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Integration.Actions;

/// <summary>A flush end to end over a real hub: the preview, the commands, and the order of the audit rows.</summary>
public sealed class FlushTests : IAsyncLifetime
{
    private const string PodIp = "10.1.0.5";
    private static readonly PodInfo A = Pod("a", PodIp);

    private static readonly Principal User = new("ada", Role.Operator, "s-1", "127.0.0.1");

    private ConsoleHost _host = null!;
    private TestCollector _node1 = null!;
    private TestCollector _node2 = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ConsoleHost.StartAsync();
        _host.SetCluster(
            new NodeChange(Node("node1", "192.168.0.1"), false), new NodeChange(Node("node2", "192.168.0.2"), false),
            new ServiceChange(Service(), false), new SliceChange(Slice(Ready(Pod("b", "10.1.0.6"))), false),
            new PodChange(A, false), new PodChange(A, true));
        _node1 = await CollectorAsync("node1", 2);
        _node2 = await CollectorAsync("node2", 0);
    }

    public async ValueTask DisposeAsync()
    {
        await _node1.DisposeAsync();
        await _node2.DisposeAsync();
        await _host.DisposeAsync();
    }

    private ActionService Service => _host.Get<ActionService>();

    [Fact]
    public async Task Flush_GoneOwner_OneClick_EveryNodeAndAuditInOrder()
    {
        var plan = await PreviewAsync();
        Assert.Equal(GuardDecision.Allow, plan.Verdict.Decision);
        Assert.Equal([2, 0], plan.Previews.Select(n => n.Entries.Count));
        Assert.StartsWith("shop/checkout-a has been gone since", plan.SuggestedReason);
        Assert.Equal((PodIp, OwnerState.Gone, "shop/checkout-a"), _node1.Previews[0].Ownership is var o ? (o.Ip, o.State, o.Owner) : default);

        var outcome = await ConfirmAsync(plan, reason: plan.SuggestedReason);
        Assert.Equal((ActionState.Completed, "2 entries deleted on 1 node; none remain."), (outcome.Record!.State, outcome.Record.Message));
        var order = Assert.Single(_node1.Flushes);
        Assert.Equal((plan.Id, plan.Id, "digest-node1"), (order.Command.ActionId, order.PreviewId, order.Digest));
        Assert.Equal("digest-node2", Assert.Single(_node2.Flushes).Digest);

        var rows = await AuditAsync(plan.Id);
        Assert.Equal(["flush.requested", "flush.previewed", "flush.approved", "flush.completed"], rows.Select(r => r.What));
        Assert.All(rows, r => Assert.Equal(("ada", "127.0.0.1", PodIp, "s-1", "operator"), (r.Who, r.From, r.Target, r.Session, r.Roles)));
        Assert.Equal(plan.SuggestedReason, rows[3].Why);
        Assert.Equal("node1, node2", rows[3].Where);
        Assert.Contains("node1: 2 entries (2 fail fast)", rows[3].Before);
        Assert.Contains("node1: listed 2, deleted 2", rows[3].After);
        Assert.StartsWith("Completed: ", rows[3].Result);
        Assert.NotNull(rows[3].DurationMs);
    }

    [Fact]
    public async Task Flush_ConfirmedTwice_IsSentOnce()
    {
        var plan = await PreviewAsync();
        var outcomes = await Task.WhenAll(ConfirmAsync(plan), ConfirmAsync(plan));
        Assert.Single(outcomes, o => o.Refusal is null && o.Record!.State == ActionState.Completed);
        Assert.Single(outcomes, o => o.Refusal?.Kind == RefusalKind.Over);
        Assert.Single(_node1.Flushes);
    }

    [Fact]
    public async Task Preview_LiveOwner_IsRefusedAndNoNodeIsQueried()
    {
        _host.SetCluster(new PodChange(Pod("c", PodIp), false));
        var answer = await RequestAsync();
        Assert.Equal(RefusalKind.Guard, answer.Refusal!.Kind);
        Assert.Equal(FlushReasons.OwnerLive, answer.Refusal.Code);
        Assert.Null(answer.Record);
        Assert.Empty(_node1.Previews);
        var rows = await _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "flush"), TestContext.Current.CancellationToken);
        Assert.Equal(["flush.refused", "flush.requested"], rows.Select(r => r.What));
    }

    // Pod c of another workload has the address now; a's Service still has entries that lead to it.
    [Fact]
    public async Task Flush_ReassignedAddress_OnlyWithTheScopeOfTheFormerService()
    {
        var orders = new ServiceInfo("svc2", new ServiceKey("shop", "orders"), [Ip.Parse("10.96.0.20")], [new ServicePort("http", Protocols.Tcp, 80, 0)]);
        _host.SetCluster(
            new PodChange(Pod("c", PodIp), false), new ServiceChange(orders, false),
            new SliceChange(new SliceInfo("slice2", "shop", "orders-abc", orders.Key, [Ready(Pod("c", PodIp))]), false));
        var scope = new FlushScope("tcp", Vip, 80);

        var plan = (await RequestAsync(new ActionRequest(ActionKind.Flush) { PodIp = PodIp, Scope = scope })).Record!.Plan;
        Assert.Equal((GuardDecision.NeedsConfirmation, FlushGuardReasons.OwnerNotBackend), (plan.Verdict.Decision, plan.Verdict.Code));
        Assert.Equal((OwnerState.Live, true, scope, FlushPreset.DeadBackend), _node1.Previews[0] is var p ? (p.Ownership.State, p.Ownership.NotBackend, p.Scope!, p.Preset) : default);
        Assert.Equal(ActionState.Completed, (await ConfirmAsync(plan, typed: PodIp)).Record!.State);
        Assert.True(Assert.Single(_node1.Flushes).Ownership.NotBackend);

        // Its own Service, all Services, all ports or protocols of a Service, and an address that no Service has stay refused.
        foreach (var other in (FlushScope?[])[new FlushScope("tcp", "10.96.0.20", 80), new FlushScope("tcp", null, null), new FlushScope("tcp", Vip, null), new FlushScope(null, Vip, 80), new FlushScope(null, "10.96.0.99", null), null])
            Assert.Equal(FlushReasons.OwnerLive, (await RequestAsync(new ActionRequest(ActionKind.Flush) { PodIp = PodIp, Scope = other })).Refusal?.Code);
    }

    [Fact]
    public async Task Confirm_AddressReusedSinceThePreview_IsRefused()
    {
        var plan = await PreviewAsync();
        _host.SetCluster(new PodChange(Pod("c", PodIp), false));
        var outcome = await ConfirmAsync(plan);
        Assert.Equal(FlushReasons.OwnerLive, outcome.Refusal!.Code);
        Assert.Empty(_node1.Flushes);
        Assert.Equal("flush.refused", (await AuditAsync(plan.Id))[^1].What);
    }

    [Theory]
    [InlineData("0000", "because", ActionReasons.DigestMismatch)]
    [InlineData(null, " ", ActionReasons.MissingReason)]
    public async Task Confirm_WrongDigestOrNoReason_IsRefused(string? digest, string reason, string code)
    {
        var plan = await PreviewAsync();
        var outcome = await ConfirmAsync(plan, reason: reason, digest: digest);
        Assert.Equal(code, outcome.Refusal!.Code);
        Assert.Empty(_node1.Flushes);
    }

    [Fact]
    public async Task Confirm_TerminatingOwner_NeedsTheAddressTyped()
    {
        _host.SetCluster(new PodChange(Pod("c", PodIp).Terminating(1_000), false));
        var plan = await PreviewAsync();
        Assert.Equal((GuardDecision.NeedsConfirmation, PodIp), (plan.Verdict.Decision, plan.Verdict.TypeToConfirm));
        Assert.Equal(ActionReasons.TypedConfirmation, (await ConfirmAsync(plan, typed: "yes")).Refusal!.Code);
        Assert.Equal(ActionState.Completed, (await ConfirmAsync(plan, typed: PodIp)).Record!.State);
    }

    [Fact]
    public async Task Flush_ANodeWithoutCollector_NeedsConfirmationAndIsPartly()
    {
        _host.SetCluster(new NodeChange(Node("node3", "192.168.0.3"), false));
        var plan = await PreviewAsync();
        Assert.Equal(["node3"], plan.Silent);
        Assert.Contains("node3", plan.Verdict.Message);
        var outcome = await ConfirmAsync(plan, typed: PodIp);
        Assert.Equal((ActionState.Partly, "node3"), (outcome.Record!.State, Assert.Single(outcome.Record.Nodes, n => n.Outcome == NodeOutcome.NotAsked).Node));
    }

    [Fact]
    public async Task Preview_EntryOfAnotherAddress_CountsAsNoAnswer()
    {
        var honest = _node1.Preview;
        _node1.Preview = request => honest(request) with { Entries = [Entry with { ReplySrc = "10.1.0.99" }] };
        var plan = await PreviewAsync();
        Assert.Equal(["node1"], plan.Silent);
    }

    [Fact]
    public async Task Confirm_AuditLogCannotBeWritten_NothingIsSent()
    {
        var plan = await PreviewAsync();
        await using (var db = await _host.Get<IDbContextFactory<ConntrackConsole.Storage.ConsoleDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken))
            await db.Database.ExecuteSqlRawAsync("CREATE TRIGGER full BEFORE INSERT ON Audit BEGIN SELECT RAISE(ABORT, 'disk full'); END", TestContext.Current.CancellationToken);
        var outcome = await ConfirmAsync(plan);
        Assert.Equal((RefusalKind.Fault, ActionState.Failed), (outcome.Refusal!.Kind, outcome.Record!.State));
        Assert.Equal(ActionReasons.AuditUnavailable, outcome.Refusal.Code);
        Assert.Empty(_node1.Flushes);
    }

    [Fact]
    public async Task Flush_ConnectionBreaksAfterTheCommand_TheSameCommandIsRecalled()
    {
        var plan = await PreviewAsync();
        using var broken = new ManualResetEventSlim();
        _node1.Flush = order =>
        {
            // On a separate thread: the handler blocks the connection that must break.
            _ = Task.Run(async () =>
            {
                await _node1.BreakAsync();
                broken.Set();
            });
            broken.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            throw new InvalidOperationException("no one receives this");
        };
        var confirming = ConfirmAsync(plan);
        Assert.True(broken.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        await using var back = await CollectorAsync("node1", 2);
        Assert.Equal(ActionState.Completed, (await confirming).Record!.State);
        Assert.Equal(_node1.Flushes, back.Flushes);
    }

    [Fact]
    public async Task Flush_CollectorFailsTheCommand_IsUnknownAndNotRecalled()
    {
        var plan = await PreviewAsync();
        _node1.Flush = _ => throw new InvalidOperationException("a fault");
        var outcome = await ConfirmAsync(plan);
        Assert.Equal((ActionState.Unknown, "node1"), (outcome.Record!.State, Assert.Single(outcome.Record.Nodes, n => n.Outcome == NodeOutcome.Unknown).Node));
        Assert.Contains("unknown", outcome.Record.Message);
        Assert.Single(_node1.Flushes);
        Assert.StartsWith("Unknown: ", (await AuditAsync(plan.Id))[^1].Result);
    }

    [Fact]
    public async Task Confirm_TerminatingOwnerHasEndedSince_Executes()
    {
        var pod = Pod("c", PodIp).Terminating(1_000);
        _host.SetCluster(new PodChange(pod, false));
        var plan = await PreviewAsync();
        _host.SetCluster(new PodChange(pod, true));
        Assert.Equal(ActionState.Completed, (await ConfirmAsync(plan, typed: PodIp)).Record!.State);
    }

    [Fact]
    public async Task Cancel_Plan_CanNoLongerBeConfirmed()
    {
        var plan = await PreviewAsync();
        await Service.CancelAsync(plan.Id, User, TestContext.Current.CancellationToken);
        Assert.Equal(RefusalKind.Over, (await ConfirmAsync(plan)).Refusal!.Kind);
        Assert.Equal(["flush.cancelled", "flush.refused"], (await AuditAsync(plan.Id)).TakeLast(2).Select(r => r.What));
    }

    private Task<ActionAnswer> RequestAsync(ActionRequest? request = null) =>
        Service.RequestAsync(request ?? new ActionRequest(ActionKind.Flush) { PodIp = PodIp }, User, TestContext.Current.CancellationToken);

    private async Task<ActionPlan> PreviewAsync() => (await RequestAsync()).Record!.Plan;

    private Task<ActionAnswer> ConfirmAsync(ActionPlan plan, string? typed = null, string reason = "because", string? digest = null) =>
        Service.ConfirmAsync(plan.Id, digest ?? plan.Digest, typed, reason, User, TestContext.Current.CancellationToken);

    private async Task<List<AuditEntry>> AuditAsync(string actionId) =>
        [.. (await _host.Get<AuditLog>().ReadAsync(new AuditFilter(ActionId: actionId), TestContext.Current.CancellationToken)).Reverse()];

    private static readonly FlowEntry Entry = new(
        "tcp", "ESTABLISHED", "10.1.1.1", 40000, Vip, 80, PodIp, 8080, "10.1.1.1", 40000, 0, 1, 300, 0, FlushEffect.FailsFast);

    private async Task<TestCollector> CollectorAsync(string node, int entries)
    {
        var collector = new TestCollector(node, _host.Url, ConsoleHost.Token)
        {
            Preview = request => new FlushPreview(
                request.PreviewId, node, $"digest-{node}", [.. Enumerable.Repeat(Entry, entries)],
                DateTimeOffset.UtcNow.AddSeconds(60).ToUnixTimeMilliseconds(), null, true),
            Flush = request => new FlushResult(request.Command.ActionId, node, entries, entries, 0, 0, 0, 0, null, [], 3),
        };
        Assert.True((await collector.ConnectAsync()).Accepted);
        return collector;
    }
}
