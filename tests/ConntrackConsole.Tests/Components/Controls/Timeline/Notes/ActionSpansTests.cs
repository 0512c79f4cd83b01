using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Components.Controls.Timeline.Notes;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Storage;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Timeline.Notes;

/// <summary>Which flushes and settings the timeline shows of a window, and with which words.</summary>
public sealed class ActionSpansTests : IAsyncLifetime, IDisposable
{
    private const long T0 = 1_800_000_000_000, Minute = 60_000, Hour = 60 * Minute;

    private readonly TestDatabase _database = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
    private ActionStore _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.Null(await Database.OpenAsync(_database));
        _store = new ActionStore(_database, _clock);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Read_AFlush_IsAMoment_WithWhoAndHowMany()
    {
        await AddAsync(Flush("f", T0, deleted: [3, 0, 2]) with { ApprovedBy = "arthur", Reason = "shop/orders-1 is gone" });
        using var spans = new ActionSpans(_store);

        var span = Assert.Single(await spans.ReadAsync(T0 - Minute, T0 + Minute, Ct));

        Assert.Equal((T0, T0, "Flush of 10.1.0.5", "ok", "/actions?action=f"), (span.FromMs, span.ToMs, span.Label, span.Tone, span.Href));
        Assert.Equal(
            [(T0, "5 entries deleted on 2 nodes"), (null, "by olivia, approved by arthur"), (null, "completed"), (null, "shop/orders-1 is gone")],
            span.Moments.Select(moment => (moment.AtMs, moment.Text)));
    }

    [Fact]
    public async Task Read_ASetting_LastsUntilItIsReverted_AlsoIntoALaterWindow()
    {
        await AddAsync(Setting("s", T0, SettingOutcome.Written, revertAtMs: T0 + (4 * Hour)));
        using var spans = new ActionSpans(_store);

        var span = Assert.Single(await spans.ReadAsync(T0 + (3 * Hour), T0 + (3 * Hour) + Minute, Ct));
        Assert.Equal((T0, T0 + (4 * Hour)), (span.FromMs, span.ToMs));
        Assert.Contains(new ChartMoment(T0 + (4 * Hour), "reverts automatically"), span.Moments);
        Assert.Empty(await spans.ReadAsync(T0 + (5 * Hour), T0 + (6 * Hour), Ct));

        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + Hour));
        await _store.UpdateAsync("s", record => record with { Nodes = [.. record.Nodes.Select(node => node with { Setting = node.Setting! with { Outcome = SettingOutcome.Reverted, RevertAtMs = null } })] }, Ct);
        span = Assert.Single(await spans.ReadAsync(T0, T0 + (2 * Hour), Ct));
        Assert.Equal(T0 + Hour, span.ToMs);
        Assert.Contains(new ChartMoment(T0 + Hour, "reverted"), span.Moments);
        Assert.Empty(await spans.ReadAsync(T0 + (3 * Hour), T0 + (4 * Hour), Ct));
    }

    [Fact]
    public async Task Read_WhatDidNotRun_OrRanAtAnotherTime_IsNotShown()
    {
        await AddAsync(Flush("previewed", T0, deleted: []) with { State = ActionState.Previewed, StartedMs = null });
        await AddAsync(Flush("refused", T0, deleted: []) with { State = ActionState.Refused, StartedMs = null });
        await AddAsync(Flush("earlier", T0 - (2 * Minute), deleted: [1]));
        await AddAsync(Flush("later", T0 + (2 * Minute), deleted: [1]));
        await AddAsync(Flush("now", T0, deleted: [1]));
        using var spans = new ActionSpans(_store);

        Assert.Equal(["/actions?action=now"], (await spans.ReadAsync(T0 - Minute, T0 + Minute, Ct)).Select(span => span.Href));
    }

    /// <summary>A live page asks each second: the database is read again only after a change.</summary>
    [Fact]
    public async Task Read_AsTimePasses_ReadsTheDatabaseOnlyAfterAChange()
    {
        using var spans = new ActionSpans(_store);
        Assert.Empty(await spans.ReadAsync(T0 - Hour, T0, Ct));
        int before = _database.Contexts;
        for (int second = 1; second < 50; second++)
            Assert.Empty(await spans.ReadAsync(T0 - Hour + (second * 1_000), T0 + (second * 1_000), Ct));
        Assert.Equal(before, _database.Contexts);

        await AddAsync(Flush("f", T0 + 50_000, deleted: [1]));
        Assert.Single(await spans.ReadAsync(T0 - Hour + 51_000, T0 + 51_000, Ct));
    }

    private Task AddAsync(ActionRecord record) => _store.AddAsync(record, Ct);

    private static ActionRecord Flush(string id, long atMs, int[] deleted) => Record(
        id, new ActionRequest(ActionKind.Flush) { PodIp = "10.1.0.5" }, atMs,
        [.. deleted.Select((count, node) => new NodeResult($"n{node}", NodeOutcome.Done, new FlushResult(id, $"n{node}", count, count, 0, 0, 0, 0, null, [], 5)))]);

    private static ActionRecord Setting(string id, long atMs, SettingOutcome outcome, long? revertAtMs)
    {
        const string Key = "net.netfilter.nf_conntrack_tcp_be_liberal";
        return Record(
            id, new ActionRequest(ActionKind.Setting) { Key = Key, Value = "1" }, atMs,
            [new NodeResult("n1", NodeOutcome.Done, Setting: new SettingResult(id, "n1", Key, outcome, "0", "1", revertAtMs, null))]);
    }

    private static ActionRecord Record(string id, ActionRequest request, long atMs, NodeResult[] nodes) =>
        new(new ActionPlan(id, request, "olivia", atMs, new GuardVerdict(GuardDecision.Allow, ""), "d", atMs + Minute), ActionState.Completed, atMs) { StartedMs = atMs, Nodes = nodes };
}
