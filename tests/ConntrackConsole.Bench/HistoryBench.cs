using System.Buffers;
using System.Diagnostics;
using ConntrackConsole.Api.Timeline;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackConsole.Bench;

/// <summary>A day of 100 nodes and 200 Services in a real file, written as the console writes it, and queried.</summary>
internal static class HistoryBench
{
    private const int Nodes = 12;
    private const int Services = 200;
    private const int Minutes = 24 * 60;
    private const long T0 = 1_700_006_400_000; // a whole four hours

    public static void Run(Report report, int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("ccbench-history-");
        try
        {
            RunAsync(report, rounds, Path.Combine(folder.FullName, "console.db")).GetAwaiter().GetResult();
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            folder.Delete(true);
        }
    }

    private static async Task RunAsync(Report report, int rounds, string file)
    {
        var databases = new Databases(file);
        await Database.OpenAsync(databases);
        var clock = new Clock { NowMs = T0 };
        var cluster = new ClusterState(clock);
        var store = new TimelineStore(cluster, clock);
        using var blocks = new BlockArchive(databases);
        using var frames = new FrameArchive(databases, FrameRetention.Default, clock);
        var queue = new RollupQueue();
        using var folder = new RollupWorker(
            blocks, frames, queue, new NodeRollup(cluster), new ServiceRollup(blocks, store, cluster), new Retention(blocks, HistoryRetention.Default, clock), clock,
            NullLogger<RollupWorker>.Instance);
        Name(cluster);
        RollUpFrames(report, store, cluster, rounds);
        Fill(report, blocks, queue, folder, clock);
        SqliteConnection.ClearAllPools();
        report.Info("a day of it in the file", new FileInfo(file).Length / 1048576.0, "MiB", $"{Nodes} nodes, {Services} Services, all levels");
        StoredBytes.Print(report, file, Nodes * Minutes, "a day");

        // Two hours later: memory does not reach back to any of it.
        clock.NowMs = T0 + (Minutes * 60_000L) + (2 * 3_600_000L);
        await AskAsync("", new TimelineQuery(T0, T0 + (Minutes * 60_000L), 1_000, Lanes: 0), 300);
        await AskAsync(", every backend", new TimelineQuery(T0, T0 + (Minutes * 60_000L), 1_000), 300);
        await AskAsync(", as the page draws it", new TimelineQuery(T0, T0 + (Minutes * 60_000L), 1_000, Lanes: 8), null);
        await AskAsync(", one Service", new TimelineQuery(T0, T0 + (Minutes * 60_000L), 1_000, Service: "svc-7"), null);
        await AskAsync(", one node", new TimelineQuery(T0, T0 + (Minutes * 60_000L), 1_000, Node: "node-7"), null);
        await AskAsync(": an hour by 3.6 s", new TimelineQuery(T0 + 36_000_000, T0 + 39_600_000, 1_000), null);

        async Task AskAsync(string what, TimelineQuery query, double? limit)
        {
            var cold = new List<double>();
            var warm = new List<double>();
            long bytes = 0;
            string detail = "";
            for (int round = 0; round < Math.Max(5, rounds); round++)
            {
                SqliteConnection.ClearAllPools();
                using var owners = new OwnershipArchive(databases, cluster.History, clock, NullLogger<OwnershipArchive>.Instance);
                var history = new TimelineQueryService(
                    store, new StoredBlockReader(databases), new StoredFacts(databases, cluster, new RuleSyncReader(databases, store, clock)), owners, HistoryRetention.Default, queue, cluster,
                    new AnswerTurns(Environment.ProcessorCount), clock);
                (double ms, bytes, _) = await AnswerAsync(history, query);
                if (round > 0)
                    cold.Add(ms); // the first includes JIT compilation
                (ms, bytes, detail) = await AnswerAsync(history, query);
                warm.Add(ms);
            }

            if (limit is { } max)
                report.AtMost($"24 h at 1,000 columns{what}, answered as JSON", Median.Of(warm), "ms", max, detail);
            else
                report.Info($"24 h at 1,000 columns{what}".Replace("24 h at 1,000 columns:", "1,000 columns:", StringComparison.Ordinal), Median.Of(warm), "ms", detail);
            report.Info("… with fresh connections", Median.Of(cold), "ms", $"{bytes / 1048576.0:0.#} MiB of JSON");
        }
    }

    private static async Task<(double Ms, long Bytes, string Detail)> AnswerAsync(TimelineQueryService history, TimelineQuery query)
    {
        GC.Collect();
        long allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        var view = await history.QueryAsync(query, default);
        double read = watch.Elapsed.TotalMilliseconds;
        var bytes = new SharedBytes();
        TimelineJson.Write(view, bytes);
        double ms = watch.Elapsed.TotalMilliseconds;
        long length = bytes.Length;
        bytes.Release();
        int series = view.Services.Sum(s => s.Backends.Count);
        return (ms, length, $"{view.Services.Count} lanes, {series} backends: read {read:0} ms, JSON {ms - read:0} ms; {(GC.GetTotalAllocatedBytes() - allocated) / 1048576.0:0} MiB allocated");
    }

    private static void Name(ClusterState cluster) => cluster.Apply(
        Enumerable.Range(0, Services).Select(s => new ServiceChange(
            new ServiceInfo($"uid-{s}", new ServiceKey("shop", $"svc-{s}"), [Vip(s)], [new ServicePort("http", Protocols.Tcp, 80, 0)]), false)));

