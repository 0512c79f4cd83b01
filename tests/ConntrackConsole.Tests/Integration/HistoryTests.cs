using System.Net;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Timeline.Rollup;
using Microsoft.Data.Sqlite;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Integration;

/// <summary>Stored history through the whole console: frames over the hub, blocks, a restart, the API.</summary>
public sealed class HistoryTests : IAsyncLifetime
{
    // Ten minutes ago, at a whole minute.
    private readonly long _t0 = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 60_000 * 60_000) - 600_000;
    private ConsoleHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ConsoleHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Restart_WithoutFrames_ReturnsSameHistory()
    {
        await using (var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token))
        {
            await collector.ConnectAsync();
            for (int second = 1; second <= 240; second++)
                collector.Send(Frame((ulong)second, _t0 + (second * 1000L), second % 60 == 1, (Group, (uint)(4 + (second % 9)), 0)));
            await Eventually.TrueAsync(() => collector.StoredOf(1).Count == 240, TimeSpan.FromSeconds(30));
        }

        var live = _host.Get<TimelineStore>().Query(new TimelineQuery(_t0, _t0 + 240_000, 240));
        _host.Get<RollupWorker>().RollUp(all: true);
        _host.Get<RollupWorker>().RollUp(all: true);
        // For the first three minutes only the blocks are left.
        Execute($"DELETE FROM Frames WHERE AtMs < {_t0 + 170_000}; DELETE FROM FramePacks WHERE FirstMs < {_t0 + 170_000}");
        _host = await _host.RestartAsync();
        await using var again = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await again.ConnectAsync();
        for (int second = 241; second <= 300; second++)
            again.Send(Frame((ulong)second, _t0 + (second * 1000L), second % 60 == 1, (Group, (uint)(4 + (second % 9)), 0)));
        await Eventually.TrueAsync(() => again.StoredOf(1).Count == 60, TimeSpan.FromSeconds(30));

        var view = await _host.Get<TimelineQueryService>().QueryAsync(new TimelineQuery(_t0, _t0 + 300_000, 300), TestContext.Current.CancellationToken);
        int[] entries = Assert.Single(Assert.Single(view.Services).Backends).Entries;
        Assert.Equal(live.Services[0].Backends[0].Entries[..239], entries[..239]);
        Assert.Equal(Enumerable.Range(240, 60).Select(second => 4 + ((second + 1) % 9)), entries[240..]);
    }

    [Fact]
    public async Task Timeline_OverHttp_IsJsonWithColumns()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        collector.Send(Frame(1, _t0 + 1_000, true, (Group, 4, 0)));
        collector.Send(Frame(2, _t0 + 2_000, false, (Group, 12, 1)));
        await Eventually.TrueAsync(() => collector.StoredOf(1).Count == 2, TimeSpan.FromSeconds(30));
        using var browser = await SignedInAsync();
        using var answer = await browser.GetAsync($"/api/v1/timeline?backends=all&from={Rfc(_t0)}&to={Rfc(_t0 + 3_000)}&step=1", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var root = json.RootElement;
        Assert.Equal((3, 1_000), (root.GetProperty("columns").GetInt32(), root.GetProperty("stepMs").GetInt32()));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(_t0), root.GetProperty("from").GetDateTimeOffset());
        var backend = root.GetProperty("services")[0].GetProperty("backends")[0];
        Assert.Equal([4, 12, -1], backend.GetProperty("entries").EnumerateArray().Select(v => v.GetInt32()));
        Assert.Equal([0, 1, -1], backend.GetProperty("leftovers").EnumerateArray().Select(v => v.GetInt32()));
        Assert.Equal("unknown", backend.GetProperty("owner").GetString());
        Assert.Equal(3, root.GetProperty("resets").GetProperty("unNated").GetArrayLength());
    }

    [Theory]
    [InlineData("from=yesterday", "query.invalid_time", "RFC 3339")]
    [InlineData("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "query.range_reversed", "'from' must be earlier than 'to'.")]
    [InlineData("from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "query.range_reversed", "earlier")]
    [InlineData("from=1969-01-02T00:00:00Z", "query.too_early", "1970")]
    [InlineData("columns=4097", "query.out_of_range", "4096")]
    [InlineData("columns=0", "query.out_of_range", "4096")]
    [InlineData("backends=some", "query.not_a_number", "'backends'")]
    [InlineData("backends=0", "query.out_of_range", "1 to 4096")]
    [InlineData("step=0", "query.invalid_step", "10s")]
    [InlineData("step=m", "query.invalid_step", "10s")]
    [InlineData("from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&step=1s", "query.too_many_columns", "654s or more")]
    [InlineData("step=10s&columns=5", "query.conflict", "one of them")]
    [InlineData("till=now", "query.unknown_parameter", "'till'")]
    [InlineData("node=a&node=b", "query.repeated_parameter", "once")]
    public async Task Timeline_InvalidQuery_ReportsWhatToDo(string asked, string code, string expected)
    {
        using var browser = await SignedInAsync();
        using var answer = await browser.GetAsync($"/api/v1/timeline?{asked}", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(code, json.RootElement.GetProperty("code").GetString());
        Assert.Contains(expected, json.RootElement.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Timeline_WithoutASession_Is401()
    {
        using var stranger = new HttpClient { BaseAddress = new Uri(_host.Url) };
        using var answer = await stranger.GetAsync("/api/v1/timeline", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task DamagedDatabase_IsRenamed_AndTheTimelineShowsIt()
    {
        await _host.App.StopAsync(TestContext.Current.CancellationToken);
        await _host.App.DisposeAsync();
        SqliteConnection.ClearAllPools();
        string file = Path.Combine(_host.Folder.FullName, "console.db");
        await File.WriteAllBytesAsync(file, new byte[8_192], TestContext.Current.CancellationToken);
        _host = await ConsoleHost.StartAsync(_host.Folder);
        var view = _host.Get<TimelineStore>().Query(new TimelineQuery(_t0, _t0 + 700_000, 10));
        Assert.Contains(view.Gaps, g => g.Text.Contains("renamed to"));
        var rows = await _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "storage.damaged"), TestContext.Current.CancellationToken);
        Assert.Equal(StartupErrorCodes.DatabaseDamaged, Assert.Single(rows).Code);
        Assert.Single(Directory.GetFiles(_host.Folder.FullName, "console.db.damaged-*"), f => new FileInfo(f).Length == 8_192);
    }

    private async Task<HttpClient> SignedInAsync()
    {
        var browser = new HttpClient { BaseAddress = new Uri(_host.Url) };
        await browser.GetAsync($"/signin?token={ConsoleHost.SignInToken}", TestContext.Current.CancellationToken);
        return browser;
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_host.Folder.FullName}/console.db;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static string Rfc(long atMs) => DateTimeOffset.FromUnixTimeMilliseconds(atMs).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
