using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Storage;
using ConntrackConsole.Tests.Timeline;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Ownership;

public sealed class OwnershipArchiveTests : IAsyncLifetime, IDisposable
{
    private static readonly Ip PodIp = Ip.Parse("10.1.0.5");
    private static readonly PodInfo A = Pod("a", "10.1.0.5");
    private static readonly NodeChange NodeUp = new(Node("node1", "192.168.0.1"), false);

    private readonly TestDatabase _database = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(10_000));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await Database.OpenAsync(_database, Ct);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Load_AfterSave_RestoresTheHistory()
    {
        var (cluster, archive) = await StartAsync();
        Apply(cluster, 10_000, NodeUp);
        cluster.Confirm(10_000);
        var service = Service() with
        {
            ClusterIps = [Ip.Parse(Vip), Ip.Parse("fd00:96::a")], OtherIps = [Ip.Parse("203.0.113.7")],
            Ports = [new("ht tp/1", Protocols.Tcp, 80, 30080) { TargetPortName = "we b/2" }, new(null, Protocols.Udp, 53, 0) { TargetPort = 5353 }],
        };
        Apply(cluster, 20_000, new PodChange(A, false), new ServiceChange(service, false), new SliceChange(Slice(Ready(A)), false));
        await archive.SaveAsync(Ct);
        Apply(cluster, 30_000, new PodChange(A.Terminating(30_000), false), new SliceChange(Slice(Draining(A)), false));
        Apply(cluster, 40_000, new PodChange(A, true), new SliceChange(Slice(), false), new ServiceChange(service, true));
        cluster.Confirm(50_000);
        await archive.SaveAsync(Ct);

        var (again, _) = await StartAsync();
        var history = again.History;
        Assert.Equal(OwnerState.Live, history.OwnerAt(PodIp, 29_999)!.State);
        Assert.Equal(("a", "shop/checkout-a", "node1", OwnerState.Terminating), history.OwnerAt(PodIp, 30_000) is { } o ? (o.PodUid, o.FullName, o.Node, o.State) : default);
        Assert.Equal(OwnerState.Gone, history.OwnershipAt(PodIp, 40_000).State);
        var span = history.ServiceAt(Protocols.Udp, Ip.Parse("fd00:96::a"), 53, 20_000)!;
        Assert.Equal((Checkout, "svc"), (span.Key, span.Uid));
        Assert.Equal(service.Ports, span.Ports);
        Assert.NotNull(history.ServiceAt(Protocols.Tcp, Ip.Parse("203.0.113.7"), 80, 20_000));
        Assert.Null(history.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80, 40_000));
        Assert.True(history.EndpointAt(Checkout, PodIp, 20_000)!.Ready);
        Assert.True(history.EndpointAt(Checkout, PodIp, 30_000)!.Terminating);
        Assert.Equal(EntryState.Stale, EntryStateClassifier.At(history, Frames.Group, 50_000));
    }

    [Fact]
    public async Task Load_BeforeTheFirstList_NamesAreLastKnownAndStatesUnknown()
    {
        var (cluster, archive) = await StartAsync();
        Apply(cluster, 10_000, NodeUp, new PodChange(A, false), new ServiceChange(Service(), false), new SliceChange(Slice(Ready(A)), false));
        cluster.Confirm(10_000);
        cluster.Confirm(40_000);
        await archive.SaveAsync(Ct);
        var history = (await StartAsync()).Cluster.History;
        Assert.Equal(EntryState.Active, EntryStateClassifier.At(history, Frames.Group, 40_000));
        Assert.Equal(EntryState.Unknown, EntryStateClassifier.At(history, Frames.Group, 40_001));
        Assert.Equal((OwnerState.Unknown, "shop/checkout-a"), history.OwnershipAt(PodIp, 60_000) is var o ? (o.State, o.Name!) : default);
    }

    [Fact]
    public async Task Begin_AfterACrash_ContinuesOpenSpansAndEndsTheRestWhenLastKnown()
    {
        var (cluster, archive) = await StartAsync();
        var b = Pod("b", "10.1.0.6");
        Apply(cluster, 10_000, NodeUp, new PodChange(A, false), new PodChange(b, false), new ServiceChange(Service(), false), new SliceChange(Slice(Ready(A), Ready(b)), false));
        cluster.Confirm(10_000);
        cluster.Confirm(60_000);
        await archive.SaveAsync(Ct);

        // After a crash and restart b is deleted, and another pod has its address.
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(90_000));
        var (again, next) = await StartAsync();
        var heir = Pod("c", "10.1.0.6", createdMs: 75_000);
        Apply(again, 90_000, NodeUp, new PodChange(A, false), new PodChange(heir, false), new ServiceChange(Service(), false), new SliceChange(Slice(Ready(A)), false));
        again.Confirm(90_000);
        await next.SaveAsync(Ct);

        foreach (var history in (OwnershipHistory[])[again.History, (await StartAsync()).Cluster.History])
        {
            var continued = history.OwnerAt(PodIp, 95_000)!;
            Assert.Equal((1_000, null, Unseen.Begin), (continued.FromMs, continued.ToMs, continued.Unseen));
            var ended = history.OwnerAt(b.Ip, 59_999)!;
            Assert.Equal((60_000, Unseen.Begin | Unseen.End), (ended.ToMs!.Value, ended.Unseen));
            Assert.Null(history.OwnerAt(b.Ip, 70_000));
            var began = history.OwnerAt(b.Ip, 75_000)!;
            Assert.Equal(("c", 75_000, Unseen.Begin), (began.PodUid, began.FromMs, began.Unseen));
            Assert.Equal(60_000, history.LastEndpointUntil(Checkout, b.Ip, 95_000)!.ToMs);
            Assert.Null(history.EndpointAt(Checkout, PodIp, 95_000)!.ToMs);
            Assert.Null(history.ServiceAt(Checkout, 95_000)!.ToMs);
        }
    }

    [Fact]
    public async Task Begin_UnaddressedPodsDeletedMeanwhile_HaveTerminations()
    {
        var (cluster, archive) = await StartAsync();
        var waits = Pod("w", "10.1.0.7") with { Ips = [], Node = "" };
        var placed = Pod("p", "10.1.0.8") with { Ips = [], Node = "" };
        var stays = Pod("s", "10.1.0.9") with { Ips = [] };
        var onHost = Pod("h", "192.168.0.1") with { HostNetwork = true };
        var done = Pod("d", "10.1.0.10") with { Ips = [], Phase = "Succeeded", ContainersEnded = true, FinishedMs = 9_000 };
        Apply(cluster, 10_000, NodeUp, new PodChange(waits, false), new PodChange(onHost, false));
        cluster.Confirm(10_000);
        Apply(cluster, 20_000, new PodChange(placed, false), new PodChange(stays, false), new PodChange(done, false), new PodChange(done, true));
        await archive.SaveAsync(Ct);
        Apply(cluster, 30_000, new PodChange(placed with { Node = "node1" }, false), new PodChange(A with { Ips = [] }, false));
        Apply(cluster, 40_000, new PodChange(A, false));
        cluster.Confirm(60_000);
        await archive.SaveAsync(Ct);

        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(90_000));
        var (again, next) = await StartAsync();
        Apply(again, 90_000, NodeUp, new PodChange(A, false), new PodChange(stays, false));
        again.Confirm(90_000);
        await next.SaveAsync(Ct);
        var ends = again.Terminations.OrderBy(t => t.Uid).ToList();
        Assert.Equal([("h", "checkout-h", "node1"), ("p", "checkout-p", "node1"), ("w", "checkout-w", "")], ends.Select(t => (t.Uid, t.Pod, t.Node)));
        Assert.All(ends, t => Assert.Equal((90_000, new TimeRange(58_000, 90_000), TerminationCause.Unknown), (t.DeletedMs!.Value, t.Unwatched!.Value, t.Cause)));

        // Reported once: the next run finds only the pod that is still pending.
        var (third, _) = await StartAsync();
        Apply(third, 95_000, NodeUp, new PodChange(A, false));
        third.Confirm(95_000);
        Assert.Equal("s", Assert.Single(third.Terminations).Uid);
    }

    [Fact]
    public async Task Load_WindowOlderThanMemory_IsReadFromTheDatabase()
    {
        var (cluster, archive) = await StartAsync();
        cluster.Confirm(10_000);
        Apply(cluster, 20_000, NodeUp, new PodChange(A, false), new ServiceChange(Service(), false), new SliceChange(Slice(Ready(A)), false));
        Apply(cluster, 30_000, new PodChange(A, true));
        cluster.Confirm(70_000);
        await archive.SaveAsync(Ct);
        Assert.Same(cluster.History, await archive.LoadAsync(0, 1, Ct));

        // As if everything was dropped from memory.
        cluster.History.CompleteOnlySince(long.MaxValue);
        var window = await archive.LoadAsync(25_000, 26_000, Ct);
        Assert.Equal("a", window.OwnerAt(PodIp, 25_000)!.PodUid);
        Assert.Equal(Checkout, window.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80, 25_000)!.Key);
        Assert.Equal(EntryState.Active, EntryStateClassifier.At(window, Frames.Group, 25_000));
        // A window after its end still has its last owner.
        var later = await archive.LoadAsync(50_000, 60_000, Ct);
        Assert.Equal((OwnerState.Gone, "shop/checkout-a"), later.OwnershipAt(PodIp, 55_000) is var o ? (o.State, o.Name!) : default);
        Assert.Equal(EntryState.Stale, EntryStateClassifier.At(later, Frames.Group, 55_000));
        Assert.Equal(OwnerState.Unknown, (await archive.LoadAsync(1_000, 2_000, Ct)).OwnershipAt(PodIp, 1_500).State);
    }

    [Fact]
    public async Task Retention_EndedSpans_AreDeletedExceptInPinnedWindows()
    {
        var (cluster, archive) = await StartAsync();
        cluster.Confirm(10_000);
        for (int i = 0; i < 3; i++)
        {
            var pod = Pod($"p{i}", $"10.1.0.{i + 1}");
            Apply(cluster, 20_000 + (i * 10_000), NodeUp, new PodChange(pod, false));
            Apply(cluster, 25_000 + (i * 10_000), new PodChange(pod, true));
        }

        cluster.Confirm(60_000);
        await archive.SaveAsync(Ct);
        await using (var db = _database.CreateDbContext())
        {
            db.Pins.Add(new PinRow { FromMs = 22_000, ToMs = 23_000, Reason = "an incident", CreatedMs = 1 });
            await db.SaveChangesAsync(Ct);
        }

        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(100_000));
        using var blocks = new BlockArchive(_database);
        var retention = new Retention(blocks, HistoryRetention.Default with { Rows = TimeSpan.FromSeconds(60) }, _clock);
        Assert.Equal(1, Enumerable.Range(0, 20).Sum(_ => retention.Portion()));
        await using var left = _database.CreateDbContext();
        Assert.Equal(["p0", "p2"], await left.Owners.Where(o => o.PodUid != "").OrderBy(o => o.FromMs).Select(o => o.PodUid).ToListAsync(Ct));
        Assert.Equal(1, await left.Owners.CountAsync(o => o.ToMs == null, Ct));
    }

    [Fact]
    public async Task Save_DatabaseNotWritable_RetriesWithoutLoss()
    {
        var (cluster, archive) = await StartAsync();
        cluster.Confirm(10_000);
        Apply(cluster, 20_000, NodeUp, new PodChange(A, false));
        await _database.ExecuteAsync("ALTER TABLE Owners RENAME TO Away");
        await Assert.ThrowsAsync<Microsoft.Data.Sqlite.SqliteException>(() => archive.SaveAsync(Ct));
        await _database.ExecuteAsync("ALTER TABLE Away RENAME TO Owners");
        await archive.SaveAsync(Ct);
        Assert.Equal("a", (await StartAsync()).Cluster.History.OwnerAt(PodIp, 20_000)!.PodUid);
    }

    [Fact]
    public async Task Load_InvalidRows_AreSkipped()
    {
        await _database.ExecuteAsync("INSERT INTO Owners (Ip, PodUid, FullName, Node, FromMs, State, Unseen) VALUES ('nonsense', 'u', 'a/b', 'n', 1, 1, 0)");
        await _database.ExecuteAsync("INSERT INTO ServiceSpans (Namespace, Name, Uid, Vips, Ports, FromMs, Unseen) VALUES ('shop', 'checkout', 'u', '10.96.0.10 x', '6/80/0/http/web 6/80 999/1/1/1/1 ', 1, 0)");
        var (cluster, _) = await StartAsync();
        Assert.Equal("web", Assert.Single(cluster.History.ServiceAt(Protocols.Tcp, Ip.Parse(Vip), 80, 5)!.Ports).Name);
    }

    private async Task<(ClusterState Cluster, OwnershipArchive Archive)> StartAsync()
    {
        var cluster = new ClusterState(_clock);
        var archive = new OwnershipArchive(_database, cluster.History, _clock, NullLogger<OwnershipArchive>.Instance);
        await archive.LoadAsync(Ct);
        return (cluster, archive);
    }

    private void Apply(ClusterState cluster, long atMs, params ClusterChange[] changes)
    {
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(atMs));
        cluster.Apply(changes);
    }
}
