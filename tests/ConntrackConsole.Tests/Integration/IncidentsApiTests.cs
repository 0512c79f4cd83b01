using System.Net;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Tests.Integration.Hosting;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

/// <summary>Incidents over the API of the real console.</summary>
public sealed class IncidentsApiTests : IAsyncLifetime
{
    private const string Path = "/api/v1/incidents";

    private ConsoleHost _host = null!;
    private HttpClient _program = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await ConsoleHost.StartAsync();
        _program = new HttpClient { BaseAddress = new Uri(_host.Url) };
        await _program.GetAsync($"/signin?token={ConsoleHost.SignInToken}", Ct);
    }

    public async ValueTask DisposeAsync()
    {
        _program.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Incident_OpenedWrittenClosedAndListed()
    {
        var opened = await PostAsync(Path, $$"""{"title":"Orders reset","from":"{{Ago(10)}}","namespace":"shop","service":"orders"}""", 201);
        string id = opened.GetProperty("id").GetString()!;
        Assert.Equal(("open", "manual", true), (opened.GetProperty("state").GetString(), opened.GetProperty("via").GetString(), opened.GetProperty("pinned").GetBoolean()));
        await PostAsync($"{Path}/{id}/notes", """{"text":"Rolled back"}""", 200);
        var edited = await PostAsync($"{Path}/{id}/notes/1", """{"text":"Rolled back at 10:05"}""", 200);
        Assert.Equal(["Rolled back", "Rolled back at 10:05"], edited.GetProperty("notes")[0].GetProperty("versions").EnumerateArray().Select(version => version.GetProperty("text").GetString()));
        var pinned = await PostAsync($"{Path}/{id}/events", $$"""{"kind":"resets","at":"{{Ago(5)}}","text":"200 resets"}""", 200);
        long number = pinned.GetProperty("events")[0].GetProperty("id").GetInt64();
        Assert.Empty((await PostAsync($"{Path}/{id}/events/{number}/remove", "", 200)).GetProperty("events").EnumerateArray());
        Assert.Contains("Grace", (await PostAsync($"{Path}/{id}/participants", """{"name":"Grace"}""", 200)).GetProperty("participants").EnumerateArray().Select(name => name.GetString()));
        await PostAsync($"{Path}/{id}/update", $$"""{"title":"Orders and cart","from":"{{Ago(20)}}","to":"{{Ago(1)}}"}""", 200);
        Assert.Equal("closed", (await PostAsync($"{Path}/{id}/close", "", 200)).GetProperty("state").GetString());
        Assert.False((await PostAsync($"{Path}/{id}/release", "", 200)).GetProperty("pinned").GetBoolean());
        await PostAsync($"{Path}/{id}/reopen", "", 200);

        using var one = JsonDocument.Parse(await _program.GetStringAsync($"{Path}/{id}", Ct));
        Assert.Equal("Orders and cart", one.RootElement.GetProperty("title").GetString());
        await PostAsync(Path, $$"""{"title":"second","from":"{{Ago(3)}}"}""", 201);
        using var page = JsonDocument.Parse(await _program.GetStringAsync($"{Path}?limit=1", Ct));
        Assert.Single(page.RootElement.GetProperty("incidents").EnumerateArray());
        using var rest = JsonDocument.Parse(await _program.GetStringAsync($"{Path}?limit=10&continue={page.RootElement.GetProperty("continue").GetString()}", Ct));
        Assert.Single(rest.RootElement.GetProperty("incidents").EnumerateArray());
        Assert.Equal(
            ["incident.opened", "incident.note", "incident.note-edited", "incident.pinned", "incident.unpinned", "incident.participant", "incident.updated", "incident.closed", "incident.released", "incident.reopened"],
            (await _host.Get<AuditLog>().ReadAsync(new AuditFilter(ActionId: id), Ct)).Reverse().Select(row => row.What));
    }

    [Theory]
    [InlineData("", "{}", 400, "incident.invalid_window")]
    [InlineData("", "{\"title\":\"x\",\"from\":\"yesterday\"}", 400, "incident.invalid_window")]
    [InlineData("", "{\"title\":\"\",\"from\":\"2026-11-01T00:00:00Z\",\"to\":\"2026-11-01T01:00:00Z\"}", 400, "incident.invalid_text")]
    [InlineData("", "{\"title\":\"x\",\"from\":\"2026-11-01T00:00:00Z\",\"to\":\"2026-11-03T01:00:00Z\"}", 400, "incident.invalid_window")]
    [InlineData("", "{\"title\":\"x\",\"since\":\"2026-11-01T00:00:00Z\"}", 400, "request.invalid_json")]
    [InlineData("", "{\"finding\":\"finding-none\"}", 404, "incident.no_such_finding")]
    [InlineData("", "{\"finding\":\"finding-none\",\"from\":\"2026-11-01T00:00:00Z\",\"to\":\"2026-11-01T01:00:00Z\"}", 404, "incident.no_such_finding")]
    [InlineData("/inc-none/close", "", 404, "incident.not_found")]
    [InlineData("/inc-none/notes", "{\"text\":\"x\"}", 404, "incident.not_found")]
    [InlineData("/inc-none/events", "{\"kind\":\"pod\",\"at\":\"2026-11-01T00:00:00Z\",\"text\":\"x\"}", 400, "incident.invalid_text")]
    [InlineData("/inc-none/events", "{\"kind\":\"other\",\"text\":\"x\"}", 400, "incident.invalid_window")]
    [InlineData("/inc-none/update", "{\"title\":\"x\"}", 400, "incident.invalid_window")]
    [InlineData("/alertmanager", "{}", 400, "incident.not_an_alert")]
    [InlineData("/alertmanager", "", 400, "incident.not_an_alert")]
    public async Task Post_Impossible_IsRefusedWithCode(string path, string body, int status, string code) =>
        Assert.Equal(code, (await PostAsync(Path + path, body, status)).GetProperty("code").GetString());

    [Theory]
    [InlineData("/inc-none", 404, "incident.not_found")]
    [InlineData("?limit=0", 400, "query.out_of_range")]
    [InlineData("?continue=x", 400, "query.invalid_continue")]
    [InlineData("?state=open", 400, "query.unknown_parameter")]
    [InlineData("/inc-none/export", 404, "incident.not_found")]
    [InlineData("/inc-none/export?format=pdf", 400, "query.unknown_value")]
    [InlineData("/inc-none/export?redact=yes", 400, "query.unknown_value")]
    [InlineData("/inc-none/export?format=file&redact=true", 400, "query.conflict")]
    public async Task Get_Impossible_IsRefusedWithCode(string path, int status, string code)
    {
        using var answer = await _program.GetAsync(Path + path, Ct);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
        Assert.Equal((status, code), ((int)answer.StatusCode, problem.RootElement.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Alertmanager_RepeatedMessages_AreOneIncident()
    {
        string message = $$"""{"version":"4","groupKey":"k","status":"firing","receiver":"r","commonLabels":{"alertname":"Resets"},"alerts":[{"status":"firing","startsAt":"{{Ago(2)}}","endsAt":"0001-01-01T00:00:00Z"}]}""";
        var first = await PostAsync($"{Path}/alertmanager", message, 200);
        var second = await PostAsync($"{Path}/alertmanager", message, 200);
        Assert.Equal((true, false), (first.GetProperty("opened").GetBoolean(), second.GetProperty("opened").GetBoolean()));
        Assert.Equal(first.GetProperty("incident").GetProperty("id").GetString(), second.GetProperty("incident").GetProperty("id").GetString());
        var resolved = await PostAsync($"{Path}/alertmanager", $$"""{"version":"4","groupKey":"k","status":"resolved","alerts":[{"status":"resolved","startsAt":"{{Ago(2)}}","endsAt":"{{Ago(1)}}"}]}""", 200);
        Assert.Equal(Ago(1), resolved.GetProperty("incident").GetProperty("to").GetString()![..19] + "Z");
    }

    [Fact]
    public async Task Alertmanager_TooLargeBody_IsRefused() =>
        Assert.Equal("request.body_too_large", (await PostAsync($"{Path}/alertmanager", $$"""{"version":"{{new string('4', 1 << 20)}}"}""", 400)).GetProperty("code").GetString());

    [Theory]
    [InlineData("")]
    [InlineData("/alertmanager")]
    public async Task Post_WithoutSession_Is401(string path)
    {
        using var stranger = new HttpClient { BaseAddress = new Uri(_host.Url) };
        using var answer = await stranger.PostAsync(Path + path, new StringContent("{}", Encoding.UTF8, "application/json"), Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Theory]
    [InlineData("markdown", "text/markdown", @"# Orders \<b\>reset", "md")]
    [InlineData("html", "text/html", "<h1>Orders &lt;b&gt;reset</h1>", "html")]
    [InlineData("csv", "text/csv", "at,kind,title,text,who,reference\r\n", "csv")]
    [InlineData("json", "application/json", "\"version\": 1", "json")]
    public async Task Export_EachFormat_IsAFileOfItsType(string format, string mediaType, string part, string extension)
    {
        string id = (await PostAsync(Path, $$"""{"title":"Orders <b>reset","from":"{{Ago(10)}}"}""", 201)).GetProperty("id").GetString()!;
        using var answer = await _program.GetAsync($"{Path}/{id}/export?format={format}", Ct);
        Assert.Equal((HttpStatusCode.OK, mediaType, $"{id}.{extension}"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, answer.Content.Headers.ContentDisposition?.FileName));
        Assert.Contains(part, await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    private async Task<JsonElement> PostAsync(string path, string body, int status)
    {
        using var answer = await _program.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), Ct);
        string text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode}: {text}");
        using var json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }

    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;

    private string Ago(int minutes) => _now.AddMinutes(-minutes).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
