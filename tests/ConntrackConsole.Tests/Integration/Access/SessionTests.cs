using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Access;

/// <summary>What a session cookie permits, verified by real requests.</summary>
public sealed class SessionTests : IAsyncLifetime
{
    private const string Olivia = "token-of-olivia-in-the-test", Arthur = "token-of-arthur-in-the-test";

    private readonly List<HttpClient> _browsers = [];
    private ConsoleHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ConsoleHost.StartWithAsync(null, Links("olivia=operator", "arthur=admin"));

    public async ValueTask DisposeAsync()
    {
        foreach (var browser in _browsers)
            browser.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Link_OfEach_GivesThatPersonsRoleOnce()
    {
        using var signedIn = await (await BrowserAsync()).GetAsync($"/signin?token={Olivia}", Ct);
        string cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie"));
        Assert.Matches("^conntrack-console-[0-9a-f]{8}=", cookie);
        Assert.Contains("; samesite=lax; httponly", cookie, StringComparison.Ordinal);
        await BrowserAsync(Arthur);
        using var again = await (await BrowserAsync()).GetAsync($"/signin?token={Arthur}", Ct);
        Assert.Equal(HttpStatusCode.Forbidden, again.StatusCode);

        var rows = (await AuditAsync("signin")).Reverse().ToList();
        Assert.Equal([("olivia", "operator"), ("arthur", "admin")], rows.Select(row => (row.Who, row.Roles)));
        Assert.Equal(2, rows.Select(row => row.Session).Distinct().Count());
    }

    [Fact]
    public async Task Session_Expired_Is401ForProgramsAndPages()
    {
        var browser = await BrowserAsync(Olivia);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/api/v1/terminations", Ct)).StatusCode);
        await ChangeAsync(row => row.UntilMs = 1);

        using var api = await browser.GetAsync("/api/v1/terminations", Ct);
        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (api.StatusCode, api.Content.Headers.ContentType!.MediaType));
        var problem = await api.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal("auth.session_expired", problem.GetProperty("code").GetString());
        Assert.StartsWith("Your session has expired: sessions last 12 hours. Open the sign-in link", problem.GetProperty("detail").GetString());
        using var page = await browser.GetAsync("/", Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, page.StatusCode);
        string html = await page.Content.ReadAsStringAsync(Ct);
        Assert.Contains("Your session has expired", html, StringComparison.Ordinal);
        Assert.Contains("<code>auth.session_expired</code>", html, StringComparison.Ordinal);
        // Nor can a circuit be opened with it.
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/_blazor/negotiate?negotiateVersion=1", null, Ct)).StatusCode);
    }

    [Fact]
    public async Task Session_EndedByAdmin_IsRejectedAtNextRequest()
    {
        var browser = await BrowserAsync(Olivia);
        string olivia = Assert.Single(await AuditAsync("signin")).Session!;
        await BrowserAsync(Arthur);
        var admin = new Principal("arthur", Role.Admin, (await AuditAsync("signin"))[0].Session!, null);
        Assert.Null(await _host.Get<Sessions>().EndOtherAsync(admin, olivia, "a lost laptop", Ct));

        using var answer = await browser.GetAsync("/api/v1/terminations", Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("auth.session_ended", (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Restart_WithoutUsersLink_EndsOnlyThatSession()
    {
        var (olivia, arthur) = (await BrowserAsync(Olivia), await BrowserAsync(Arthur));
        _host = await _host.RestartWithAsync(Links("arthur=viewer"));
        // Cookies ignore ports: the restarted console, on another one, receives them.
        var terminations = new Uri($"{_host.Url}/api/v1/terminations");
        using var gone = await olivia.GetAsync(terminations, Ct);
        Assert.Equal("auth.link_removed", (await gone.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.OK, (await arthur.GetAsync(terminations, Ct)).StatusCode);
    }

    [Fact]
    public async Task SignIn_AsOtherUserInSameBrowser_EndsFirstSession()
    {
        var browser = await BrowserAsync(Olivia);
        using var second = await browser.GetAsync($"/signin?token={Arthur}", Ct);
        Assert.Equal(HttpStatusCode.Redirect, second.StatusCode);
        var row = Assert.Single(await AuditAsync("signout"));
        Assert.Equal(("olivia", "The same browser signed in as arthur"), (row.Who, row.Why));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/api/v1/terminations", Ct)).StatusCode);
    }

    [Fact]
    public async Task SignIn_AuditLogCannotBeWritten_LeavesTheLinkUnused()
    {
        await using (var db = await DatabaseAsync())
            await db.Database.ExecuteSqlRawAsync("CREATE TRIGGER full BEFORE INSERT ON Audit BEGIN SELECT RAISE(ABORT, 'disk full'); END", Ct);
        using var failed = await (await BrowserAsync()).GetAsync($"/signin?token={Olivia}", Ct);
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.False(failed.Headers.Contains("Set-Cookie"));
        await using (var db = await DatabaseAsync())
            await db.Database.ExecuteSqlRawAsync("DROP TRIGGER full", Ct);
        Assert.Equal(HttpStatusCode.OK, (await (await BrowserAsync(Olivia)).GetAsync("/api/v1/terminations", Ct)).StatusCode);
    }

    [Fact]
    public async Task SignOut_WithoutPageForm_IsRejected()
    {
        var browser = await BrowserAsync(Olivia);
        using var answer = await browser.PostAsync("/signout", new FormUrlEncodedContent([]), Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/api/v1/terminations", Ct)).StatusCode);
        Assert.Empty(await AuditAsync("signout"));
    }

    [Theory]
    [InlineData("text/plain", null, HttpStatusCode.UnsupportedMediaType, "request.not_json")]
    [InlineData("application/json", "http://evil.example", HttpStatusCode.Forbidden, "request.foreign_origin")]
    [InlineData("application/json", null, HttpStatusCode.MethodNotAllowed, "request.method_not_allowed")]
    public async Task Change_FromAForeignPage_DoesNotReachTheApi(string type, string? origin, HttpStatusCode expected, string code)
    {
        var browser = await BrowserAsync(Olivia);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/terminations") { Content = new StringContent("{}", Encoding.UTF8, type) };
        if (origin is not null)
            request.Headers.Add("Origin", origin);
        using var answer = await browser.SendAsync(request, Ct);
        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(code, (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString());
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string[] Links(params string[] links) =>
    [
        .. links.Select(link => link.Split('=')).SelectMany((link, place) => new[]
        {
            $"--Identity:Links:{place}:Name={link[0]}", $"--Identity:Links:{place}:Role={link[1]}",
            $"--Identity:Links:{place}:Token={(link[0] == "olivia" ? Olivia : Arthur)}",
        }),
    ];

    private async Task<HttpClient> BrowserAsync(string? token = null)
    {
        var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_host.Url) };
        _browsers.Add(browser);
        if (token is not null)
        {
            using var answer = await browser.GetAsync($"/signin?token={token}", Ct);
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        }

        return browser;
    }

    private async Task ChangeAsync(Action<SessionRow> change)
    {
        await using var db = await DatabaseAsync();
        change(await db.Sessions.SingleAsync(Ct));
        await db.SaveChangesAsync(Ct);
    }

    private Task<ConsoleDb> DatabaseAsync() => _host.Get<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(Ct);

    private Task<IReadOnlyList<AuditEntry>> AuditAsync(string what) => _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: what), Ct);
}
