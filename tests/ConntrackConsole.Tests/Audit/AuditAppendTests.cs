using System.Collections.Concurrent;
using ConntrackConsole.Audit;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Storage;
using ConntrackConsole.Timeline.Storage;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Audit;

public sealed class AuditAppendTests
{
    private static AuditNote Note(string who) => new(who, null, "flush.requested", null, "10.1.0.5", "because", null, null, "ok", null, "a");

    [Fact]
    public async Task Append_TwoConsolesOnOneFile_NeverForkTheChain()
    {
        using var first = await ChainedLog.CreateAsync(1);
        using var second = new AuditLog(first.Database, first.Clock, first.Keys);
        var ids = new ConcurrentBag<long>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            for (int i = 0; i < 25; i++)
                ids.Add((await (n % 2 == 0 ? first.Log : second).AppendAsync(Note($"writer-{n}"), TestContext.Current.CancellationToken)).Id);
        }, TestContext.Current.CancellationToken)));
        Assert.Equal(Enumerable.Range(2, 200).Select(i => (long)i), ids.Order());
        var verdict = first.Verify(first.Log.Head);
        Assert.Equal((null, 201), (verdict.Fault, verdict.Rows));
        Assert.True(first.Verify(second.Head).IsIntact);
    }

    [Fact]
    public async Task Append_EachNewHead_StandsInTheLogStream()
    {
        using var log = await ChainedLog.CreateAsync(0);
        var lines = new LogLines();
        using var audit = new AuditLog(log.Database, log.Clock, log.Keys, lines);
        await audit.AppendAsync(Note("a"), TestContext.Current.CancellationToken);
        var second = await audit.AppendAsync(Note("b"), TestContext.Current.CancellationToken);
        Assert.Equal(2, lines.Lines.Count);
        Assert.Equal($"Audit head: row 2, {second.Hash}", lines.Lines[^1]);
        Assert.Equal(new AuditHead(2, second.Hash!), audit.Head);
        Assert.DoesNotContain(lines.Lines, l => l.Contains(ChainedLog.Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Append_TextThatSqliteWouldChange_IsStillIntact()
    {
        using var log = await ChainedLog.CreateAsync(0);
        var entry = await log.Log.AppendAsync(Note("half \ud800 a zero \0 end") with { Before = "\udc00", Details = "🙂 é \u0001" }, TestContext.Current.CancellationToken);
        Assert.Equal(entry, await log.Log.FindAsync(1, TestContext.Current.CancellationToken));
        Assert.Null(log.Verify().Fault);
    }

    [Fact]
    public async Task Append_RowsFromBeforeTheChain_AreCoveredFromThenOn()
    {
        using var database = new TestDatabase();
        await using (var db = database.CreateDbContext())
            await db.Database.GetService<IMigrator>().MigrateAsync("First", TestContext.Current.CancellationToken);
        for (int i = 1; i <= 3; i++)
            await database.ExecuteAsync($"INSERT INTO Audit (AtMs, Who, What, Why, Result, ActionId) VALUES ({i}, 'me', 'flush', 'because', 'ok', 'a{i}')");
        await Database.OpenAsync(database, TestContext.Current.CancellationToken);
        Assert.Equal(AuditFaultKind.NoChain, ChainedLog.Verify(database.File, AuditKeys.None).Fault?.Kind);

        using var log = new AuditLog(database, new FakeTimeProvider());
        await log.AppendAsync(Note("a"), TestContext.Current.CancellationToken);
        var begun = (await log.FindAsync(4, TestContext.Current.CancellationToken))!;
        Assert.Equal(PreChainRows.What, begun.What);
        Assert.Equal((3, 1, 3), PreChainRows.Parse(begun.After) is { } lines ? (lines.Count, lines.FirstId, lines.LastId) : default);
        var verdict = ChainedLog.Verify(database.File, AuditKeys.None, log.Head);
        Assert.Equal((null, 5, 3, 2), (verdict.Fault, verdict.Rows, verdict.Earlier, verdict.Unkeyed));

        const string open = "DROP TRIGGER IF EXISTS Audit_no_update; DROP TRIGGER IF EXISTS Audit_no_delete;";
        await database.ExecuteAsync(open + "UPDATE Audit SET Why = 'another' WHERE Id = 2");
        Assert.Equal((1, AuditFaultKind.Changed), Fault(database));
        await database.ExecuteAsync("UPDATE Audit SET Why = 'because' WHERE Id = 2");
        Assert.Null(ChainedLog.Verify(database.File, AuditKeys.None).Fault);
        await database.ExecuteAsync("DELETE FROM Audit WHERE Id = 2");
        Assert.Equal((2, AuditFaultKind.Removed), Fault(database));
    }

    [Fact]
    public async Task Append_HashesRemovedFromTheFirstRows_IsDetected()
    {
        using var log = await ChainedLog.CreateAsync(5);
        await log.TamperAsync("UPDATE Audit SET Hash = NULL, Who = 'another' WHERE Id <= 2");
        Assert.Equal((1, AuditFaultKind.Inserted), (log.Verify().Fault?.Row, log.Verify().Fault?.Kind));
        await log.TamperAsync("UPDATE Audit SET Hash = NULL");
        Assert.Equal(AuditFaultKind.NoChain, log.Verify().Fault?.Kind);
    }

    [Fact]
    public async Task Append_NewKeyBeforeTheFormer_GoesOn_AndTheFormerCannotComeBack()
    {
        using var log = await ChainedLog.CreateAsync(2, secret: null);
        string old = new('o', 32), fresh = new('n', 32);
        using var keyed = new AuditLog(log.Database, log.Clock, new AuditKeys([old]));
        await keyed.AppendAsync(Note("b"), TestContext.Current.CancellationToken);
        var both = new AuditKeys([fresh, old]);
        using var renewed = new AuditLog(log.Database, log.Clock, both);
        await renewed.AppendAsync(Note("c"), TestContext.Current.CancellationToken);
        var verdict = log.Verify(keys: both);
        Assert.Equal((null, 2, 2), (verdict.Fault, verdict.Keyed, verdict.Unkeyed));
        await keyed.AppendAsync(Note("d"), TestContext.Current.CancellationToken);
        Assert.Equal((5, AuditFaultKind.KeyStepsBack), (log.Verify(keys: both).Fault?.Row, log.Verify(keys: both).Fault?.Kind));
    }

    [Fact]
    public async Task Append_WithoutTheKeyOfAKeyedLog_IsRefusedWithWhatToDo()
    {
        using var log = await ChainedLog.CreateAsync(1);
        using var keyless = new AuditLog(log.Database, log.Clock);
        var refusal = await Assert.ThrowsAsync<AuditUnavailableException>(() => keyless.AppendAsync(Note("a"), TestContext.Current.CancellationToken));
        Assert.Contains("Audit:KeyFile", refusal.Message);
        Assert.True(log.Verify(log.Log.Head).IsIntact);
    }

    [Fact]
    public async Task Retention_EverythingTooOldAndTooLarge_LeavesTheAuditLogIntact()
    {
        using var log = await ChainedLog.CreateAsync(40);
        await log.Database.ExecuteAsync("INSERT INTO Terminations (Uid, Namespace, Pod, PodIp, Node, AskedMs, Cause, HasPreStop) VALUES ('u1', 'shop', 'a', '10.1.0.5', 'node1', 1, 0, 0)");
        using var blocks = new BlockArchive(log.Database);
        var keep = new HistoryRetention(
            new(TimeSpan.FromHours(3), TimeSpan.FromDays(1), TimeSpan.FromDays(1)), new(TimeSpan.FromDays(1), TimeSpan.FromDays(1), TimeSpan.FromDays(1)), TimeSpan.FromDays(1), Bytes: 1);
        log.Clock.Advance(TimeSpan.FromDays(9_999));
        var retention = new Retention(blocks, keep, log.Clock);
        for (int i = 0; i < 60; i++)
            retention.Portion();
        Assert.Equal(0, blocks.Rows.Number("SELECT COUNT(*) FROM Terminations"));
        var verdict = log.Verify(log.Log.Head);
        Assert.Equal((null, 40), (verdict.Fault, verdict.Rows));
    }

    private static (long?, AuditFaultKind?) Fault(TestDatabase database) =>
        ChainedLog.Verify(database.File, AuditKeys.None).Fault is { } fault ? (fault.Row, fault.Kind) : default;

    private sealed class LogLines : ILogger<AuditLog>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
