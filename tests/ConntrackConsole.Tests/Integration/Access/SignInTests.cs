using System.Net;
using ConntrackConsole.Audit;
using ConntrackConsole.Cli;
using ConntrackConsole.Tests.Integration.Hosting;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Access;

public sealed class SignInTests : IAsyncLifetime
{
    private ConsoleHost _host = null!;
    private HttpClient _browser = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ConsoleHost.StartAsync();
        _browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_host.Url) };
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Page_WithoutCookie_ShowsHowToSignIn()
    {
        var answer = await GetAsync("/");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("sign-in link", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/readyz", HttpStatusCode.OK)]
    [InlineData("/audit", HttpStatusCode.Unauthorized)]
    [InlineData("/_blazor/negotiate", HttpStatusCode.Unauthorized)]
    [InlineData("/signin?token=wrong", HttpStatusCode.Forbidden)]
    public async Task Path_WithoutCookie_IsOpenOnlyIfPublic(string path, HttpStatusCode expected) =>
        Assert.Equal(expected, (await GetAsync(path)).StatusCode);

    [Fact]
    public async Task Link_Used_GivesOneCookieAndAuditRow()
    {
        var first = await GetAsync($"/signin?token={ConsoleHost.SignInToken}");
        Assert.Equal((HttpStatusCode.Redirect, "/"), (first.StatusCode, first.Headers.Location!.ToString()));
        string cookie = Assert.Single(first.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie);
        Assert.NotEqual(HttpStatusCode.Unauthorized, (await GetAsync("/")).StatusCode);

        using var stranger = new HttpClient { BaseAddress = new Uri(_host.Url) };
        var second = await stranger.GetAsync($"/signin?token={ConsoleHost.SignInToken}", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, second.StatusCode);
        Assert.Contains("auth.link_used", await second.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        var row = Assert.Single(await _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signin"), TestContext.Current.CancellationToken));
        Assert.Equal(("operator (link)", "127.0.0.1"), (row.Who, row.From));
    }

    [Fact]
    public async Task NewLink_OfTheCommandLine_SignsInWithoutARestart_AndTheAuditLogHasItsOrigin()
    {
        using StringWriter output = new(), error = new();
        Assert.Equal(0, await ConsoleCommands.RunAsync(["sign-in-link", $"--Storage:DataDirectory={_host.Folder.FullName}"], output, error));
        string link = output.ToString().Trim();
        Assert.StartsWith(_host.Url, link, StringComparison.Ordinal);

        var first = await GetAsync(link[_host.Url.Length..]);
        Assert.Equal((HttpStatusCode.Redirect, "/"), (first.StatusCode, first.Headers.Location!.ToString()));
        using var stranger = new HttpClient { BaseAddress = new Uri(_host.Url) };
        var second = await stranger.GetAsync(link, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, second.StatusCode);
        Assert.Contains("auth.link_used", await second.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        // The link of the start is another one.
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync($"/signin?token={ConsoleHost.SignInToken}", TestContext.Current.CancellationToken)).StatusCode);

        var rows = await _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signin"), TestContext.Current.CancellationToken);
        Assert.Contains(rows, row => row.Who == "operator (link)" && row.Why!.Contains("sign-in-link", StringComparison.Ordinal));
    }

    private Task<HttpResponseMessage> GetAsync(string path) => _browser.GetAsync(path, TestContext.Current.CancellationToken);
}
