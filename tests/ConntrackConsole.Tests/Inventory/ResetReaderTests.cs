using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Inventory;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Timeline;
using ConntrackConsole.Tests.Timeline.Rollup;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Inventory;

/// <summary>Single resets of stored minutes and of memory are one list.</summary>
public sealed class ResetReaderTests : IAsyncLifetime
{
    private const long T0 = TimelineFixture.T0;

    private TimelineFixture _timeline = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _timeline = await TimelineFixture.StartAsync();

    public ValueTask DisposeAsync()
    {
        _timeline.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Read_StoredMinutes_HasEachResetOnce_NewestFirst()
    {
        // Both nodes report the first one.
        Take("node-a", 1, 1_000, Frames.Reset(T0 + 900, ResetKind.UnNated));
        Take("node-b", 1, 1_000, Frames.Reset(T0 + 950, ResetKind.UnNated, received: true));
        Take("node-a", 2, 70_000, Frames.Reset(T0 + 69_900, ResetKind.FromBackend, sport: 40_001));
        Close();

        var window = await Reader().ReadAsync(new ResetQuery(T0, T0 + 120_000, 100), Ct);
        Assert.Equal([(T0 + 69_900, ResetKind.FromBackend), (T0 + 900, ResetKind.UnNated)], window.Rows.Select(row => (row.AtMs, row.Kind)));
        Assert.False(window.HasMore);
        Assert.Null(window.SingleFromMs);
    }

    [Fact]
    public async Task Read_Pages_HaveEveryRowOnce()
    {
        // Several of one moment, on both sides of a minute.
        for (int i = 0; i < 7; i++)
            Take("node-a", (ulong)(i + 1), 58_000 + (i * 1_000), Frames.Reset(T0 + 57_900 + (i * 1_000), ResetKind.UnNated, sport: (ushort)(40_000 + i)), Frames.Reset(T0 + 57_900 + (i * 1_000), ResetKind.UnNated, sport: (ushort)(50_000 + i)));
        Close();

        var seen = new List<string>();
        (long, string)? after = null;
        for (bool hasMore = true; hasMore;)
        {
            var page = await Reader().ReadAsync(new ResetQuery(T0, T0 + 120_000, 3) { After = after }, Ct);
            Assert.InRange(page.Rows.Count, 1, 3);
            seen.AddRange(page.Rows.Select(row => $"{row.AtMs} {row.Id}"));
            (hasMore, after) = (page.HasMore, (page.Rows[^1].AtMs, page.Rows[^1].Id));
        }

        Assert.Equal(14, seen.Count);
        Assert.Equal(14, seen.Distinct().Count());
    }

    [Fact]
    public async Task Read_MemoryAndStored_IsOneList()
    {
        Take("node-a", 1, 1_000, Frames.Reset(T0 + 900, ResetKind.UnNated));
        Close();
        var again = _timeline.Restart();
        using (again.Owners)
        using (again.Frames)
        using (again.Blocks)
        {
            again.At(7_201_000);
            again.Take("node-a", Frame(9, 7_201_000, Frames.Reset(T0 + 7_200_900, ResetKind.FromBackend)));
            var window = await Reader(again).ReadAsync(new ResetQuery(T0, long.MaxValue, 100), Ct);
            Assert.Equal([ResetKind.FromBackend, ResetKind.UnNated], window.Rows.Select(row => row.Kind));
        }
    }

    [Fact]
    public async Task Read_AncientWindow_EndsAtOnce_AndIsNotKnown()
    {
        var window = await Reader().ReadAsync(new ResetQuery(0, T0 - 1_000_000_000, 100), Ct);
        Assert.Empty(window.Rows);
        Assert.Equal(T0 - (48 * 3_600_000L), window.SingleFromMs);
    }

    /// <summary>The names are those of the reset's own time: the address has another owner since.</summary>
    [Fact]
    public async Task Read_AddressWithANewOwner_HasTheFormerName()
    {
        _timeline.Cluster.Watching();
        var first = new PodInfo("u1", "shop", "orders-1", "node-a", "Running", [Ip.Parse("10.1.0.5")], false, T0 - 60_000, null, null, false, null, null);
        _timeline.Cluster.Apply([new PodChange(first, false)]);
        _timeline.Cluster.Confirm(T0);
        Take("node-a", 1, 1_000, Frames.Reset(T0 + 900, ResetKind.UnNated));
        _timeline.At(5_000);
        _timeline.Cluster.Apply([new PodChange(first with { DeletionMs = T0 + 4_000 }, true)]);
        _timeline.Cluster.Apply([new PodChange(first with { Uid = "u2", Name = "cart-1", CreatedMs = T0 + 5_000 }, false)]);
        var window = await Reader().ReadAsync(new ResetQuery(T0, T0 + 10_000, 100), Ct);
        Assert.Equal("shop/orders-1", Assert.Single(window.Rows).To.Name);
    }

    [Theory]
    [InlineData("10.1.0.5:80", 1)]
    [InlineData("10.1.0.5:81", 0)]
    [InlineData("10.96.0.10:80", 1)]
    public async Task Read_Text_MatchesAddresses(string text, int rows)
    {
        Take("node-a", 1, 1_000, Frames.Reset(T0 + 900, ResetKind.UnNated));
        Assert.Equal(rows, (await Reader().ReadAsync(new ResetQuery(T0, T0 + 10_000, 100) { Text = text }, Ct)).Rows.Count);
    }

    private ResetReader Reader(TimelineFixture? timeline = null) => (timeline ?? _timeline) is var of
        ? new(of.Store, of.History, of.Database, of.Owners, ConntrackConsole.Timeline.Storage.HistoryRetention.Default, of.Cluster, of.Clock) : throw new InvalidOperationException();

    private void Take(string node, ulong sequence, long afterMs, params Reset[] resets) => _timeline.Take(node, Frame(sequence, afterMs, resets));

    private static NodeFrame Frame(ulong sequence, long afterMs, params Reset[] resets)
    {
        var frame = Frames.Frame(sequence, T0 + afterMs, true);
        frame.Resets.AddRange(resets);
        return frame;
    }

    // Beyond what memory keeps.
    private void Close() => _timeline.CloseLevels();
}
