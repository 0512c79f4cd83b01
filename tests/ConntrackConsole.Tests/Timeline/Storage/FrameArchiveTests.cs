using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Storage;
using ConntrackConsole.Timeline.Storage;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.Storage;

public sealed class FrameArchiveTests : IAsyncLifetime
{
    private const long T0 = 1_700_000_000_000;

    private readonly TestDatabase _database = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));
    private FrameArchive _archive = null!;
    private BlockArchive _blocks = null!;

    public async ValueTask InitializeAsync()
    {
        await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        _archive = new FrameArchive(_database, new FrameRetention(TimeSpan.FromHours(1), 30_000), _clock);
        _blocks = new BlockArchive(_database);
    }

    public ValueTask DisposeAsync()
    {
        _archive.Dispose();
        _blocks.Dispose();
        _database.Dispose();
        return default;
    }

    [Fact]
    public void Save_ExistingFrame_IsUnchanged()
    {
        Assert.Equal([true, true, false], _archive.Save([Frame(1, 1), Frame(1, 2), Frame(1, 1) with { Bytes = [9] }]));
        Assert.Equal([false, true], _archive.Save([Frame(1, 2), Frame(2, 2)]));
        Assert.Equal([true], _archive.Save([Frame(1, 1) with { Node = "node2" }]));
        Assert.Equal(100, _archive.Read("node1", 0).First().Bytes.Length);
    }

    [Fact]
    public void Read_AnyArrivalOrder_IsByRunAndSequence()
    {
        _archive.Save([Frame(2, 1), Frame(1, 9), Frame(2, 3)]);
        _archive.Save([Frame(1, 10), Frame(2, 2), Frame(1, 8)]);
        Assert.Equal([(1, 8ul), (1, 9), (1, 10), (2, 1), (2, 2), (2, 3)], _archive.Read("node1", 0).Select(f => (f.Run, f.Sequence)));
        Assert.Equal([(1, 9ul), (1, 10)], _archive.Read("node1", T0 + 9_000).Select(f => (f.Run, f.Sequence)));
        Assert.Equal([("node1", T0 + 2_000)], _archive.NodesSince(T0 + 2_000));
        Assert.Empty(_archive.Read("node2", 0));
    }

    [Fact]
    public void Pack_Frames_AreReadAsBefore_InOneRowAMinute()
    {
        _archive.Save([.. Enumerable.Range(1, 150).Select(i => Frame(1, (ulong)i) with { Bytes = [(byte)i, 7, 9] })]);
        _archive.Save([Frame(2, 1) with { AtMs = T0 + 151_000, ReceivedMs = T0 + 999_000 }]);
        var before = Read();
        Pack(T0 + 160_000);
        Assert.Equal(before, Read());
        Assert.Equal((0, 3), (Count("Frames"), Count("FramePacks")));
        Assert.Equal([("node1", T0 + 1_000)], _archive.NodesSince(T0));
        using var again = new FrameArchive(_database, FrameRetention.Default, _clock);
        Assert.Equal(before, Read(again));

        List<(long, ulong, long, long, string)> Read(FrameArchive? archive = null) =>
            [.. (archive ?? _archive).Read("node1", 0).Select(f => (f.Run, f.Sequence, f.AtMs, f.ReceivedMs, Convert.ToHexString(f.Bytes)))];
    }

    [Fact]
    public void Save_PackedAndDeletedFrames_AreKnown_AfterRestartToo()
    {
        _archive.Save([.. Enumerable.Range(1, 100).Where(i => i is not (40 or 41)).Select(i => Frame(1, (ulong)i))]);
        Pack(T0 + 200_000);
        _clock.Advance(TimeSpan.FromHours(2));
        _archive.Trim();
        Assert.Empty(_archive.Read("node1", 0));
        Assert.Equal([false, true, false], _archive.Save([Frame(1, 39), Frame(1, 40), Frame(1, 100)]));
        using var again = new FrameArchive(_database, FrameRetention.Default, _clock);
        Assert.Equal([false, false, true, false, true], again.Save([Frame(1, 1), Frame(1, 40), Frame(1, 41), Frame(1, 42), Frame(1, 101)]));
        Assert.Equal([40ul, 41, 101], again.Read("node1", 0).Select(f => f.Sequence));
    }

    [Fact]
    public void Pack_LateFrames_JoinTheirMinute_EachOnce()
    {
        _archive.Save([.. Enumerable.Range(1, 100).Where(i => i % 10 != 0).Select(i => Frame(1, (ulong)i))]);
        Pack(T0 + 200_000);
        _archive.Save([.. Enumerable.Range(1, 100).Select(i => Frame(1, (ulong)i))]);
        // An earlier run packed these rows, but did not delete them.
        _blocks.Rows.Execute("INSERT INTO Frames (Node, StartedAtMs, Sequence, AtMs, ReceivedMs, Bytes) VALUES ('node1', 1, 5, $a, $a, x'00')", T0 + 5_000);
        using var again = new FrameArchive(_database, FrameRetention.Default, _clock);
        Pack(T0 + 200_000, again);
        Assert.Equal(Enumerable.Range(1, 100).Select(i => (ulong)i), again.Read("node1", 0).Select(f => f.Sequence));
        Assert.Equal(100, again.Read("node1", 0).Single(f => f.Sequence == 5).Bytes.Length);
        Assert.Equal(2, Count("FramePacks"));
    }

    [Fact]
    public void Read_ForRollup_BeginsWithTheLastFrameBefore()
    {
        _archive.Save([.. Enumerable.Range(1, 20).Concat(Enumerable.Range(200, 60)).Select(i => Frame(1, (ulong)i))]);
        foreach (bool packed in (bool[])[false, true])
        {
            if (packed)
                Pack(T0 + 230_000);
            var buffer = new FrameBuffer();
            var packs = new FramePacks(_blocks, _archive);
            packs.Read("node1", T0 + 190_000, T0 + 240_000, 0, buffer);
            Assert.Equal([20ul, .. Enumerable.Range(200, 41).Select(i => (ulong)i)], buffer.Frames.Select(f => f.Sequence));
            packs.Read("node1", T0 + 190_000, T0 + 240_000, T0 + 100_000, buffer);
            Assert.Equal(200ul, buffer.Frames[0].Sequence);
        }
    }

    [Fact]
    public void AddPacked_InvalidBytes_AddsNothing()
    {
        _archive.Save([.. Enumerable.Range(1, 50).Select(i => Frame(1, (ulong)i))]);
        Pack(T0 + 200_000);
        byte[] good = (byte[])_blocks.Rows.Scalar("SELECT Bytes FROM FramePacks")!;
        var random = new Random(5);
        var buffer = new FrameBuffer();
        for (int round = 0; round < 5_000; round++)
        {
            byte[] bytes = round % 2 == 0 ? (byte[])good.Clone() : [0, 1, .. Enumerable.Range(0, 60).Select(_ => (byte)random.Next(256))];
            for (int i = random.Next(1, 6); i > 0; i--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            buffer.Clear();
            if (!buffer.AddPacked(bytes))
                Assert.Empty(buffer.Frames);
            Assert.All(buffer.Frames, f => Assert.Equal(f.Length, buffer.Bytes(f).Length));
        }
    }

    [Fact]
    public void Trim_ByAge_UsesArrivalTime()
    {
        _archive.Save([Frame(1, 1)]);
        _archive.Save([Frame(1, 2) with { ReceivedMs = T0 + 60_000, AtMs = T0 - 900_000 }]);
        Pack(T0 + 200_000);
        _clock.Advance(TimeSpan.FromMinutes(60));
        _archive.Trim();
        Assert.Equal(2, _archive.Read("node1", 0).Count());
        _clock.Advance(TimeSpan.FromSeconds(1));
        _archive.Trim();
        Assert.Equal(2ul, Assert.Single(_archive.Read("node1", 0)).Sequence);
    }

    [Fact]
    public void Trim_BySize_KeepsNewest_AfterRestartToo()
    {
        var random = new Random(1);
        _archive.Save([.. Enumerable.Range(1, 400).Select(i => Frame(1, (ulong)i) with { Bytes = [.. Enumerable.Range(0, 100).Select(_ => (byte)random.Next(256))] })]);
        Pack(T0 + 401_000);
        Assert.Equal(7, Count("FramePacks"));
        _archive.Trim();
        Assert.Equal((4, 400ul), (Count("FramePacks"), _archive.Read("node1", 0).Last().Sequence));
        using var again = new FrameArchive(_database, new FrameRetention(TimeSpan.FromHours(1), 10_000), _clock);
        again.Trim();
        Assert.Equal((1, 400ul), (Count("FramePacks"), again.Read("node1", 0).Last().Sequence));
    }

    /// <summary>By the same rule as the table: no longer than that, and never shorter.</summary>
    [Fact]
    public void DeleteRuns_IsForgottenInMemory_UnlessExtendedSinceOrNotCommitted()
    {
        const long day = 24 * 3_600_000L;
        _archive.Save([.. Enumerable.Range(1, 5).SelectMany(i => (StoredFrame[])[Frame(1, (ulong)i), Frame(2, (ulong)i), Frame(3, (ulong)i)])]);
        Pack(T0 + 200_000);
        // The collector of run 2 goes on.
        _archive.Save([Frame(2, 6) with { AtMs = T0 + (31 * day), ReceivedMs = T0 + (31 * day) }]);
        var packs = new FramePacks(_blocks, _archive);
        _blocks.Rows.Execute("UPDATE FrameRuns SET LastMs = $a WHERE StartedAtMs = 3", T0 + (2 * day));
        using (_blocks.Begin())
            packs.DeleteRuns(T0 + (31 * day));
        packs.RolledBack();
        packs.Committed();
        Assert.Equal([false, false, false], _archive.Save([Frame(1, 1), Frame(2, 1), Frame(3, 1)]));

        using (var transaction = _blocks.Begin())
        {
            packs.DeleteRuns(T0 + (31 * day));
            transaction.Commit();
        }

        packs.Committed();
        Assert.Equal(1, Count("FrameRuns"));
        Assert.Equal([true, false, false, false], _archive.Save([Frame(1, 1), Frame(2, 1), Frame(2, 6), Frame(3, 1)]));
    }

    private long Count(string table) => _blocks.Rows.Number($"SELECT COUNT(*) FROM {table}");

    private void Pack(long endedBeforeMs, FrameArchive? archive = null)
    {
        var packs = new FramePacks(_blocks, archive ?? _archive);
        using (var transaction = _blocks.Begin())
        {
            packs.Pack("node1", endedBeforeMs, 0);
            transaction.Commit();
        }

        packs.Committed();
        packs.DeletePacked(long.MaxValue);
    }

    private static StoredFrame Frame(long run, ulong sequence) =>
        new("node1", run, sequence, T0 + ((long)sequence * 1000), T0, new byte[100]);
}
