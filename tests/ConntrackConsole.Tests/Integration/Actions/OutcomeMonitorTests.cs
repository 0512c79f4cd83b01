using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Timeline;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Integration.Actions.ActionScene;

namespace ConntrackConsole.Tests.Integration.Actions;

/// <summary>The outcome of a flush: for how long it is monitored, and the figures.</summary>
public sealed class OutcomeMonitorTests : IAsyncLifetime
{
    private ActionScene _scene = null!;

    public async ValueTask InitializeAsync()
    {
        _scene = await StartAsync();
        foreach (string node in _scene.Nodes.Keys)
            Answer(node, r => new FlushOutcomeSample(r.ActionId, node, _scene.Host.NowMs, 0, 0, 0, 0, null));
    }

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    private OutcomeMonitor Monitor => _scene.Host.Get<OutcomeMonitor>();

    private void Answer(string node, Func<FlushOutcomeRequest, FlushOutcomeSample> outcome) => _scene.Nodes[node].Outcome = outcome;

    private async Task<ActionRecord> FlushedAsync()
    {
        var answer = await _scene.ConfirmAsync(await _scene.PreviewAsync());
        Assert.Null(answer.Refusal);
        return answer.Record!;
    }

    private async Task<OutcomeSample> FinalAsync(ActionRecord record)
    {
        _scene.Host.Pass(TimeSpan.FromSeconds(131));
        return (await _scene.UntilAsync(record.Id, r => r.Outcome is not null)).Outcome!;
    }

    /// <summary>The time that clients have already been hanging, plus 10 s.</summary>
    [Theory]
    [InlineData(0, 30_000)]
    [InlineData(60, 71_000)]
    [InlineData(600, 130_000)]
    public async Task Window_IsAsLongAsTheSlowestClientMayTake(int goneForS, long expectedMs)
    {
        _scene.Host.Pass(TimeSpan.FromSeconds(goneForS));
        var record = await FlushedAsync();
        await Eventually.TrueAsync(() => Monitor.Current(record.Id) is not null);
        var reading = Monitor.Current(record.Id)!;
        Assert.Equal(record.StartedMs, reading.FromMs);
        Assert.InRange(reading.UntilMs - reading.FromMs, expectedMs, expectedMs == 71_000 ? expectedMs + 5_000 : expectedMs);
        Assert.Equal(reading.UntilMs, (await FinalAsync(record)).ToMs);
    }

    [Fact]
    public async Task Final_SumsTheNodesAndTheResetsBesideThem()
    {
        _scene.Entries["node2"] = 1;
        Answer("node1", r => new FlushOutcomeSample(r.ActionId, "node1", _scene.Host.NowMs, 1, 2, 5, 3, null));
        Answer("node2", r => new FlushOutcomeSample(r.ActionId, "node2", _scene.Host.NowMs, 10, 20, 50, 30, null));
        long nowMs = _scene.Host.NowMs;
        await ResetsAsync(1, nowMs - 5_000, ResetKind.UnNated, ResetKind.UnNated, ResetKind.FromBackend);
        var record = await FlushedAsync();
        await ResetsAsync(2, record.StartedMs!.Value + 1, ResetKind.FromBackend, ResetKind.FromBackend);

        var reading = await FinalAsync(record);

        Assert.Equal((11, 22, 55, 33, true), (reading.Left, reading.Recreated, reading.Clients, reading.Reconnected, reading.Final));
        Assert.Equal(
            [(ResetKind.UnNated, 2, 0), (ResetKind.FromBackend, 1, 2)], reading.Resets.Select(r => (r.Kind, r.Before, r.After)).OrderBy(r => r.Kind));
        Assert.Empty(reading.Unanswered);
        var row = Assert.Single(await _scene.AuditAsync(record.Id, "flush.measured"));
        Assert.Equal("conntrack-console, for ada", row.Who);
        Assert.Contains("33 of 55 connections reset or moved; 11 entries remain, 22 recreated.", row.Result);
        Assert.Contains("UnNated 2 → 0", row.Result);
        Assert.Contains("FromBackend 1 → 2", row.Result);
        Assert.Null(row.Details);
        Assert.Null(Monitor.Current(record.Id));
        // Its other data remains.
        var after = await _scene.RecordAsync(record.Id);
        Assert.Equal((ActionState.Completed, record.Message, 2), (after.State, after.Message, after.Nodes[0].Flush!.Deleted));
    }

    [Theory]
    [InlineData("refuses")]
    [InlineData("fails")]
    [InlineData("lies")]
    public async Task Final_ANodeWithoutFigures_IsNamed(string how)
    {
        Answer("node1", r => new FlushOutcomeSample(r.ActionId, "node1", _scene.Host.NowMs, 0, 0, 4, 4, null));
        Answer("node2", r => how switch
        {
            "refuses" => new FlushOutcomeSample(r.ActionId, "node2", 0, 99, 99, 99, 99, "The collector restarted since."),
            "lies" => new FlushOutcomeSample(r.ActionId, "node2", 0, -1, int.MaxValue, 0, 0, null),
            _ => throw new InvalidOperationException("a fault"),
        });
        var reading = await FinalAsync(await FlushedAsync());
        Assert.Equal((4, 4, 0), (reading.Clients, reading.Reconnected, reading.Left));
        Assert.StartsWith("node2: ", Assert.Single(reading.Unanswered));
        if (how == "refuses")
            Assert.Equal("node2: The collector restarted since.", reading.Unanswered[0]);
    }

