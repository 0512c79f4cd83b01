using System.Buffers;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Ingest;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Ingest;

/// <summary>What a frame costs from its arrival to its acknowledgement, besides its own bytes.</summary>
public sealed class IntakeAllocationTests : IDisposable
{
    private const long T0 = 1_700_000_040_000;
    private const int Nodes = 100;
    private const int Groups = 350;
    private const int ChangesPerSecond = 11;
    private const int SecondsBetweenKeys = 60;
    private const int SecondsBetweenResets = 20;
    private const int MaxBytes = 1_200;

    private readonly TestDatabase _database = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
    private readonly FrameInbox _inbox = new();
    private readonly FrameArchive _frames;
    private readonly FrameApplier _applier;
    private readonly RecordingHub _hub = new();
    private readonly uint[,] _established = new uint[Nodes, Groups];

    public IntakeAllocationTests()
    {
        var cluster = new ClusterState(_clock);
        var store = new TimelineStore(cluster, _clock);
        var registry = new CollectorRegistry(cluster);
        for (int node = 0; node < Nodes; node++)
            Assert.True(registry.Register(Hello($"node{node}"), $"c{node}", () => { }).Accepted);
        _frames = new FrameArchive(_database, FrameRetention.Default, _clock);
        _applier = new FrameApplier(
            _inbox, store, _frames, new TimelineReplay(_frames, store, _clock), new RollupQueue(), registry, _hub, _clock, NullLogger<FrameApplier>.Instance);
    }

    public void Dispose()
    {
        _applier.Dispose();
        _frames.Dispose();
        _database.Dispose();
    }

    /// <summary>
    /// Frames of many nodes with 350 groups of which 3 % change a second, a key frame in sixty, a reset every twenty seconds, counters and
    /// kube-proxy. Only the intake's thread is counted, because other tests allocate at the same time; without them the whole process allocates
    /// the same.
    /// </summary>
    [Fact]
    public async Task Frame_FromTheInboxToItsAcknowledgement_AllocatesLittle()
    {
        await ConntrackConsole.Storage.Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        // Each group has changed once: the first change of a group allocates its steps, and no later one needs as much.
        const int warmUp = (Groups / ChangesPerSecond) + 4, seconds = SecondsBetweenKeys;
        for (int second = 0; second < warmUp; second++)
            await SecondAsync(second);
        long bytes = 0;
        for (int second = warmUp; second < warmUp + seconds; second++)
            bytes += await SecondAsync(second);
        Assert.Equal((warmUp + seconds) * Nodes, _hub.Acknowledged);
        Assert.InRange(bytes / (double)(seconds * Nodes), 1, MaxBytes);
    }

    private async Task<long> SecondAsync(int second)
    {
        for (int node = 0; node < Nodes; node++)
            await _inbox.PutAsync(new ReceivedFrame($"node{node}", 1, FrameOf(node, second)), TestContext.Current.CancellationToken);
        _clock.SetUtcNow(DateTimeOffset.FromUnixTimeMilliseconds(T0 + (second * 1_000) + 100));
        long before = GC.GetAllocatedBytesForCurrentThread();
        _applier.Take();
        _applier.Commit();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private byte[] FrameOf(int node, int second)
    {
        bool isKey = second == 0 || (second + node) % SecondsBetweenKeys == 0;
        var changed = Enumerable.Range(second * ChangesPerSecond, ChangesPerSecond).Select(i => i % Groups).ToList();
        foreach (int group in changed)
            _established[node, group] = (uint)(1 + (second % 7));
        var groups = (isKey ? Enumerable.Range(0, Groups) : changed).Select(i => (KeyOf(node, i), _established[node, i], 0u)).ToArray();
        var frame = Frame((ulong)second + 1, T0 + (second * 1_000), isKey, groups);
        if (second % 2 == 0)
            frame.Proxy = new ProxyReading(frame.AtMs, true, ProxyMode.Iptables, 200, 1, frame.AtMs / 1_000.0, frame.AtMs / 1_000.0, 0.12, 1, 0, 0, 0, 0, 0, 0);
        if ((second + node) % SecondsBetweenResets == 0)
        {
            var key = KeyOf(node, second % Groups);
            frame.Resets.Add(new Reset(
                frame.AtMs - 500, ResetKind.FromBackend, key.Backend, key.Bport, Ip.Parse($"10.250.0.{node}"), (ushort)(40_000 + second), key.Vip, key.Vport,
                key.Backend, key.Bport, 0, Received: false));
        }

        var bytes = new ArrayBufferWriter<byte>();
        NodeFrameCodec.Write(frame, bytes);
        return bytes.WrittenSpan.ToArray();
    }

    private static GroupKey KeyOf(int node, int group) => Key($"10.{node}.{group / 250}.{group % 250}");

    private sealed class RecordingHub : IHubContext<CollectorHub>, IHubClients, ISingleClientProxy
    {
        public long Acknowledged { get; private set; }

        public IHubClients Clients => this;

        public IGroupManager Groups => throw new NotSupportedException();

        public IClientProxy All => this;

        public IClientProxy Client(string connectionId) => this;

        public IClientProxy AllExcept(IReadOnlyList<string> excludedConnectionIds) => this;

        IClientProxy IHubClients<IClientProxy>.Clients(IReadOnlyList<string> connectionIds) => this;

        public IClientProxy Group(string groupName) => this;

        IClientProxy IHubClients<IClientProxy>.Groups(IReadOnlyList<string> groupNames) => this;

        public IClientProxy GroupExcept(string groupName, IReadOnlyList<string> excludedConnectionIds) => this;

        public IClientProxy User(string userId) => this;

        public IClientProxy Users(IReadOnlyList<string> userIds) => this;

        ISingleClientProxy IHubClients.Client(string connectionId) => this;

        public Task SendCoreAsync(string method, object?[] args, CancellationToken cancellationToken = default)
        {
            foreach (var range in ((StoredRanges)args[0]!).Ranges)
                Acknowledged += (long)(range.To - range.From) + 1;
            return Task.CompletedTask;
        }

        public Task<T> InvokeCoreAsync<T>(string method, object?[] args, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
