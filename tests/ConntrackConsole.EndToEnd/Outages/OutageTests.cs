using System.Diagnostics;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.Data.Sqlite;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.EndToEnd.Outages;

/// <summary>kill -9 of either side: nothing acknowledged is lost, and every loss is a gap.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private const string Node = "node1";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-out-");
    private readonly NetworkNamespace _inside = NetworkNamespace.Create($"ccout-{Guid.NewGuid():n}"[..15]);
    private readonly List<Process> _running = [];

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _running)
            await OutageProcesses.KillAsync(process);
        _inside.Dispose();
        NetworkNamespace.Delete(_inside.Name);
        SqliteConnection.ClearAllPools();
        if (Directory.Exists(_folder.FullName))
            _folder.Delete(true);
    }

    [Fact]
    public async Task Console_KilledDuringIngest_HasEveryAcknowledgedFrame()
    {
        var console = await ConsoleAsync();
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var collector = new TestCollector(Node, "http://localhost", ConsoleHost.Token, Path.Combine(_folder.FullName, "c.sock"));
        await collector.ConnectAsync();
        ulong sent = 0;
        while (collector.StoredOf(1).Count < 300)
        {
            collector.Send(Frame(++sent, now, sent == 1, (Group, (uint)sent, 0)));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        await KillAsync(console);
        await collector.DisposeAsync();
        var stored = StoredFrames.Sequences(_folder, Node, 1);
        Assert.Empty(collector.StoredOf(1).Except(stored));
        Assert.InRange(stored.Count, 300, (int)sent);
    }

    [Fact]
    public Task Console_KilledForSeconds_TimelineIsExactWithoutAGap() => ConsoleIsKilled(TimeSpan.FromSeconds(9));

    [Fact]
    [Trait("Category", "Long")]
    public Task Console_KilledForAMinute_TimelineIsExactWithoutAGap() => ConsoleIsKilled(TimeSpan.FromSeconds(60));

    private async Task ConsoleIsKilled(TimeSpan length)
    {
        await FlowAsync(1);
        var console = await ConsoleAsync();
        var clock = Stopwatch.StartNew();
        Collector();
        await Eventually.TrueAsync(() => Rows().Count >= 3);
        double seen = clock.Elapsed.TotalSeconds;
        await KillAsync(console);
        var before = Rows();
        long run = before[0].Run;
        await Task.Delay(length / 2, TestContext.Current.CancellationToken);
        double requested = clock.Elapsed.TotalSeconds;
        await FlowAsync(2); // seen only by the collector
        double done = clock.Elapsed.TotalSeconds;
        await Task.Delay(length / 2, TestContext.Current.CancellationToken);

        await using var host = await ConsoleHost.StartAsync(_folder);
        // The order of arrival is seen as they come: when their minute is over, they are packed in the order of their sequence.
        List<(long Run, ulong Sequence)> arrived = [];
        await Eventually.TrueAsync(
            () =>
            {
                if (arrived.Count == 0)
                    arrived = [.. Rows().Except(before)];
                return IsIntact(run, atLeast: before.Count + (int)length.TotalSeconds);
            }, TimeSpan.FromSeconds(90));
        Assert.Equal(before.Order(), Rows().Where(before.Contains).Order());
        // The first row after the outage is a live frame; the oldest missing one came later.
        Assert.True(arrived[0].Sequence > before.Max(row => row.Sequence) + 2, $"the first row is {arrived[0].Sequence}");
        Assert.Contains(Rows(), row => row.Sequence == before.Max(b => b.Sequence) + 1);

        var timeline = host.Get<TimelineStore>();
        await Eventually.TrueAsync(() => View(timeline, length).Gaps.All(g => g.Kind == GapKind.Started));
        // One machine, one clock: the collector must measure no offset.
        await Eventually.TrueAsync(() => timeline.Nodes() is [{ ClockOffsetMs: > -500 and < 500 }]);
        int[] entries = Assert.Single(View(timeline, length).Services.SelectMany(s => s.Backends)).Entries;
        // One entry, two from some second on, never unknown in between.
        int first = Array.IndexOf(entries, 1), second = Array.IndexOf(entries, 2);
        // The first was seen after the collector's start and before its third frame was; a frame takes up to a second.
        Assert.InRange(second - first, (int)(requested - seen) - 1, (int)done + 2);
        Assert.All(entries[first..second], count => Assert.Equal(1, count));
        Assert.InRange(entries[second..].Count(count => count == 2), (int)(length.TotalSeconds / 2) - 1, entries.Length);
        Assert.DoesNotContain(-1, entries[second..^4]);
    }

    [Fact]
    public async Task Collector_KilledDuringSpill_LosesNoAcknowledgedFrame_AndReportsAGap()
    {
        await FlowAsync(1);
        var console = await ConsoleAsync();
        var collector = Collector();
        await Eventually.TrueAsync(() => Rows().Count >= 3);
        await KillAsync(console);
        int acknowledged = Rows().Count;
        long run = Rows()[0].Run;
        string spill = Path.Combine(_folder.FullName, "state", "spill");
        string[] files = [];
        var lengths = new HashSet<long>();
        // More writes than unacknowledged frames: the first frames may have been stored, with only the acknowledgements lost.
        await Eventually.TrueAsync(
            () => (files = Directory.GetFiles(spill, "*.frames")) is [var one] && lengths.Add(new FileInfo(one).Length) && lengths.Count > acknowledged + 3,
            TimeSpan.FromSeconds(90));
        await KillAsync(collector);
        // What a kill during a write leaves.
        await using (var torn = new FileStream(files[0], FileMode.Append))
            await torn.WriteAsync(new byte[] { 200, 0, 0, 0, 1, 2, 3 }, TestContext.Current.CancellationToken);

        await using var host = await ConsoleHost.StartAsync(_folder);
        Collector();
        await Eventually.TrueAsync(() => Rows().Any(row => row.Run != run) && Runs(run).Count > acknowledged, TimeSpan.FromSeconds(90));
        await Eventually.TrueAsync(() => !File.Exists(files[0])); // all acknowledged
        var ofTheFirst = Runs(run);
        Assert.Equal(Enumerable.Range(1, ofTheFirst.Count).Select(i => (ulong)i), ofTheFirst);

        var timeline = host.Get<TimelineStore>();
        await Eventually.TrueAsync(() => View(timeline, TimeSpan.FromSeconds(60)).Gaps.Any(g => g.Kind == GapKind.FramesDropped));
        var gaps = View(timeline, TimeSpan.FromSeconds(60)).Gaps.Where(g => g.Kind != GapKind.FramesDropped).ToList();
        // From the last frame of the first run to the first of the second; and the collector's own start.
        Assert.All(gaps, gap => Assert.Equal(GapKind.Started, gap.Kind));
        Assert.Contains(gaps, gap => gap.ToMs - gap.FromMs >= 1_000);
    }

    private async Task<Process> ConsoleAsync()
    {
        var console = await OutageProcesses.ConsoleAsync(_folder);
        _running.Add(console);
        return console;
    }

    private Process Collector()
    {
        var collector = OutageProcesses.Collector(_inside, _folder, Node);
        _running.Add(collector);
        return collector;
    }

    private async Task KillAsync(Process process)
    {
        _running.Remove(process);
        await OutageProcesses.KillAsync(process);
    }

    private async Task FlowAsync(int number)
    {
        var (code, output) = await RunningLab.RunAsync(
            "ip", "netns", "exec", _inside.Name, "conntrack", "-I", "-p", "tcp", "-s", "10.9.0.1", "-d", "10.96.0.10", "--sport", $"{40000 + number}",
            "--dport", "80", "-r", "10.96.0.10", "-g", "10.1.0.5:8080", "-q", "10.9.0.1", "--reply-port-src", "80", "--reply-port-dst", $"{40000 + number}",
            "-t", "900", "--state", "ESTABLISHED", "-u", "SEEN_REPLY,ASSURED");
        Assert.True(code == 0, output);
    }

    private List<(long Run, ulong Sequence)> Rows() => StoredFrames.Rows(_folder, Node);

    private List<ulong> Runs(long run) => StoredFrames.Sequences(_folder, Node, run);

    private bool IsIntact(long run, int atLeast)
    {
        var sequences = Runs(run);
        return sequences.Count >= atLeast && sequences[^1] == (ulong)sequences.Count;
    }

    private static TimelineView View(TimelineStore timeline, TimeSpan length)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000 * 1000;
        int seconds = (int)length.TotalSeconds + 240;
        return timeline.Query(new TimelineQuery(now - (seconds * 1000), now, seconds));
    }
}