    [Fact]
    public async Task Final_ANodeWithUnknownOutcome_IsNamed()
    {
        _scene.Entries["node2"] = 1;
        _scene.Nodes["node2"].Flush = _ => throw new InvalidOperationException("a fault");
        Answer("node2", _ => throw new InvalidOperationException("a fault"));
        var reading = await FinalAsync(await FlushedAsync());
        Assert.StartsWith("node2: ", Assert.Single(reading.Unanswered));
    }

    [Fact]
    public async Task NothingWasDeleted_NothingIsMeasured()
    {
        _scene.Nodes["node1"].Flush = r => new FlushResult(r.Command.ActionId, "node1", 2, 0, 2, 0, 0, 0, null, [], 3, "GG");
        var record = await FlushedAsync();
        Assert.Null(Monitor.Current(record.Id));
    }

    [Fact]
    public async Task Restart_WithinTheWindow_MeasuresOn()
    {
        var record = await FlushedAsync();
        await _scene.RestartAsync();
        await _scene.ConnectAsync("node1", n => n.Outcome = r => new FlushOutcomeSample(r.ActionId, "node1", _scene.Host.NowMs, 0, 0, 2, 2, null));
        await Eventually.TrueAsync(() => Monitor.Current(record.Id) is { Clients: 2 });
        Assert.Equal(record.StartedMs, Monitor.Current(record.Id)!.FromMs);

        var reading = await FinalAsync(record);
        Assert.Equal((2, 2), (reading.Clients, reading.Reconnected));
        Assert.Equal("node2: Node node2 has no collector connected.", Assert.Single(reading.Unanswered));
        Assert.Single(await _scene.AuditAsync(record.Id, "flush.measured"));
    }

    [Fact]
    public async Task Restart_LongAfterTheWindow_MeasuresNothing()
    {
        var record = await FlushedAsync();
        await _scene.RestartAsync(_ =>
        {
            _scene.Clock.Pass(TimeSpan.FromMinutes(3));
            return Task.CompletedTask;
        });
        Assert.Null(Monitor.Current(record.Id));
        Assert.Empty(await _scene.AuditAsync(record.Id, "flush.measured"));
    }

    [Fact]
    public async Task Restart_OutcomeIsLearntWithinTheWindow_IsMeasuredToo()
    {
        var plan = await _scene.PreviewAsync();
        await _scene.DieAsync((plan, ActionState.Running));
        foreach (var (node, entries) in _scene.Entries)
        {
            await _scene.ConnectAsync(node, n =>
            {
                n.Recall = r => new RecallAnswer(r.ActionId, node, true, Result(r.ActionId, node, entries), null);
                n.Outcome = r => new FlushOutcomeSample(r.ActionId, node, _scene.Host.NowMs, 0, 0, entries, entries, null);
            });
        }

        var record = await _scene.UntilAsync(plan.Id, ActionState.Completed);
        await Eventually.TrueAsync(() => Monitor.Current(plan.Id) is { Clients: 2 });
        Assert.Equal(2, (await FinalAsync(record)).Reconnected);
    }

    /// <summary>The live pod that a client of the dead one reaches resets it: another backend, the same Service.</summary>
    [Fact]
    public async Task Resets_ByTheNextBackend_AreCounted()
    {
        Answer("node1", r => new FlushOutcomeSample(r.ActionId, "node1", _scene.Host.NowMs, 0, 0, 1, 1, null));
        var record = await FlushedAsync();
        var reset = Frames.Reset(record.StartedMs!.Value + 1, ResetKind.NewBackend);
        var frame = Frames.Frame(1, reset.AtMs, true);
        frame.Resets.Add(reset with { Src = reset.Vip, Sport = reset.Vport, Dst = Ip.Parse("10.1.1.1"), Dport = 40_000, Backend = Ip.Parse("10.1.0.77") });
        // Those of another Service do not count.
        frame.Resets.Add(reset with { Src = Ip.Parse("10.96.0.99"), Vip = Ip.Parse("10.96.0.99"), Dst = Ip.Parse("10.1.1.2"), Backend = Ip.Parse("10.1.0.78") });
        _scene.Nodes["node1"].Send(frame);
        await Eventually.TrueAsync(() => _scene.Host.Get<TimelineStore>().ResetsOf(Ip.Parse("10.1.0.77"), new HashSet<(Ip, ushort)>(), reset.AtMs, reset.AtMs + 1).Values.Sum() == 1);

        var resets = Assert.Single((await FinalAsync(record)).Resets);
        Assert.Equal((ResetKind.NewBackend, 0, 1), (resets.Kind, resets.Before, resets.After));
    }

    private async Task ResetsAsync(ulong sequence, long atMs, params ResetKind[] kinds)
    {
        var frame = Frames.Frame(sequence, atMs, sequence == 1);
        foreach (var (kind, i) in kinds.Select((k, i) => (k, i)))
            frame.Resets.Add(Frames.Reset(atMs, kind, sport: (ushort)(40_000 + (sequence * 100) + (ulong)i)));
        _scene.Nodes["node1"].Send(frame);
        var ip = Ip.Parse(PodIp);
        await Eventually.TrueAsync(() => _scene.Host.Get<TimelineStore>().ResetsOf(ip, new HashSet<(Ip, ushort)>(), atMs, atMs + 1).Values.Sum() == kinds.Length);
    }
}
