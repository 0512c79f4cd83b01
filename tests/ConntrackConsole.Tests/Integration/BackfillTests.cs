using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.Data.Sqlite;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Integration;

/// <summary>Frames that arrive late, twice, or after a restart of the console.</summary>
public sealed class BackfillTests : IAsyncLifetime
{
    private readonly long _t0 = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000 * 1000) - 20_000;
    private ConsoleHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ConsoleHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Backfill_OfAGap_ClosesIt()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        collector.Send(Frame(1, At(1), true, (Group, 4, 0)));
        collector.Send(Frame(6, At(6), true, (Group, 8, 0)));
        await Eventually.TrueAsync(() => View(6).Gaps.Any(g => g.Kind == GapKind.SequenceJump));
        Assert.Equal([4, -1, -1, -1, -1, 8], Entries(6));

        // Only changes, no key frame; some of them, then the rest.
        await collector.BackfillAsync(1, Frame(2, At(2), false, (Group, 5, 0)), Frame(3, At(3), false));
        await EntriesAsync(6, [4, 5, 5, -1, -1, 8]);
        var left = Assert.Single(View(6).Gaps, g => g.Kind == GapKind.SequenceJump);
        Assert.Equal((At(3), At(6)), (left.FromMs, left.ToMs));

        await collector.BackfillAsync(1, Frame(4, At(4), false, (Group, 2, 0)), Frame(5, At(5), false, (Group, 3, 0)));
        await EntriesAsync(6, [4, 5, 5, 2, 3, 8]);
        Assert.DoesNotContain(View(6).Gaps, g => g.Kind == GapKind.SequenceJump);
    }

    [Fact]
    public async Task Backfill_OfEarlierRun_IsAppliedBeforeTheNewOne()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync(5_000);
        collector.Send(Frame(1, At(6), true, (Group, 8, 0)));
        await Eventually.TrueAsync(() => Entries(6)[5] == 8);
        await collector.BackfillAsync(1_000, Frame(41, At(1), true, (Group, 4, 0)), Frame(42, At(2), false, (Group, 5, 0)));
        await EntriesAsync(6, [4, 5, -1, -1, -1, 8]);
        var gap = Assert.Single(View(6).Gaps, g => g.Kind == GapKind.Started);
        Assert.Equal((At(2), At(6)), (gap.FromMs, gap.ToMs));
        // The reconnected run continues where it was.
        collector.Send(Frame(2, At(7), false, (Group, 9, 0)));
        await Eventually.TrueAsync(() => Entries(7)[6] == 9);
    }

    [Fact]
    public async Task Backfill_ExistingFrames_AreAcknowledgedAndCountedOnce()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        var frame = Frame(1, At(1), true, (Group, 4, 0));
        frame.Resets.Add(Reset(At(1) - 200, ResetKind.UnNated));
        var missing = Frame(2, At(2), false);
        missing.Resets.Add(Reset(At(2) - 200, ResetKind.UnNated));
        collector.Send(frame);
        collector.Send(Frame(3, At(3), true, (Group, 4, 0)));
        await Eventually.TrueAsync(() => collector.StoredOf(1).Count == 2);
        for (int i = 1; i <= 3; i++)
        {
            int before = collector.Stored.Count;
            await collector.BackfillAsync(1, frame, missing);
            await Eventually.TrueAsync(() => collector.Stored.Count > before);
        }

        Assert.Equal([1ul, 2, 3], collector.StoredOf(1).Order().ToList());
        Assert.Equal(2, View(3).Resets.UnNated.Sum());
        Assert.Equal([1ul, 2, 3], StoredFrames.Sequences(_host.Folder, "node1", 1));
    }

    [Fact]
    public async Task Backfill_InvalidFrame_DoesNotBlockOthers()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        collector.Send(Frame(7, At(7), true, (Group, 4, 0)));
        await collector.BackfillAsync(1, [[1, 2, 3]]);
        await Eventually.TrueAsync(() => View(25).Gaps.Any(g => g.Text.Contains("cannot be read")));
        collector.Send(Frame(8, At(8), true, (Group, 5, 0)));
        await Eventually.TrueAsync(() => Entries(8)[7] == 5);
        Assert.True(collector.IsConnected);
    }

    [Fact]
    public async Task Stored_DatabaseLocked_WaitsForCommit_LiveViewContinues()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        await using (var other = new SqliteConnection($"Data Source={_host.Folder.FullName}/console.db;Pooling=False"))
        {
            await other.OpenAsync(TestContext.Current.CancellationToken);
            await using var writer = other.BeginTransaction(); // BEGIN IMMEDIATE
            for (int i = 1; i <= 5; i++)
            {
                collector.Send(Frame((ulong)i, At(i), i == 1, (Group, (uint)i, 0)));
                await Eventually.TrueAsync(() => Entries(5)[i - 1] == i);
            }

            Assert.Empty(collector.Stored);
        }

        await Eventually.TrueAsync(() => collector.StoredOf(1).Count == 5);
        Assert.Equal([1ul, 2, 3, 4, 5], StoredFrames.Sequences(_host.Folder, "node1", 1));
    }

    [Fact]
    public async Task Restart_LastHour_IsRebuiltFromFrames()
    {
        await using (var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token))
        {
            await collector.ConnectAsync();
            var first = Frame(1, At(1), true, (Group, 4, 0));
            first.Resets.Add(Reset(At(1) - 100, ResetKind.UnNated));
            collector.Send(first);
            var last = Frame(5, At(5), true, (Group, 7, 0));
            last.Resets.Add(Reset(At(5) - 100, ResetKind.UnNated));
            collector.Send(last);
            await Eventually.TrueAsync(() => collector.StoredOf(1).Count == 2);
        }

        for (int restart = 0; restart < 2; restart++)
        {
            _host = await _host.RestartAsync();
            Assert.Equal([4, -1, -1, -1, 7], Entries(5));
            Assert.Equal(2, View(5).Resets.UnNated.Sum());
            Assert.Contains(View(5).Gaps, g => g.Kind == GapKind.SequenceJump);
            Assert.Contains(View(19).Gaps, g => g.Kind == GapKind.Silent && g.FromMs == At(5));
        }

        // The collector reconnects with the missing frames.
        await using var again = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await again.ConnectAsync();
        again.Send(Frame(7, At(7), true, (Group, 9, 0)));
        await again.BackfillAsync(1, Frame(2, At(2), false), Frame(3, At(3), false), Frame(4, At(4), false), Frame(6, At(6), false));
        await EntriesAsync(7, [4, 4, 4, 4, 7, 7, 9]);
    }

    [Fact]
    public async Task Clock_IsTheConsoles_AndOffsetIsShown()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        long before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        Assert.InRange(await collector.ClockAsync(), before, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        var frame = Frame(1, At(1), true);
        frame.Cost = new CollectorCost(FollowMode.Events, 1, 2, 3, 4, -250, 0);
        collector.Send(frame);
        await Eventually.TrueAsync(() => View(1).Nodes is [{ ClockOffsetMs: -250 }]);
    }

    private long At(int second) => _t0 + (second * 1000);

    private TimelineView View(int seconds) => _host.Get<TimelineStore>().Query(new TimelineQuery(_t0, At(seconds), seconds));

    // Late frames are applied as they arrive: one may be visible before the next.
    private async Task EntriesAsync(int seconds, int[] expected)
    {
        await Eventually.TrueAsync(() => Entries(seconds).Length == seconds && Entries(seconds).SequenceEqual(expected));
        Assert.Equal(expected, Entries(seconds));
    }

    private int[] Entries(int seconds) => View(seconds).Services is [{ Backends: [var backend] }] ? backend.Entries : new int[seconds];
}
