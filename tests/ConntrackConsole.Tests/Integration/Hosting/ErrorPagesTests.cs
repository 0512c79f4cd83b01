using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Hosting;

/// <summary>What a browser and an API client get for requests that fail.</summary>
public sealed class ErrorPagesTests : IAsyncLifetime
{
    private ConsoleHost _host = null!;
    private HttpClient _browser = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ConsoleHost.StartAsync();
        _browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_host.Url) };
        using var signedIn = await _browser.GetAsync($"/signin?token={ConsoleHost.SignInToken}", Ct);
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _host.DisposeAsync();
    }

    [Theory]
    [InlineData("/nothing-here")]
    [InlineData("/nothing/below/it?x=<script>")]
    [InlineData("/errors/404")]
    [InlineData("/rollout")]
    public async Task Browser_UnknownAddress_GetsTheNotFoundPage(string path)
    {
        var (status, html) = await PageAsync(HttpMethod.Get, path);

        Assert.Equal(HttpStatusCode.NotFound, status);
        // The shell of the pages, so that the circuit draws the product's page; and the same without one.
        Assert.Contains("_framework/blazor.web", html, StringComparison.Ordinal);
        Assert.Contains("<!--Blazor:{\"type\":\"server\"", html, StringComparison.Ordinal);
        Assert.Contains("Page not found", html, StringComparison.Ordinal);
        Assert.Contains("href=\"/checks\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>\"", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PUT", "/checks", 405, "request.method_not_allowed")]
    [InlineData("DELETE", "/healthz", 405, "request.method_not_allowed")]
    [InlineData("GET", "/signin?token=wrong", 403, "auth.link_invalid")]
    public async Task Browser_Refused_GetsAPageWithItsCode(string method, string path, int status, string code)
    {
        var (actual, html) = await PageAsync(new HttpMethod(method), path);

        Assert.Equal(status, (int)actual);
        Assert.Contains(code, html, StringComparison.Ordinal);
        AssertStandsAlone(html);
    }

    [Fact]
    public async Task Browser_TheConsoleFails_GetsAPageAndNoDetailsOfTheFailure()
    {
        await using (var db = await _host.Get<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(Ct))
            await db.Database.ExecuteSqlRawAsync("ALTER TABLE Sessions RENAME TO Lost", Ct);

        var (status, html) = await PageAsync(HttpMethod.Get, "/");

        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Contains("request.failed", html, StringComparison.Ordinal);
        Assert.DoesNotContain("SqliteException", html, StringComparison.Ordinal);
        AssertStandsAlone(html);
    }

    [Fact]
    public async Task Browser_NotSignedIn_GetsAPageThatNeedsNoRestart()
    {
        using var stranger = new HttpClient { BaseAddress = new Uri(_host.Url) };
        foreach (string path in (string[])["/", $"/signin?token={ConsoleHost.SignInToken}", "/nothing-here"])
        {
            using var answer = await stranger.GetAsync(path, Ct);
            string html = await answer.Content.ReadAsStringAsync(Ct);
            AssertStandsAlone(html);
            Assert.Contains("conntrack-console sign-in-link", html, StringComparison.Ordinal);
            Assert.DoesNotContain("restart the console", html, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("/nothing.css", "*/*")]
    [InlineData("/nothing-here", "application/json")]
    public async Task Program_UnknownAddress_GetsOneLineOfText(string path, string accepts)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accepts));
        using var answer = await _browser.SendAsync(request, Ct);

        Assert.Equal((HttpStatusCode.NotFound, "text/plain"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.EndsWith("[request.not_found]\n", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/api", 404, "request.not_found")]
    [InlineData("GET", "/api/", 404, "request.not_found")]
    [InlineData("GET", "/api/v1", 404, "request.not_found")]
    [InlineData("GET", "/api/v2/audit", 404, "request.not_found")]
    [InlineData("GET", "/api/v1/nothing?x=1", 404, "request.not_found")]
    [InlineData("GET", "/API/V1/NOTHING", 404, "request.not_found")]
    [InlineData("GET", "/openapi", 404, "request.not_found")]
    [InlineData("DELETE", "/api/v1/audit", 405, "request.method_not_allowed")]
    [InlineData("PUT", "/api/v1/audit", 405, "request.method_not_allowed")]
    [InlineData("PATCH", "/api/v1/actions", 405, "request.method_not_allowed")]
    [InlineData("BREW", "/api/v1/audit", 405, "request.method_not_allowed")]
    [InlineData("POST", "/openapi/v1.json", 405, "request.method_not_allowed")]
    [InlineData("POST", "/api/v1/actions", 415, "request.not_json")]
    [InlineData("POST", "/api/v1/incidents", 415, "request.not_json")]
    public async Task Api_RequestThatNoEndpointTakes_IsAProblemWithACode(string method, string path, int status, string code)
    {
        foreach (string? accepts in (string?[])[null, "text/html"])
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            if (method == "POST")
                request.Content = new StringContent("{}", Encoding.UTF8, "text/plain");
            if (accepts is not null)
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accepts));
            using var answer = await _browser.SendAsync(request, Ct);

            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
            Assert.Equal((code, status), (problem.GetProperty("code").GetString(), problem.GetProperty("status").GetInt32()));
            Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        }
    }

    [Fact]
    public async Task Api_TheConsoleFails_IsAProblemWithACode()
    {
        await using (var db = await _host.Get<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(Ct))
            await db.Database.ExecuteSqlRawAsync("ALTER TABLE Rollouts RENAME TO Lost", Ct);
        using var answer = await _browser.GetAsync("/api/v1/rollouts", Ct);

        Assert.Equal((HttpStatusCode.InternalServerError, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Equal("request.failed", (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString());
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<(HttpStatusCode Status, string Html)> PageAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.ParseAdd("text/html,application/xhtml+xml,*/*;q=0.8");
        using var answer = await _browser.SendAsync(request, Ct);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct));
    }

    // It loads nothing, is light or dark, and fits a phone.
    private static void AssertStandsAlone(string html)
    {
        Assert.Contains("<h1", html, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", html, StringComparison.Ordinal);
        Assert.Contains("width=device-width", html, StringComparison.Ordinal);
        Assert.DoesNotContain("blazor", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<link", html, StringComparison.Ordinal);
        Assert.DoesNotContain(" src=", html, StringComparison.Ordinal);
    }
}
