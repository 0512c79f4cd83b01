using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Storage;
using Xunit;

namespace ConntrackConsole.Tests.Actions;

/// <summary>Concurrent writes to a row: one succeeds, the other is refused.</summary>
public sealed class ActionStoreTests : IAsyncLifetime, IDisposable
{
    private readonly TestDatabase _database = new();
    private ActionStore _one = null!;
    private ActionStore _two = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.Null(await Database.OpenAsync(_database));
        (_one, _two) = (new ActionStore(_database, TimeProvider.System), new ActionStore(_database, TimeProvider.System));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public void Dispose() => _database.Dispose();

    private async Task<ActionRecord> AddAsync(ActionState state, string id = "a")
    {
        var plan = new ActionPlan(id, new ActionRequest(ActionKind.Flush) { PodIp = "10.1.0.5" }, "ada", 1_000, new GuardVerdict(GuardDecision.Allow, ""), "d", 61_000);
        var record = new ActionRecord(plan, state, 1_000) { Nodes = [new NodeResult("n1", NodeOutcome.Unknown), new NodeResult("n2", NodeOutcome.Unknown)] };
        await _one.AddAsync(record, Ct);
        return record;
    }

    [Fact]
    public async Task Move_TwoConsolesOnOneFile_OneWins()
    {
        for (int i = 0; i < 20; i++)
        {
            var record = await AddAsync(ActionState.Previewed, $"a{i}");
            var moved = await Task.WhenAll(new[] { _one, _two }.Select((store, hand) => Task.Run(
                () => store.MoveAsync(record with { State = ActionState.Approved, ApprovedBy = $"hand {hand}" }, ActionState.Previewed, Ct), Ct)));
            var winner = Assert.Single(moved, m => m is not null)!;
            Assert.Equal(winner.ApprovedBy, (await _two.FindAsync(record.Id, Ct))!.ApprovedBy);
        }
    }

    [Fact]
    public async Task Move_SameStateButWrittenSinceItWasRead_IsRefused()
    {
        var read = await AddAsync(ActionState.Unknown);
        Assert.NotNull(await _two.MoveAsync(read with { Message = "first" }, ActionState.Unknown, Ct));
        Assert.Null(await _one.MoveAsync(read with { Message = "second" }, ActionState.Unknown, Ct));
        Assert.Equal("first", (await _one.FindAsync("a", Ct))!.Message);
    }

    [Fact]
    public async Task Move_ClockStepsBack_EveryWriteIsNewer()
    {
        var record = await AddAsync(ActionState.Unknown);
        record = (await _one.MoveAsync(record with { UpdatedMs = record.UpdatedMs }, ActionState.Unknown, Ct))!;
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(5));
        var late = new ActionStore(_database, clock);
        var next = (await late.MoveAsync(record, ActionState.Unknown, Ct))!;
        Assert.True(next.UpdatedMs > record.UpdatedMs);
    }

    [Fact]
    public async Task Update_ManyWritersAtOnce_LosesNothing()
    {
        await AddAsync(ActionState.Unknown);
        await Task.WhenAll(
            Task.Run(() => SetAsync(_one, "n1"), Ct), Task.Run(() => SetAsync(_two, "n2"), Ct),
            Task.Run(() => _two.UpdateAsync("a", r => r with { Outcome = new OutcomeSample(1, 2, 3, true, [], 0, 0, 0, 0, []) }, Ct), Ct));
        var record = (await _one.FindAsync("a", Ct))!;
        Assert.All(record.Nodes, n => Assert.Equal(NodeOutcome.Done, n.Outcome));
        Assert.NotNull(record.Outcome);

        static Task SetAsync(ActionStore store, string node) => store.UpdateAsync(
            "a", r => r with { Nodes = [.. r.Nodes.Select(n => n.Node == node ? n with { Outcome = NodeOutcome.Done } : n)] }, Ct);
    }

    [Theory]
    [InlineData(ActionState.Previewed)]
    [InlineData(ActionState.Running)]
    [InlineData(ActionState.Cancelled)]
    public async Task Update_WhatHasNotEnded_IsLeftAlone(ActionState state)
    {
        await AddAsync(state);
        Assert.Null(await _one.UpdateAsync("a", r => r with { Message = "changed" }, Ct));
        Assert.Equal("", (await _one.FindAsync("a", Ct))!.Message);
    }

    [Fact]
    public void BeginExecution_Twice_IsExecutingUntilBothEnd()
    {
        var first = _one.BeginExecution("a");
        using (_one.BeginExecution("a"))
            Assert.True(_one.IsExecuting("a"));
        Assert.True(_one.IsExecuting("a"));
        first.Dispose();
        Assert.False(_one.IsExecuting("a"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("no-such")]
    public async Task Find_NoSuch_IsNull(string? id) => Assert.Null(await _one.FindAsync(id, Ct));
}
