using System.Buffers;
using System.Diagnostics;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using ConntrackConsole.Wire;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackConsole.Bench;

/// <summary>Frames of some nodes over more than four hours, stored and rolled up as the console does it: what a node-minute costs.</summary>
internal static class RollupBench
{
    private const int Nodes = 20;
    private const int Groups = 350;
    private const int Services = 100;
    private const int Backends = 1_000;
    private const int Minutes = 250;
    private const long T0 = 1_700_006_400_000; // a whole four hours

    public static void Run(Report report)
    {
        var folder = Directory.CreateTempSubdirectory("ccbench-rollup-");
        try
        {
            RunAsync(report, Path.Combine(folder.FullName, "console.db")).GetAwaiter().GetResult();
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            folder.Delete(true);
        }
    }

    private static async Task RunAsync(Report report, string file)
    {
        var databases = new Databases(file);
        await Database.OpenAsync(databases);
        var clock = new Clock { NowMs = T0 };
        var cluster = new ClusterState(clock);
        var store = new TimelineStore(cluster, clock);
        Name(cluster);
        using var blocks = new BlockArchive(databases);
        using var frames = new FrameArchive(databases, new FrameRetention(TimeSpan.FromHours(24), 2048L << 20), clock);
        var queue = new RollupQueue();
        using var worker = new RollupWorker(
            blocks, frames, queue, new NodeRollup(cluster), new ServiceRollup(blocks, store, cluster), new Retention(blocks, HistoryRetention.Default, clock), clock,
            NullLogger<RollupWorker>.Instance);
        worker.Resume();
        var nodes = Enumerable.Range(0, Nodes).Select(n => new Node(n)).ToList();
        double saveMs = 0, cpuMs = 0;
        long allocated = 0, frameBytes = 0;
        for (int minute = 0; minute < Minutes; minute++)
        {
            for (int second = 1; second <= 60; second += 10)
            {
                var batch = new List<StoredFrame>();
                for (int i = 0; i < 10; i++)
                    batch.AddRange(nodes.Select(n => n.Next(T0 + (minute * 60_000L) + ((second + i) * 1000L))));
                frameBytes += batch.Sum(f => (long)f.Bytes.Length);
                clock.NowMs = batch[^1].AtMs;
                long begun = Stopwatch.GetTimestamp();
                long firstId = frames.LastId + 1;
                frames.Save(batch);
                saveMs += Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
                queue.Stored(batch.Select(f => (f.Node, f.AtMs)), firstId, frames.LastId);
                // Each node's turn comes some time after the minute; the Services follow.
                if (second == 11 && minute > 0)
                {
                    long before = GC.GetAllocatedBytesForCurrentThread();
                    double cpu = ThreadTime.Total;
                    worker.RollUp(all: true);
                    cpuMs += (ThreadTime.Total - cpu) / 1000;
                    allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                }
            }
        }

        double nodeMinutes = Nodes * (Minutes - 1);
        report.Info("frames as received", frameBytes / (double)(Nodes * Minutes), "B", $"a node-minute: {Groups} groups of which 3 % change each second, {Nodes} nodes");
        report.Info("storing frames", saveMs / (Nodes * Minutes), "ms", "a node-minute");
        report.Info("rollup with Services and all levels, CPU", cpuMs / nodeMinutes, "ms", "a node-minute");
        report.Info("… allocated", allocated / nodeMinutes, "B", "a node-minute");
        StoredBytes.Print(report, file, Nodes * Minutes, "frames and blocks");
    }

    private static void Name(ClusterState cluster)
    {
        cluster.Apply(Enumerable.Range(0, Services).Select(s => new ServiceChange(
            new ServiceInfo($"uid-{s}", new ServiceKey("shop", $"svc-{s}"), [Vip(s)], [new ServicePort("http", Protocols.Tcp, 80, 0)]), false)));
        var random = new Random(3);
        cluster.Apply(Enumerable.Range(0, Backends).Select(i => new PodChange(
            new PodInfo(
                $"pod-{i}", "shop", $"checkout-{i % Services:x}-{(uint)random.Next():x8}-{random.Next(1 << 20):x5}", $"worker-{i % Nodes}.example.internal", "Running",
                [Ip.V4(0x0A010000u + (uint)i)], false, T0 - 3_600_000, null, null, false, null, null), false)));
    }

    private static Ip Vip(int service) => Ip.V4(0x0A600000u + (uint)service + 10);

    private sealed class Node(int number)
    {
        private readonly Random _random = new(number);
        private readonly uint[] _counts = new uint[Groups];
        private readonly GroupKey[] _keys = [.. Enumerable.Range(0, Groups).Select(i => Key(((i * 7) + number) % Backends))];
        private readonly ArrayBufferWriter<byte> _output = new();
        private readonly NodeFrame _frame = new();
        private ulong _sequence;

        public StoredFrame Next(long atMs)
        {
            _frame.Clear();
            (_frame.Sequence, _frame.AtMs, _frame.IsKey) = (++_sequence, atMs, _sequence % 60 == 1);
            for (int i = 0; i < Groups; i++)
            {
                bool changes = _sequence == 1 || _random.Next(100) < 3;
                if (changes)
                    _counts[i] = (uint)Math.Max(0, (int)_counts[i] + _random.Next(-3, 5));
                if (!changes && !_frame.IsKey)
                    continue;
                var counts = default(StateCounts);
                counts[(int)FlowState.Established] = _counts[i];
                counts[(int)FlowState.TimeWait] = (uint)(i % 10 == 0 ? _random.Next(3) : 0);
                _frame.Groups.Add(new GroupCounts(_keys[i], counts));
            }

            _output.ResetWrittenCount();
            NodeFrameCodec.Write(_frame, _output);
            return new StoredFrame($"worker-{number}.example.internal", 1, _frame.Sequence, atMs, atMs, _output.WrittenSpan.ToArray());
        }
    }

    private static GroupKey Key(int backend) =>
        new(Protocols.Tcp, Vip(backend % Services), 80, Ip.V4(0x0A010000u + (uint)backend), 8080);

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
