using System.Net;
using ConntrackConsole.Audit;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Access;

/// <summary>Every kind of answer has the headers, also errors and refusals.</summary>
public sealed class SecurityHeaderTests : IAsyncLifetime
{
    private ConsoleHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ConsoleHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("/", HttpStatusCode.OK)]
    [InlineData("/no-such-page", HttpStatusCode.NotFound)]
    [InlineData("/css/app.css", HttpStatusCode.OK)]
    [InlineData("/api/v1/terminations", HttpStatusCode.OK)]
    [InlineData("/api/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("/openapi/v1.json", HttpStatusCode.OK)]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/metrics", HttpStatusCode.OK)]
    [InlineData("/signin", HttpStatusCode.OK)]
    [InlineData("/signin?token=wrong", HttpStatusCode.Forbidden)]
    [InlineData(HubMethods.Path, HttpStatusCode.Unauthorized)]
    public async Task Answer_HasThem(string path, HttpStatusCode status)
    {
        using var browser = new HttpClient { BaseAddress = new Uri(_host.Url) };
        if (path != HubMethods.Path)
            await browser.GetAsync($"/signin?token={ConsoleHost.SignInToken}", TestContext.Current.CancellationToken);

        using var answer = await browser.GetAsync(path, TestContext.Current.CancellationToken);

        Assert.Equal(status, answer.StatusCode);
        string Header(string name) => Assert.Single(answer.Headers.GetValues(name));
        string policy = Header("Content-Security-Policy");
        Assert.StartsWith("default-src 'none'; script-src 'self' 'sha256-", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", policy, StringComparison.Ordinal);
        Assert.DoesNotMatch("script-src[^;]*unsafe-inline", policy);
        Assert.Equal("nosniff", Header("X-Content-Type-Options"));
        Assert.Equal("DENY", Header("X-Frame-Options"));
        Assert.Equal("no-referrer", Header("Referrer-Policy"));
        Assert.Equal("same-origin", Header("Cross-Origin-Opener-Policy"));
        Assert.Equal("same-origin", Header("Cross-Origin-Resource-Policy"));
        Assert.Contains("camera=()", Header("Permissions-Policy"), StringComparison.Ordinal);
        // Over http it would say nothing, and browsers ignore it.
        Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Theory]
    [InlineData("https://conntrack.example", true)]
    [InlineData("http://conntrack.example", false)]
    public async Task TransportSecurity_IsSaidWhereBrowsersUseTls(string url, bool expected)
    {
        var console = await ConsoleHost.StartAsync(null, null, $"PublicUrl={url}");
        await using var host = console;
        using var browser = new HttpClient { BaseAddress = new Uri(console.Url) };
        using var answer = await browser.GetAsync("/signin", TestContext.Current.CancellationToken);
        Assert.Equal(expected, answer.Headers.TryGetValues("Strict-Transport-Security", out var values) && values.Single() == "max-age=31536000");
    }

    /// <summary>The address of the audit log is that of the browser only if a listed proxy says so.</summary>
    [Theory]
    [InlineData("127.0.0.0/8", "203.0.113.9")]
    [InlineData("127.0.0.1", "203.0.113.9")]
    [InlineData("10.0.0.0/8", "127.0.0.1")]
    [InlineData(null, "127.0.0.1")]
    public async Task ForwardedFor_CountsFromListedProxiesOnly(string? proxies, string expected)
    {
        var console = await ConsoleHost.StartAsync(null, null, proxies is null ? [] : [$"TrustedProxies={proxies}"]);
        await using var host = console;
        using var browser = new HttpClient { BaseAddress = new Uri(console.Url), DefaultRequestHeaders = { { "X-Forwarded-For", "203.0.113.9" }, { "X-Forwarded-Proto", "https" } } };
        using var answer = await browser.GetAsync($"/signin?token={ConsoleHost.SignInToken}", TestContext.Current.CancellationToken);
        Assert.Equal(expected, Assert.Single(await console.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signin"), TestContext.Current.CancellationToken)).From);
        Assert.Equal(expected != "127.0.0.1", answer.Headers.Contains("Strict-Transport-Security"));
    }

    /// <summary>A file with a secret that a browser could execute: its type is what the console says.</summary>
    [Fact]
    public async Task Data_IsNoPage()
    {
        Assert.True(Directory.Exists(_host.Folder.FullName));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_host.Folder.FullName));
        using var browser = new HttpClient { BaseAddress = new Uri(_host.Url) };
        foreach (string path in (string[])["/console.db", "/../console.db", "/%2e%2e/console.db", "/appsettings.json", "/conntrack-console"])
            Assert.NotEqual(HttpStatusCode.OK, (await browser.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode);
    }
}
