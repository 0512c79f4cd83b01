using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Identity.Providers;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Tests.Kubernetes.Access;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Access;

/// <summary>A person pastes a token of the cluster.</summary>
public sealed partial class KubernetesSignInTests : IAsyncLifetime
{
    private ReviewServer _server = null!;
    private ConsoleHost _host = null!;
    private HttpClient _browser = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ReviewServer.StartAsync();
        _host = await ConsoleHost.StartWithAsync(
            null, "Collectors:Token=collector-token-of-the-test", "Identity:Kubernetes:SignIn=true", "Identity:Roles:0:Group=oncall", "Identity:Roles:0:Role=operator",
            "Kubernetes:Enabled=true", $"Kubernetes:Kubeconfig={_server.Kubeconfig}");
        _browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_host.Url) };
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _host.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Token_OfAPersonWithARole_SignsIn_AndLeadsToThePageThatWasWanted()
    {
        _server.Tokens["t"] = new TestAccount("olivia@example.com", TestAccount.ServerAudience, "oncall", "system:authenticated");
        using var refused = await _browser.GetAsync("/?pod=10.1.0.5&ns=shop", Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        using var answer = await PostAsync(await refused.Content.ReadAsStringAsync(Ct), "t");

        Assert.Equal((HttpStatusCode.Redirect, "/?pod=10.1.0.5&ns=shop"), (answer.StatusCode, answer.Headers.Location?.ToString()));
        Assert.Equal(HttpStatusCode.OK, (await _browser.GetAsync("/", Ct)).StatusCode);
        var row = Assert.Single(await _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signin"), Ct));
        Assert.Equal(("olivia@example.com", "operator", "Token of the cluster", "ok", "127.0.0.1"), (row.Who, row.Roles, row.Why, row.Result, row.From));
        // The token itself is nowhere.
        await using var db = await _host.Get<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(Ct);
        Assert.Equal(("kubernetes", """["oncall","system:authenticated"]"""), await db.Sessions.Select(s => new ValueTuple<string, string?>(s.Source, s.Groups)).SingleAsync(Ct));
    }

    /// <summary>Where people sign in otherwise, no link exists that would be printed in the log.</summary>
    [Fact]
    public async Task Links_AreNotThere_WithoutBeingConfigured()
    {
        Assert.Empty(_host.Get<SignInLinks>().All);
        string page = await (await _browser.GetAsync("/signin", Ct)).Content.ReadAsStringAsync(Ct);
        Assert.DoesNotContain("sign-in-link", page, StringComparison.Ordinal);
        Assert.Contains("kubectl create token", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Session_EndsWithTheToken()
    {
        long until = _host.NowMs / 1_000 + 600;
        string token = $"e30.{Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"exp":{{until}}}""")).TrimEnd('=').Replace('+', '-').Replace('/', '_')}.c2ln";
        _server.Tokens[token] = new TestAccount("olivia", TestAccount.ServerAudience, "oncall");

        Assert.Equal(HttpStatusCode.Redirect, (await SignInAsync(token)).StatusCode);

        await using var db = await _host.Get<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(Ct);
        var row = await db.Sessions.SingleAsync(Ct);
        Assert.InRange(row.UntilMs, (until - 5) * 1_000, (until + 5) * 1_000);
    }

    [Theory]
    [InlineData("wrong", 401, IdentityErrorCodes.TokenRefused)]
    [InlineData("", 401, IdentityErrorCodes.TokenRefused)]
    [InlineData("norole", 403, IdentityErrorCodes.NoRole)]
    [InlineData("pod", 401, IdentityErrorCodes.TokenRefused)]
    public async Task Token_NotValidOrWithoutARole_SignsNobodyIn_AndIsAudited(string token, int status, string code)
    {
        _server.Tokens["norole"] = new TestAccount("ben");
        _server.Tokens["pod"] = TestAccount.OfPod("shop/web", "conntrack-console", "node-a");

        using var answer = await SignInAsync(token);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(code, await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _browser.GetAsync("/", Ct)).StatusCode);
        var row = Assert.Single(await _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signin"), Ct));
        Assert.Equal(("refused", code), (row.Result, row.Code));
    }

    [Fact]
    public async Task Form_OfAnotherSite_IsRefused()
    {
        _server.Tokens["t"] = new TestAccount("olivia", TestAccount.ServerAudience, "oncall");
        using var body = new FormUrlEncodedContent([new("token", "t")]);
        using var answer = await _browser.PostAsync(KubernetesSignIn.Path, body, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(0, _server.Asked);
    }

    [Fact]
    public async Task Failures_AreLimited()
    {
        string page = await (await _browser.GetAsync("/signin", Ct)).Content.ReadAsStringAsync(Ct);
        for (int i = 0; i < SignInAttempts.PerMinute; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync(page, "wrong")).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(page, "wrong")).StatusCode);
        Assert.Equal(SignInAttempts.PerMinute, (await _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signin"), Ct)).Count);
    }

    [Theory]
    [InlineData("/audit?who=olivia", "/audit?who=olivia")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData("javascript:alert(1)", "/")]
    [InlineData("/signin?token=x", "/")]
    [InlineData("/a\r\nX: y", "/")]
    [InlineData("", "/")]
    public void Return_IsAPageOfThisConsole(string asked, string expected) => Assert.Equal(expected, SignInPage.Local(asked));

    private async Task<HttpResponseMessage> SignInAsync(string token) => await PostAsync(await (await _browser.GetAsync("/signin", Ct)).Content.ReadAsStringAsync(Ct), token);

    private async Task<HttpResponseMessage> PostAsync(string page, string token)
    {
        var fields = Hidden().Matches(page).Select(match => KeyValuePair.Create(WebUtility.HtmlDecode(match.Groups[1].Value), WebUtility.HtmlDecode(match.Groups[2].Value))).ToList();
        Assert.Equal(2, fields.Count);
        using var body = new FormUrlEncodedContent([.. fields, new("token", token)]);
        return await _browser.PostAsync(KubernetesSignIn.Path, body, Ct);
    }

    [GeneratedRegex("""<input type="hidden" name="([^"]*)" value="([^"]*)">""")]
    private static partial Regex Hidden();
}
