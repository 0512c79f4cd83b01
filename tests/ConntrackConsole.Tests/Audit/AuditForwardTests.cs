using System.Text.Json;
using ConntrackConsole.Audit;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ConntrackConsole.Tests.Audit;

public sealed class AuditForwardTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-forward-");
    private readonly Faults _faults = new();
    private ChainedLog _log = null!;

    private string File => Path.Combine(_folder.FullName, "audit.jsonl");

    public async ValueTask InitializeAsync() => _log = await ChainedLog.CreateAsync(3);

    public ValueTask DisposeAsync()
    {
        _log.Dispose();
        _folder.Delete(true);
        return default;
    }

    [Fact]
    public async Task Running_EachRow_FollowsAsALine_TheLastAtTheEnd()
    {
        using var forward = Forward();
        await forward.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => Ids().Length == 3);
        await _log.AddAsync(2);
        await Eventually.TrueAsync(() => Ids().Length == 5);
        await _log.AddAsync(1);
        await forward.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal([1, 2, 3, 4, 5, 6], Ids());
        using var line = JsonDocument.Parse(System.IO.File.ReadLines(File).First());
        var row = (await _log.Log.FindAsync(1, TestContext.Current.CancellationToken))!;
        Assert.Equal((row.Hash, row.Details, AuditJson.Time(row.At)), (Text(line, "hash"), Text(line, "details"), Text(line, "at")));
    }

    [Fact]
    public async Task CatchUp_Restarted_ContinuesAfterTheLastLine()
    {
        Assert.True(await CatchUpAsync());
        await _log.AddAsync(2);
        Assert.True(await CatchUpAsync());
        Assert.True(await CatchUpAsync());
        Assert.Equal([1, 2, 3, 4, 5], Ids());
    }

    [Fact]
    public async Task CatchUp_HalfALineFromACrash_IsWrittenAgain()
    {
        await CatchUpAsync();
        byte[] whole = await System.IO.File.ReadAllBytesAsync(File, TestContext.Current.CancellationToken);
        await System.IO.File.WriteAllBytesAsync(File, whole[..^20], TestContext.Current.CancellationToken);
        await CatchUpAsync();
        Assert.Equal(whole, await System.IO.File.ReadAllBytesAsync(File, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task CatchUp_FileOfAnotherLog_StartsFromTheFirstRow()
    {
        await System.IO.File.WriteAllTextAsync(File, "{\"id\":2,\"hash\":\"of another\"}\n", TestContext.Current.CancellationToken);
        await CatchUpAsync();
        Assert.Equal([2, 1, 2, 3], Ids());
    }

    [Fact]
    public async Task CatchUp_FileMovedAway_ContinuesInANewOne()
    {
        using var forward = Forward();
        await forward.CatchUpAsync(TestContext.Current.CancellationToken);
        System.IO.File.Move(File, File + ".1");
        await _log.AddAsync(1);
        await forward.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.Equal([4], Ids());
    }

    [Fact]
    public async Task CatchUp_CannotBeWritten_IsLoggedOncePerMinute_AndRetried()
    {
        // A directory in its place, which even root cannot write to.
        Directory.CreateDirectory(File);
        using var forward = Forward();
        await forward.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => _faults.Count == 1);
        for (int i = 0; i < 5; i++)
        {
            await _log.AddAsync(1);
            Assert.False(await forward.CatchUpAsync(TestContext.Current.CancellationToken));
        }

        Assert.Equal(1, _faults.Count);
        _log.Clock.Advance(TimeSpan.FromMinutes(1));
        await forward.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, _faults.Count);
        Directory.Delete(File);
        await _log.AddAsync(1);
        await Eventually.TrueAsync(() => Ids().Length == 9);
        await forward.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(1, 9).Select(i => (long)i), Ids());
    }

    private AuditForward Forward() => new(_log.Log, new ForwardFile(File), _log.Clock, _faults);

    private async Task<bool> CatchUpAsync()
    {
        using var forward = Forward();
        return await forward.CatchUpAsync(TestContext.Current.CancellationToken);
    }

    private long[] Ids()
    {
        if (!System.IO.File.Exists(File))
            return [];
        using var stream = new FileStream(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n')[..^1].Select(l => JsonDocument.Parse(l).RootElement.GetProperty("id").GetInt64())];
    }

    private static string? Text(JsonDocument line, string name) => line.RootElement.GetProperty(name).GetString();

    private sealed class Faults : ILogger<AuditForward>
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Error)
                Interlocked.Increment(ref _count);
        }
    }
}