    // Blocks of all nodes as NodeRollup makes them, then the Services' minute and its coarser levels by the rollup worker itself.
    private static void Fill(Report report, BlockArchive blocks, RollupQueue queue, RollupWorker folder, Clock clock)
    {
        var random = new Random(1);
        var plan = new Plan(random);
        var services = new List<double>();
        var nodes = new List<double>();
        for (int minute = 0; minute < Minutes; minute++)
        {
            long atMs = T0 + (minute * 60_000L);
            plan.Next(minute, random);
            var transaction = blocks.Begin();
            for (int node = 0; node < Nodes; node++)
            {
                var block = plan.Block(node, random);
                long begun = Stopwatch.GetTimestamp();
                blocks.Put(BlockKind.Node, Level.Finest, $"node-{node}", atMs, block);
                nodes.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }

            transaction.Commit();
            transaction.Dispose();
            if (minute == 0)
                folder.Resume();
            queue.TouchServices(atMs);
            for (int node = 0; node < Nodes; node++)
                folder.Written($"node-{node}", atMs);
            clock.NowMs = atMs + 70_000;
            folder.RollUp(all: true);
            services.Add(folder.LastServicesDuration.TotalMilliseconds);
        }

        report.Info("writing a minute of a node", Median.Of(nodes), "ms", "350 groups a node, 3 % of them change each second");
        report.Info("rolling up a minute of the Services", Median.Of(services), "ms", $"{Nodes} nodes' blocks read");
    }

    private static void RollUpFrames(Report report, TimelineStore store, ClusterState cluster, int rounds)
    {
        var random = new Random(2);
        var keys = Enumerable.Range(0, 350).Select(i => Key(i % Services, i)).ToArray();
        var frames = new FrameBuffer();
        for (int second = -60; second <= 63; second++)
        {
            var frame = new NodeFrame { Sequence = (ulong)(second + 100), AtMs = T0 + (second * 1000L), IsKey = second % 60 == 0 };
            foreach (var key in keys)
            {
                if (!frame.IsKey && random.Next(100) >= 3)
                    continue;
                var counts = default(StateCounts);
                counts[(int)FlowState.Established] = (uint)random.Next(1, 30);
                frame.Groups.Add(new GroupCounts(key, counts));
            }

            var output = new ArrayBufferWriter<byte>();
            NodeFrameCodec.Write(frame, output);
            frames.Add(1, frame.Sequence, frame.AtMs, frame.AtMs, 0, output.WrittenSpan);
        }

        var rollup = new NodeRollup(cluster);
        var writer = new BlockWriter();
        var took = new List<double>();
        for (int round = 0; round < rounds + 2; round++)
        {
            var watch = Stopwatch.StartNew();
            writer.Write(rollup.RollUp("node-1", T0, frames, null).Block, null);
            if (round >= 2)
                took.Add(watch.Elapsed.TotalMilliseconds);
        }

        report.Info("rolling up a minute of a node from its frames", Median.Of(took), "ms", "350 groups");
    }

    private static Ip Vip(int service) => Ip.V4(0x0A600000u + (uint)service + 10);

    private static GroupKey Key(int service, int backend) => new(Protocols.Tcp, Vip(service), 80, Ip.V4(0x0A010000u + (uint)backend), 8080);

    /// <summary>The backends of each Service; every 12 hours or so a rollout replaces them, a few per minute.</summary>
    private sealed class Plan
    {
        private readonly List<int>[] _backends = new List<int>[Services];
        private readonly int[] _left = new int[Services];
        private readonly Dictionary<GroupKey, int>[] _entries = new Dictionary<GroupKey, int>[Nodes];
        private int _next = 1;

        public Plan(Random random)
        {
            for (int service = 0; service < Services; service++)
                _backends[service] = [.. Enumerable.Range(0, random.Next(4, 11)).Select(_ => _next++)];
            for (int node = 0; node < Nodes; node++)
                _entries[node] = [];
        }

        public void Next(int minute, Random random)
        {
            for (int service = 0; service < Services; service++)
            {
                if (minute > 0 && _left[service] == 0 && random.Next(12 * 60) == 0)
                    _left[service] = _backends[service].Count;
                if (_left[service] == 0)
                    continue;
                _left[service]--;
                int gone = _backends[service][0];
                _backends[service].RemoveAt(0);
                _backends[service].Add(_next++);
                foreach (var entries in _entries)
                    entries.Remove(Key(service, gone));
            }
        }

        // Each node has clients of a quarter of the Services.
        public Block Block(int node, Random random)
        {
            var block = new Block(60);
            block.Known.AsSpan().Fill(true);
            for (int service = node % 4; service < Services; service += 4)
            {
                foreach (int backend in _backends[service])
                {
                    var key = Key(service, backend);
                    var series = new BlockSeries(key, 60) { Pod = $"shop/svc-{service}-{backend:x8}", Owner = OwnerState.Live, State = EntryState.Active };
                    int value = _entries[node].GetValueOrDefault(key, random.Next(1, 30));
                    for (int column = 0; column < 60; column++)
                    {
                        if (random.Next(100) < 3)
                            value = Math.Max(0, value + random.Next(-3, 4));
                        series.Entries[column] = value;
                        series.Closing[column] = random.Next(100) < 1 ? 1 : 0;
                    }

                    _entries[node][key] = value;
                    block.Series.Add(series);
                }
            }

            return block;
        }
    }

    private sealed class Databases(string file) : IDbContextFactory<ConsoleDb>
    {
        public ConsoleDb CreateDbContext() => new(new DbContextOptionsBuilder<ConsoleDb>().UseSqlite($"Data Source={file}").Options);
    }

    private sealed class Clock : TimeProvider
    {
        public long NowMs { get; set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
    }
}
