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

    public async ValueTask InitializeAsync()
    {
        await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        _archive = new FrameArchive(_database, new FrameRetention(TimeSpan.FromHours(1), 30_000), _clock);
    }

    public ValueTask DisposeAsync()
    {
        _archive.Dispose();
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
    public void Trim_ByAge_UsesArrivalTime()
    {
        _archive.Save([Frame(1, 1)]);
        _archive.Save([Frame(1, 2) with { ReceivedMs = T0 + 60_000, AtMs = T0 - 900_000 }]);
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
        _archive.Save([.. Enumerable.Range(1, 400).Select(i => Frame(1, (ulong)i))]);
        _archive.Trim();
        Assert.Equal((300, 101ul), (_archive.Read("node1", 0).Count(), _archive.Read("node1", 0).First().Sequence));
        using var again = new FrameArchive(_database, new FrameRetention(TimeSpan.FromHours(1), 10_000), _clock);
        again.Trim();
        Assert.Equal((100, 301ul), (again.Read("node1", 0).Count(), again.Read("node1", 0).First().Sequence));
    }

    private static StoredFrame Frame(long run, ulong sequence) =>
        new("node1", run, sequence, T0 + ((long)sequence * 1000), T0, new byte[100]);
}
