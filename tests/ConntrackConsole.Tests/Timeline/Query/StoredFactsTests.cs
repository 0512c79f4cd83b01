using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Tests.Timeline.Rollup;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Timeline.Query;

/// <summary>Windows of facts that are no longer in memory, or that an earlier run saw.</summary>
public sealed class StoredFactsTests : IAsyncLifetime
{
    private const long Hours = 3_600_000;

    private static readonly Termination Ended = new(
        "u1", "shop", "checkout-1", Ip.Parse("10.1.0.5"), "node1", new ServiceKey("shop", "checkout"), T0 + 60_000, T0 + 60_100, T0 + 64_000, T0 + 64_000, 0, T0 + 65_000)
    {
        GraceSeconds = 30, EndpointNotReadyMs = T0 + 60_100, Cause = TerminationCause.Rollout,
    };

    private TimelineFixture _console = null!;

    public async ValueTask InitializeAsync() => _console = await StartAsync();

    public ValueTask DisposeAsync()
    {
        _console.Dispose();
        return default;
    }

    [Theory]
    [InlineData(300_000)]
    [InlineData(2 * Hours)]
    public async Task Terminations_OfAnEarlierRun_HaveTheSyncsOfTheirRules(long nowMs)
    {
        await SaveAsync(TerminationMapper.Row(Ended), Sync("node1", 59_000), Sync("node1", 60_500), Sync("node1", 70_000), Sync("node2", 61_000));
        foreach (long atMs in (long[])[59_000, 60_500, 70_000])
            _console.Syncs.Restore([("node1", new RulesSync(T0 + atMs, T0 + atMs - 50, T0 + atMs, 0))]);
        _console.Syncs.Restore([("node2", new RulesSync(T0 + 61_000, T0 + 60_950, T0 + 61_000, 0))]);
        _console.At(nowMs);
        using var again = _console.Restart(cluster => cluster.Watching());
        foreach (long atMs in (long[])[59_000, 60_500, 70_000])
            again.Syncs.Restore([("node1", new RulesSync(T0 + atMs, T0 + atMs - 50, T0 + atMs, 0))]);
        again.Syncs.Restore([("node2", new RulesSync(T0 + 61_000, T0 + 60_950, T0 + 61_000, 0))]);
        again.Store.Connected(Frames.Hello("node1"));
        again.Store.Connected(Frames.Hello("node2"));

        var span = Assert.Single((await again.QueryAsync(0, 120_000, 120)).Terminations);
        Assert.Equal([new NodeSync("node1", T0 + 60_500), new NodeSync("node2", T0 + 61_000)], span.Synced);
        Assert.False(span.SyncsOmitted);
    }

    [Fact]
    public async Task Rollouts_Abandoned_AreOnlyInWindowsUntilTheirEnd()
    {
        var abandoned = new Rollout("d1/2", WorkloadKind.Deployment, "d1", "shop", "checkout", "2", "1", T0 + 10_000, null, null, null) { AbandonedMs = T0 + 60_000 };
        await SaveAsync(TerminationMapper.Row(abandoned));
        _console.At(2 * Hours);
        Assert.Single((await _console.QueryAsync(0, 50_000, 50)).Rollouts);
        Assert.Empty((await _console.QueryAsync(120_000, 240_000, 120)).Rollouts);
    }

    [Fact]
    public async Task Restarts_OfAnEarlierRun_AreInTheWindowOfTheirTime()
    {
        var restart = new PodRestart("u1", "shop", "checkout-1", "node1", new ServiceKey("shop", "checkout"), "app", 2, T0 + 60_000, 137, "OOMKilled");
        await SaveAsync(TerminationMapper.Row(restart));
        _console.At(2 * Hours);

        var found = Assert.Single((await _console.QueryAsync(0, 120_000, 120)).Restarts);
        Assert.Equal(("checkout-1", 2, T0 + 60_000, 137, "OOMKilled"), (found.Pod, found.Count, found.AtMs, found.ExitCode, found.Reason));
        Assert.Empty((await _console.QueryAsync(120_000, 240_000, 120)).Restarts);
    }

    [Fact]
    public async Task Terminations_KeptAfterTheirEnd_AreOnlyInWindowsUntilThen()
    {
        await SaveAsync(TerminationMapper.Row(Ended with
        {
            DeletionRequestedMs = T0 + 60_000, EndpointNotReadyMs = null, EndpointTerminatingMs = null, EndpointRemovedMs = null, ContainerFinishedMs = T0 + 60_000, DeletedMs = null,
            GraceSeconds = null, Cause = TerminationCause.Completion,
        }));
        _console.At(2 * Hours);
        Assert.Single((await _console.QueryAsync(0, 120_000, 120)).Terminations);
        Assert.Empty((await _console.QueryAsync(120_000, 240_000, 120)).Terminations);
    }

    private async Task SaveAsync(params object[] rows)
    {
        await using var db = _console.Database.CreateDbContext();
        foreach (object row in rows)
            db.Add(row);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    private static SyncRow Sync(string node, long atMs) => new() { Node = node, AtMs = T0 + atMs, CoversMs = T0 + atMs - 50, SeenMs = T0 + atMs, SyncP99 = 0 };
}
