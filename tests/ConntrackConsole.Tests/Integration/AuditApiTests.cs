using System.Net;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.VisualBasic.FileIO;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

public sealed class AuditApiTests : IAsyncLifetime
{
    private const string Address = "/api/v1/audit";

    private ConsoleHost _host = null!;
    private HttpClient _program = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ConsoleHost.StartAsync();
        _program = new HttpClient { BaseAddress = new Uri(_host.Url) };
        await _program.GetAsync($"/signin?token={ConsoleHost.SignInToken}", TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _program.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Start_AndEnd_AreRows_WithTheConfiguration_WithoutSecrets()
    {
        var started = Assert.Single(await RowsAsync("what=console.started&format=jsonl"));
        using var after = JsonDocument.Parse(Text(started, "after")!);
        Assert.Equal(Environment.MachineName, after.RootElement.GetProperty("host").GetString());
        var configuration = after.RootElement.GetProperty("configuration");
        Assert.Equal(("(set)", "(set)", "false", _host.Folder.FullName), (
            configuration.GetProperty("Collectors:Token").GetString(), configuration.GetProperty("Identity:SignInToken").GetString(),
            configuration.GetProperty("Kubernetes:Enabled").GetString(), configuration.GetProperty("Storage:DataDirectory").GetString()));
        Assert.DoesNotContain(ConsoleHost.Token, started.GetRawText());
        _program.Dispose();
        _host = await _host.RestartAsync();
        _program = new HttpClient { BaseAddress = new Uri(_host.Url) };
        await _program.GetAsync($"/signin?token={ConsoleHost.SignInToken}", TestContext.Current.CancellationToken);
        Assert.Equal(["console.started", "console.stopped", "console.started"], (await RowsAsync("what=console&format=jsonl")).Select(r => Text(r, "what")));
        Assert.True((await _host.Get<AuditVerifier>().VerifyAsync(TestContext.Current.CancellationToken)).IsIntact);
    }

    [Fact]
    public async Task Get_WithoutSession_Is401()
    {
        using var stranger = new HttpClient { BaseAddress = new Uri(_host.Url) };
        using var answer = await stranger.GetAsync(Address + "?format=csv", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    [Theory]
    [InlineData("from=yesterday", "query.invalid_time")]
    [InlineData("to=2026-13-01T00:00:00Z", "query.invalid_time")]
    [InlineData("from=2026-11-24T12:00:00Z&to=2026-11-24T11:00:00Z", "query.range_reversed")]
    [InlineData("limit=5001", "query.out_of_range")]
    [InlineData("continue=x", "query.invalid_continue")]
    [InlineData("format=xml", "query.unknown_value")]
    public async Task Get_WrongQuestion_Is400WithACode(string query, string code)
    {
        using var answer = await _program.GetAsync($"{Address}?{query}", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(code, Text(problem.RootElement, "code"));
    }

    [Fact]
    public async Task Get_Pages_AreWholeAndNewestFirst_AndFiltersHold()
    {
        await AddAsync(25);
        var ids = new List<long>();
        string? next = "";
        while (next is not null)
        {
            using var page = JsonDocument.Parse(await TextAsync($"what=flush&limit=10&continue={next}"));
            ids.AddRange(page.RootElement.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetInt64()));
            next = page.RootElement.GetProperty("continue").GetString();
        }

        Assert.Equal(25, ids.Count);
        Assert.Equal(ids.OrderDescending(), ids);
        Assert.Equal("who-3", Text(Assert.Single(await RowsAsync("who=who-3&format=jsonl")), "who"));
        Assert.Equal("10.1.0.7", Text(Assert.Single(await RowsAsync("target=10.1.0.7&format=jsonl")), "target"));
        Assert.Equal("action-9", Text(Assert.Single(await RowsAsync("action=action-9&format=jsonl")), "actionId"));
        Assert.Empty(await RowsAsync("from=2099-01-01T00:00:00Z&format=jsonl"));
        Assert.Empty(await RowsAsync("to=2001-01-01T00:00:00Z&format=jsonl"));
        Assert.Equal(2, (await RowsAsync("limit=2&format=jsonl")).Count);
    }

    [Fact]
    public async Task Get_Streams_HaveEveryRow_BeyondWhatAPageMayHave()
    {
        await _host.Get<AuditLog>().AppendAsync(Note(0), TestContext.Current.CancellationToken);
        const int count = AuditLog.MaxRead + 200;
        await using (var db = await _host.Get<Microsoft.EntityFrameworkCore.IDbContextFactory<ConntrackConsole.Storage.ConsoleDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken))
        {
            await Microsoft.EntityFrameworkCore.RelationalDatabaseFacadeExtensions.ExecuteSqlRawAsync(
                db.Database,
                $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) INSERT INTO Audit (AtMs, Who, What, Why, Result, ActionId, Hash) SELECT i, 'many', 'flush.many', 'x', 'ok', 'm', 'x' FROM n",
                TestContext.Current.CancellationToken);
        }

        Assert.Equal(count, (await RowsAsync("what=flush.many&format=jsonl")).Count);
        Assert.Equal(count + 1, (await TextAsync("what=flush.many&format=csv")).Split("\r\n")[..^1].Length);
    }

    [Fact]
    public async Task Get_Csv_ReadsBackAsItWas_AndRunsNoFormula()
    {
        string[] hard = ["=1+1", "+1", "-1", "@x", "\t=1", "a,b", "say \"no\"", "two\r\nlines", " blank ", "ü🙂", "'", ""];
        foreach (string text in hard)
            await _host.Get<AuditLog>().AppendAsync(Note(1) with { What = "csv", Why = text }, TestContext.Current.CancellationToken);
        using var answer = await _program.GetAsync($"{Address}?what=csv&format=csv", TestContext.Current.CancellationToken);
        Assert.Equal("text/csv", answer.Content.Headers.ContentType?.MediaType);
        Assert.Matches(@"^audit-\d{8}-\d{6}\.csv$", answer.Content.Headers.ContentDisposition!.FileName!.Trim('"'));
        using var parser = new TextFieldParser(new StringReader(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)))
        {
            TextFieldType = FieldType.Delimited, Delimiters = [","], HasFieldsEnclosedInQuotes = true, TrimWhiteSpace = false,
        };
        string[] head = parser.ReadFields()!;
        int why = Array.IndexOf(head, "why");
        var read = new List<string>();
        while (!parser.EndOfData)
        {
            string[] fields = parser.ReadFields()!;
            Assert.Equal(head.Length, fields.Length);
            read.Add(fields[why]);
        }

        read.Reverse();
        Assert.Equal(hard.Select(h => h.Length > 0 && "=+-@\t".Contains(h[0]) ? "'" + h : h), read);
    }

    private static AuditNote Note(int i) => new($"who-{i}", "127.0.0.1", "flush.requested", "node1", $"10.1.0.{i}", "because", null, null, "ok", 1, $"action-{i}");

    private async Task AddAsync(int rows)
    {
        for (int i = 0; i < rows; i++)
            await _host.Get<AuditLog>().AppendAsync(Note(i), TestContext.Current.CancellationToken);
    }

    private async Task<List<JsonElement>> RowsAsync(string query) =>
        [.. (await TextAsync(query)).Split('\n')[..^1].Select(l => JsonDocument.Parse(l).RootElement)];

    private async Task<string> TextAsync(string query)
    {
        using var answer = await _program.GetAsync($"{Address}?{query}", TestContext.Current.CancellationToken);
        string body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, body);
        return body;
    }

    private static string? Text(JsonElement item, string name) => item.GetProperty(name).GetString();
}
