using ConntrackConsole.Audit;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Audit;

public sealed class AuditLogTests : IAsyncLifetime
{
    private readonly TestDatabase _database = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
    private AuditLog _log = null!;

    public async ValueTask InitializeAsync()
    {
        await Database.OpenAsync(_database, TestContext.Current.CancellationToken);
        _log = new AuditLog(_database, _clock);
    }

    public ValueTask DisposeAsync()
    {
        _database.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Read_Filters_NewestFirst()
    {
        await AddAsync("flush.requested", "10.1.0.5", "a");
        _clock.Advance(TimeSpan.FromMinutes(1));
        var second = await AddAsync("flush.completed", "10.1.0.5", "a");
        await AddAsync("signin", null, "b");
        var all = await ReadAsync(new AuditFilter());
        Assert.Equal(["signin", "flush.completed", "flush.requested"], all.Select(e => e.What));
        Assert.Equal(second, all[1]);
        Assert.Equal(2, (await ReadAsync(new AuditFilter(What: "flush"))).Count);
        Assert.Equal(2, (await ReadAsync(new AuditFilter(Target: "10.1.0.5"))).Count);
        Assert.Equal("signin", Assert.Single(await ReadAsync(new AuditFilter(ActionId: "b"))).What);
        Assert.Equal(2, (await ReadAsync(new AuditFilter(FromTime: _clock.GetUtcNow()))).Count);
        Assert.Equal("flush.requested", Assert.Single(await ReadAsync(new AuditFilter(BeforeId: second.Id))).What);
        Assert.Single(await ReadAsync(new AuditFilter(Limit: 1)));
    }

    [Theory]
    [InlineData("UPDATE Audit SET Who = 'mallory'")]
    [InlineData("DELETE FROM Audit")]
    [InlineData("INSERT OR REPLACE INTO Audit (Id, AtMs, Who, What, Why, Result, ActionId) VALUES (1, 0, 'x', 'x', 'x', 'x', 'x')")]
    public async Task Row_OnceWritten_CannotBeChangedByAnyStatement(string sql)
    {
        var entry = await AddAsync("flush.requested", "10.1.0.5", "a");
        Assert.Equal(1, entry.Id);
        var refusal = await Assert.ThrowsAsync<SqliteException>(() => _database.ExecuteAsync(sql));
        Assert.Contains("append-only", refusal.Message);
        Assert.Equal(entry, Assert.Single(await ReadAsync(new AuditFilter())));
    }

    private Task<AuditEntry> AddAsync(string what, string? target, string action) => _log.AppendAsync(
        new AuditNote("operator", "127.0.0.1", what, "node1", target, "because", "before", "after", "ok", 5, action), TestContext.Current.CancellationToken);

    private Task<IReadOnlyList<AuditEntry>> ReadAsync(AuditFilter filter) => _log.ReadAsync(filter, TestContext.Current.CancellationToken);
}
