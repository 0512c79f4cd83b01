using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Nodes;

public class SyncLogTests
{
    private const long Now = 1_800_000_000_000;

    private readonly SyncLog _syncs = new();

    [Fact]
    public void After_SyncStartedAfterTheChange_IsTheFirstOne()
    {
        Read(2.0, sync: 1.4, queued: 1.1);
        Read(4.0, sync: 3.6, queued: 3.2);
        Read(6.0, sync: 5.5, queued: 5.2);
        Assert.Equal(At(3.6), After(3.0).AtMs);
    }

    [Fact]
    public void After_SyncAlreadyRunning_DoesNotCount()
    {
        // It ended after the change but started before it: changes queued in between wait for the next sync.
        Read(3.2, sync: 3.1, queued: 3.15, p99: 0.6);
        Assert.Equal((null, null), After(3.05) is var s ? (s.AtMs, s.Unknown) : default);
        Read(6.0, sync: 4.2, queued: 3.15, p99: 0.6);
        Assert.Equal(At(4.2), After(3.05).AtMs);
    }

    [Fact]
    public void After_OnlyChangeOnAnIdleCluster_IsCoveredByItsQueuedSync()
    {
        // p99 covers the whole run of kube-proxy: based on it alone a quick sync would never count.
        Read(3.2, sync: 3.1, queued: 3.02, p99: 5);
        Assert.Null(After(3.0).AtMs);
        Read(9.0, sync: 3.1, queued: 3.02, p99: 5);
        Assert.Equal(At(3.1), After(3.0).AtMs);
    }

    [Fact]
    public void After_PendingChanges_AreNotCovered()
    {
        Read(9.0, sync: 3.1, queued: 3.02, p99: 5, pending: 1);
        Assert.Null(After(3.0).AtMs);
    }

    [Theory]
    // First reported with a pending change; then, during the next sync, no longer, although that sync has not ended.
    [InlineData(new double[] { 1 })]
    [InlineData(new double[] { 1, 0 })]
    public void After_PendingChange_IsInTheNextSync(double[] pending)
    {
        // Received by kube-proxy at 3.136, just after its sync started; by the console at 3.142.
        for (int i = 0; i < pending.Length; i++)
            Read(3.3 + i, sync: 3.17, queued: 3.136, p99: 0.038, pending: pending[i]);
        Assert.Null(_syncs.After("n", At(3.142), At(5)).AtMs);
        // Changes received before the sync started are included.
        Assert.Equal(At(3.17), _syncs.After("n", At(3.130), At(5)).AtMs);
        Read(6, sync: 4.4, queued: 3.136, p99: 0.038);
        Assert.Equal(At(4.4), _syncs.After("n", At(3.142), At(6)).AtMs);
    }

    [Fact]
    public void After_NodeClockOffset_IsConverted()
    {
        _syncs.Add("n", Reading(2.0 - 100, 1.4 - 100, 1.1 - 100, 0.1, 0), 100_000, At(2));
        Assert.Equal(At(1.4), After(1.0).AtMs);
    }

    [Fact]
    public void After_NoCollectorOrNoResponse_GivesTheReason()
    {
        Assert.Contains("No collector", After(1).Unknown);
        _syncs.Add("n", Reading(1, double.NaN, double.NaN, double.NaN, double.NaN) with { Answers = false }, 0, At(1));
        Assert.Contains("does not respond", After(1).Unknown);
    }

    [Fact]
    public void After_CollectorStartedLater_DoesNotReturnItsFirstSync()
    {
        Read(300, sync: 299, queued: 298);
        Assert.Contains("at that time", After(1).Unknown);
    }

    [Fact]
    public void After_NoRecentReading_IsUnknown()
    {
        Read(2.0, sync: 1.4, queued: 1.1);
        Assert.Null(_syncs.After("n", At(5), At(6)).Unknown);
        Assert.Contains("since", _syncs.After("n", At(5), At(60)).Unknown);
    }

    [Fact]
    public void Add_LateAndTwice_KeepsTheOrderAndSavesOnlyChanges()
    {
        Read(6.0, sync: 5.5, queued: 5.2);
        Read(2.0, sync: 1.4, queued: 1.1);
        Assert.Equal(At(1.4), After(1.0).AtMs);
        Assert.Equal(2, _syncs.DrainDirty().Count);
        Read(6.0, sync: 5.5, queued: 5.2);
        Assert.Empty(_syncs.DrainDirty());
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1e300)]
    [InlineData(double.PositiveInfinity)]
    public void Add_InvalidTimes_AreSkipped(double sync)
    {
        _syncs.Add("n", Reading(2, 0, 0, 0.1, 0) with { LastSync = sync }, 0, At(2));
        Assert.Empty(_syncs.DrainDirty());
    }

    [Fact]
    public void Add_ManySyncs_StaysBounded()
    {
        for (int i = 0; i < SyncLog.Max + 100; i++)
            Read(i + 0.5, sync: i, queued: i - 0.1);
        Assert.Equal(At(SyncLog.Max + 50), After(SyncLog.Max + 49.5).AtMs);
        Assert.NotNull(_syncs.After("n", At(10), At(SyncLog.Max + 100)).Unknown);
    }

    [Fact]
    public void Unsaved_TooMany_LosesTheOldest()
    {
        _syncs.Requeue(Enumerable.Range(0, SyncLog.MaxUnsaved + 10_000).Select(i => ("n", new RulesSync(Now + i, Now + i, Now + i, 0))));
        long lost = _syncs.Lost;
        Assert.InRange(lost, 10_000, SyncLog.MaxUnsaved / 2);
        var kept = _syncs.DrainDirty();
        Assert.Equal((SyncLog.MaxUnsaved + 10_000 - lost, Now + lost), (kept.Count, kept.Min(s => s.Sync.AtMs)));
    }

    [Fact]
    public void After_BoundedChangeOnAnIdleNode_IsUnknownNotMissing()
    {
        Read(10.5, sync: 10, queued: 9.8);
        // Not observed between 5 and 20: the sync at 10 may have had it.
        Assert.True(_syncs.After("n", At(20), At(21), At(5)) is { AtMs: null, Unknown: not null });
        // Certainly none: the last sync was before the whole range.
        Assert.True(_syncs.After("n", At(20), At(21), At(12)) is { AtMs: null, Unknown: null });
        Assert.True(_syncs.After("n", At(20), At(21)) is { AtMs: null, Unknown: null });
        Read(22.5, sync: 22, queued: 21.5);
        Assert.Equal(At(22), _syncs.After("n", At(20), At(23), At(5)).AtMs);
    }

    private NodeSync After(double seconds) => _syncs.After("n", At(seconds), At(seconds));

    private void Read(double at, double sync, double queued, double p99 = 0.1, double pending = 0) =>
        _syncs.Add("n", Reading(at, sync, queued, p99, pending), 0, At(at));

    private static long At(double seconds) => Now + (long)Math.Round(seconds * 1000);

    private static ProxyReading Reading(double at, double sync, double queued, double p99, double pending) => new(
        At(at), true, ProxyMode.Nftables, 200, Now / 1000.0, (Now / 1000.0) + sync + 0.0001, (Now / 1000.0) + queued + 0.0001, p99, 0, pending, 0, 0, 0, 0, 0);
}
