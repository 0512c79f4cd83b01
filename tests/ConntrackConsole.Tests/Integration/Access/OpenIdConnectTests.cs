using System.Net;
using System.Text.Json.Nodes;
using System.Web;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Access;

/// <summary>Sign-in at a real OpenID Connect provider, and what is refused of its answers.</summary>
public sealed class OpenIdConnectTests : IAsyncLifetime
{
    private OpenIdProvider _provider = null!;
    private ConsoleHost _host = null!;
    private HttpClient _browser = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _provider = await OpenIdProvider.StartAsync();
        _host = await ConsoleHost.StartWithAsync(
            null, "Collectors:Token=collector-token-of-the-test", $"Identity:OpenIdConnect:Authority={_provider.Url}", $"Identity:OpenIdConnect:ClientId={OpenIdProvider.ClientId}",
            $"Identity:OpenIdConnect:ClientSecret={OpenIdProvider.ClientSecret}", "Identity:OpenIdConnect:DisplayName=Example", "Identity:OpenIdConnect:SessionMinutes=30",
            "Identity:Roles:0:Group=oncall", "Identity:Roles:0:Role=operator");
        _provider.RedirectUri = $"{_host.Url}/signin/oidc/callback";
        _browser = new HttpClient { BaseAddress = new Uri(_host.Url) };
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _host.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task Person_WithARole_SignsIn_AndIsWhereTheyWantedToGo()
    {
        using var refused = await _browser.GetAsync("/audit?who=olivia", Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        string page = await refused.Content.ReadAsStringAsync(Ct);
        Assert.Contains("Sign in with Example", page, StringComparison.Ordinal);
        Assert.Contains("/signin/oidc?return=%2Faudit%3Fwho%3Dolivia", page, StringComparison.Ordinal);

        using var answer = await _browser.GetAsync("/signin/oidc?return=%2Faudit%3Fwho%3Dolivia", Ct);

        Assert.Equal((HttpStatusCode.OK, "/audit?who=olivia"), (answer.StatusCode, answer.RequestMessage!.RequestUri!.PathAndQuery));
        var row = Assert.Single(await RowsAsync());
        Assert.Equal(("olivia@example.com", "operator", "OpenID Connect", "ok"), (row.Who, row.Roles, row.Why, row.Result));
        await using var db = await _host.Get<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(Ct);
        var session = await db.Sessions.SingleAsync(Ct);
        Assert.Equal(("oidc", 30 * 60_000L), (session.Source, session.UntilMs - session.SignedInMs));
    }

    [Fact]
    public async Task Person_WithoutARole_IsRefused()
    {
        _provider.Groups = ["staff"];
        await RefusedAsync(IdentityErrorCodes.NoRole, HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task EmailThatIsNotVerified_IsNoName()
    {
        _provider.EmailVerified = false;
        await RefusedAsync(IdentityErrorCodes.NameInvalid, HttpStatusCode.Forbidden);
    }

    /// <summary>What a provider that was taken over, another client's token, or someone on the way might send.</summary>
    [Theory]
    [InlineData("expired")]
    [InlineData("not yet")]
    [InlineData("without end")]
    [InlineData("other audience")]
    [InlineData("other issuer")]
    [InlineData("other nonce")]
    [InlineData("no nonce")]
    [InlineData("other key")]
    [InlineData("unsigned")]
    public async Task IdentityToken_NotValid_IsRefused(string fault)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        _provider.Tamper = claims => fault switch
        {
            "expired" => With(claims, ("exp", now - 3_600), ("iat", now - 7_200), ("nbf", now - 7_200)),
            "not yet" => With(claims, ("nbf", now + 3_600), ("exp", now + 7_200)),
            "without end" => With(claims, ("exp", null)),
            "other audience" => With(claims, ("aud", "another-client")),
            "other issuer" => With(claims, ("iss", "https://other.example/")),
            "other nonce" => With(claims, ("nonce", "other")),
            "no nonce" => With(claims, ("nonce", null)),
            "other key" => Signature.OtherKey,
            _ => Signature.None,
        };
        await RefusedAsync(IdentityErrorCodes.ProviderRefused, HttpStatusCode.Forbidden);
    }

    /// <summary>The same path with a token that is only signed anew succeeds: what the tests above change is what is refused.</summary>
    [Fact]
    public async Task IdentityToken_SignedAnewUnchanged_IsAccepted()
    {
        _provider.Tamper = _ => Signature.Own;
        using var answer = await _browser.GetAsync("/signin/oidc", Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>A callback that this browser did not begin, as a link in a mail could be.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("?code=x&state=y")]
    [InlineData("?error=access_denied&error_description=%3Cscript%3E&state=y")]
    public async Task Callback_ThatWasNotBegunHere_IsRefused(string query)
    {
        using var answer = await _browser.GetAsync("/signin/oidc/callback" + query, Ct);
        string page = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains(IdentityErrorCodes.ProviderRefused, page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.DoesNotContain("access_denied", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _browser.GetAsync("/", Ct)).StatusCode);
    }

    [Fact]
    public async Task ProviderThatDoesNotAnswer_IsNamed()
    {
        await _provider.DisposeAsync();
        using var answer = await _browser.GetAsync("/signin/oidc", Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains(IdentityErrorCodes.ProviderUnavailable, await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    /// <summary>The library has an address at which a provider ends sessions; any web site could lead a browser there.</summary>
    [Fact]
    public async Task SignOutAddressOfTheLibrary_EndsNoSession()
    {
        await _browser.GetAsync("/signin/oidc", Ct);
        await _browser.GetAsync("/signout-oidc", Ct);
        await _browser.GetAsync("/signout-oidc?iss=x&sid=y", Ct);
        using var answer = await _browser.GetAsync("/", Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>The sign-in of one browser cannot be completed in another.</summary>
    [Fact]
    public async Task Callback_InAnotherBrowser_IsRefused()
    {
        using var first = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_host.Url) };
        using var challenge = await first.GetAsync("/signin/oidc", Ct);
        var query = HttpUtility.ParseQueryString(challenge.Headers.Location!.Query);
        Assert.Equal(("code", "S256"), (query["response_type"], query["code_challenge_method"]));
        using var authorized = await first.GetAsync(challenge.Headers.Location, Ct);
        Assert.StartsWith(_provider.RedirectUri, authorized.Headers.Location!.ToString(), StringComparison.Ordinal);

        using var answer = await _browser.GetAsync(authorized.Headers.Location, Ct);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, (await first.GetAsync(authorized.Headers.Location, Ct)).StatusCode);
    }

    private async Task RefusedAsync(string code, HttpStatusCode status)
    {
        using var answer = await _browser.GetAsync("/signin/oidc", Ct);
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(code, await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _browser.GetAsync("/", Ct)).StatusCode);
        var row = Assert.Single(await RowsAsync());
        Assert.Equal(("refused", code), (row.Result, row.Code));
    }

    private static Signature With(JsonObject claims, params (string Name, JsonNode? Value)[] changes)
    {
        foreach (var (name, value) in changes)
        {
            if (value is null)
                claims.Remove(name);
            else
                claims[name] = value;
        }

        return Signature.Own;
    }

    private Task<IReadOnlyList<AuditEntry>> RowsAsync() => _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "signin"), Ct);
}
