using System.Buffers;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Nodes;
using ConntrackConsole.Ownership;
using ConntrackConsole.Tests.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.Rollup;

/// <summary>The components of the timeline on a real file, without a host: frames in, rollups when the test requests them.</summary>
internal sealed class TimelineFixture : IDisposable
{
    public const long T0 = 1_700_000_040_000; // a whole minute
    private readonly bool _ownsDatabase;

    private TimelineFixture(TestDatabase database, FakeTimeProvider clock, HistoryRetention keep, bool ownsDatabase)
    {
        (Database, Clock, _ownsDatabase) = (database, clock, ownsDatabase);
        Cluster = new ClusterState(clock);
        Store = new TimelineStore(Cluster, clock, syncs: Syncs);
        Owners = new OwnershipArchive(database, Cluster.History, clock, NullLogger<OwnershipArchive>.Instance);
        Owners.LoadAsync(CancellationToken.None).GetAwaiter().GetResult();
        Frames = new FrameArchive(database, FrameRetention.Default, clock);
        Blocks = new BlockArchive(database);
        Queue = new RollupQueue();
        Retention = new Retention(Blocks, keep, clock);
        Worker = new RollupWorker(
            Blocks, Frames, Queue, new NodeRollup(Cluster), new ServiceRollup(Blocks, Store, Cluster), Retention, clock, NullLogger<RollupWorker>.Instance);
        History = new TimelineQueryService(Store, new StoredBlockReader(database), new StoredFacts(database, Cluster, new RuleSyncReader(database, Store, clock)), Owners, keep, Queue, Cluster, new AnswerTurns(Environment.ProcessorCount), clock);
    }

    public TestDatabase Database { get; }
    public FakeTimeProvider Clock { get; }
    public ClusterState Cluster { get; }
    public SyncLog Syncs { get; } = new();
    public TimelineStore Store { get; }
    public OwnershipArchive Owners { get; }
    public FrameArchive Frames { get; }
    public BlockArchive Blocks { get; }
    public RollupQueue Queue { get; }
    public Retention Retention { get; }
    public RollupWorker Worker { get; }
    public TimelineQueryService History { get; }

    public static async Task<TimelineFixture> StartAsync(HistoryRetention? keep = null)
    {
        var database = new TestDatabase();
        await ConntrackConsole.Storage.Database.OpenAsync(database, TestContext.Current.CancellationToken);
        return new TimelineFixture(database, new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(T0)), keep ?? HistoryRetention.Default, true);
    }

    /// <summary>Simulates a kill and a start on the same file.</summary>
    /// <param name="prepare">What the console knows about the cluster before it reads its frames.</param>
    public TimelineFixture Restart(Action<ClusterState>? prepare = null)
    {
        if (Cluster.HasCluster)
            Cluster.Confirm(Clock.GetUtcNow().ToUnixTimeMilliseconds());
        Owners.SaveAsync(CancellationToken.None).GetAwaiter().GetResult();
        Owners.Dispose();
        Frames.Dispose();
        Blocks.Dispose();
        var again = new TimelineFixture(Database, Clock, HistoryRetention.Default, false);
        prepare?.Invoke(again.Cluster);
        new TimelineReplay(again.Frames, again.Store, Clock).All();
        again.Worker.Resume();
        return again;
    }

    /// <summary>Receives a frame: applies and stores it, at its own time or, if that has passed, now.</summary>
    public void Take(string node, NodeFrame frame, long run = 1)
    {
        if (frame.AtMs > Clock.GetUtcNow().ToUnixTimeMilliseconds())
            Clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(frame.AtMs));
        var bytes = new ArrayBufferWriter<byte>();
        NodeFrameCodec.Write(frame, bytes);
        Store.Apply(node, run, frame);
        long firstId = Frames.LastId + 1;
        bool isNew = Frames.Save([new StoredFrame(node, run, frame.Sequence, frame.AtMs, Clock.GetUtcNow().ToUnixTimeMilliseconds(), bytes.WrittenSpan.ToArray())])[0];
        if (isNew)
            Queue.Stored([(node, frame.AtMs)], firstId, Frames.LastId);
    }

    public void At(long afterMs) => Clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + afterMs));

    /// <summary>Rolls up at a time at which the intervals of all levels have ended that contain the first minutes.</summary>
    public void CloseLevels()
    {
        At(2 * 3_600_000L);
        Worker.RollUp(all: true);
    }

    public Task<TimelineView> QueryAsync(long fromMs, long toMs, int columns, string? node = null, string? service = null) =>
        History.QueryAsync(new TimelineQuery(T0 + fromMs, T0 + toMs, columns, null, service, node), TestContext.Current.CancellationToken);

    public void Dispose()
    {
        Owners.Dispose();
        Frames.Dispose();
        Blocks.Dispose();
        if (_ownsDatabase)
            Database.Dispose();
    }
}
