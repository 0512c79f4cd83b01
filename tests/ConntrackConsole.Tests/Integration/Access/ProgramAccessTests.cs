using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Identity.Providers;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Tests.Kubernetes.Access;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Access;

/// <summary>Programs at the API: with a token of the console, or one of a service account of the cluster.</summary>
public sealed class ProgramAccessTests : IAsyncLifetime
{
    private const string Eve = "token-of-eve-in-the-test", Olivia = "token-of-olivia-in-the-test";

    private readonly List<HttpClient> _clients = [];
    private ReviewServer _server = null!;
    private ConsoleHost _host = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ReviewServer.StartAsync();
        _server.Tokens["ci"] = TestAccount.OfPod("ci/deployer", "conntrack-console", "node-a");
        _server.Tokens["shop"] = TestAccount.OfPod("shop/web", "conntrack-console", "node-a");
        _server.Tokens["vault"] = TestAccount.OfPod("ci/deployer", "vault", "node-a");
        _host = await ConsoleHost.StartWithAsync(
            null, "Collectors:Token=collector-token-of-the-test", "Identity:Links:0:Name=eve", "Identity:Links:0:Role=admin", $"Identity:Links:0:Token={Eve}",
            "Identity:Links:1:Name=olivia", "Identity:Links:1:Role=operator", $"Identity:Links:1:Token={Olivia}", "Identity:Kubernetes:Audience=conntrack-console",
            "Identity:Roles:0:User=system:serviceaccount:ci:deployer", "Identity:Roles:0:Role=operator", "Kubernetes:Enabled=true", $"Kubernetes:Kubeconfig={_server.Kubeconfig}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        await _host.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Token_IsCreatedUsedAndRevoked()
    {
        var eve = await PersonAsync(Eve);
        using var created = await eve.PostAsJsonAsync("/api/v1/tokens", new { name = "deploy", role = "operator", days = 30 }, Ct);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var body = await created.Content.ReadFromJsonAsync<JsonElement>(Ct);
        string secret = body.GetProperty("token").GetString()!, id = body.GetProperty("about").GetProperty("id").GetString()!;

        var program = Program(secret);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/v1/terminations", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/openapi/v1.json", Ct)).StatusCode);
        var listed = (await eve.GetFromJsonAsync<JsonElement>("/api/v1/tokens", Ct)).GetProperty("tokens")[0];
        Assert.NotEqual(JsonValueKind.Null, listed.GetProperty("lastUsed").ValueKind);
        Assert.DoesNotContain(secret, listed.ToString(), StringComparison.Ordinal);

        // What it does is under its name, and its session is the token.
        using var incident = await program.PostAsJsonAsync("/api/v1/incidents", new { title = "A rollout", from = DateTimeOffset.UtcNow.AddMinutes(-5), to = DateTimeOffset.UtcNow }, Ct);
        Assert.Equal(HttpStatusCode.Created, incident.StatusCode);
        var row = Assert.Single(await _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "incident"), Ct));
        Assert.Equal(("deploy", $"token-{id}", "operator", "127.0.0.1"), (row.Who, row.Session, row.Roles, row.From));

        Assert.Equal(HttpStatusCode.OK, (await eve.PostAsJsonAsync($"/api/v1/tokens/{id}/revoke", new { }, Ct)).StatusCode);
        Assert.Equal((401, IdentityErrorCodes.TokenEnded), await RefusalAsync(program.GetAsync("/api/v1/terminations", Ct)));
    }

    [Fact]
    public async Task ServiceAccount_WithARole_MayDoWhatTheRoleAllows()
    {
        var program = Program("ci");
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/v1/terminations", Ct)).StatusCode);
        using var incident = await program.PostAsJsonAsync("/api/v1/incidents", new { title = "A rollout", from = DateTimeOffset.UtcNow.AddMinutes(-5), to = DateTimeOffset.UtcNow }, Ct);
        Assert.Equal(HttpStatusCode.Created, incident.StatusCode);
        var row = Assert.Single(await _host.Get<AuditLog>().ReadAsync(new AuditFilter(What: "incident"), Ct));
        Assert.Equal(("system:serviceaccount:ci:deployer", "operator"), (row.Who, row.Roles));
        Assert.StartsWith("kubernetes-", row.Session, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_NotValid_IsRefusedWithItsReason()
    {
        Assert.Equal((401, IdentityErrorCodes.TokenUnknown), await RefusalAsync(Program("cct_wrong").GetAsync("/api/v1/terminations", Ct)));
        Assert.Equal((401, IdentityErrorCodes.TokenRefused), await RefusalAsync(Program("wrong").GetAsync("/api/v1/terminations", Ct)));
        Assert.Equal((401, IdentityErrorCodes.TokenRefused), await RefusalAsync(Program("vault").GetAsync("/api/v1/terminations", Ct)));
        // Known to the cluster, but without a role: not even a look.
        Assert.Equal((403, IdentityErrorCodes.NoRole), await RefusalAsync(Program("shop").GetAsync("/api/v1/terminations", Ct)));
        _server.Fails = 500;
        Assert.Equal((503, IdentityErrorCodes.RightsUnknown), await RefusalAsync(Program("new").GetAsync("/api/v1/terminations", Ct)));
    }

    /// <summary>A token is for the API: neither a page nor a circuit takes one, and none goes into a cookie.</summary>
    [Theory]
    [InlineData("/")]
    [InlineData("/audit")]
    [InlineData("/_blazor/negotiate")]
    public async Task Token_AtAPage_IsNoSignIn(string path)
    {
        using var answer = await Program("ci").GetAsync(path, Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Theory]
    [InlineData("approver")]
    [InlineData("admin")]
    [InlineData("break-glass")]
    [InlineData("root")]
    [InlineData(null)]
    public async Task Create_RoleThatIsNotForPrograms_IsRefused(string? role) =>
        Assert.Equal((400, IdentityErrorCodes.TokenInvalid), await RefusalAsync((await PersonAsync(Eve)).PostAsJsonAsync("/api/v1/tokens", new { name = "deploy", role, days = 30 }, Ct)));

    [Fact]
    public async Task Tokens_OfOthersThanAdmins_AreForbidden()
    {
        foreach (var client in (HttpClient[])[await PersonAsync(Olivia), Program("ci")])
        {
            Assert.Equal((403, IdentityErrorCodes.Forbidden), await RefusalAsync(client.GetAsync("/api/v1/tokens", Ct)));
            Assert.Equal((403, IdentityErrorCodes.Forbidden), await RefusalAsync(client.PostAsJsonAsync("/api/v1/tokens", new { name = "x", role = "viewer", days = 1 }, Ct)));
            Assert.Equal((403, IdentityErrorCodes.Forbidden), await RefusalAsync(client.PostAsJsonAsync("/api/v1/tokens/x/revoke", new { }, Ct)));
        }
    }

    /// <summary>Someone who tries tokens is stopped, and cannot lock out a valid one for long.</summary>
    [Fact]
    public async Task Failures_OfOneAddress_AreLimited()
    {
        var program = Program("wrong");
        for (int i = 0; i < SignInAttempts.PerMinute; i++)
            Assert.Equal(401, (await RefusalAsync(program.GetAsync("/api/v1/terminations", Ct))).Status);
        Assert.Equal((429, IdentityErrorCodes.TooManyAttempts), await RefusalAsync(program.GetAsync("/api/v1/terminations", Ct)));
        // A session of a person is not a token.
        Assert.Equal(HttpStatusCode.OK, (await (await PersonAsync(Eve)).GetAsync("/api/v1/terminations", Ct)).StatusCode);
    }

    private async Task<HttpClient> PersonAsync(string token)
    {
        var client = new HttpClient { BaseAddress = new Uri(_host.Url) };
        _clients.Add(client);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"/signin?token={token}", Ct)).StatusCode);
        return client;
    }

    private HttpClient Program(string token)
    {
        var client = new HttpClient { BaseAddress = new Uri(_host.Url), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        _clients.Add(client);
        return client;
    }

    private static async Task<(int Status, string? Code)> RefusalAsync(Task<HttpResponseMessage> request)
    {
        using var answer = await request;
        return ((int)answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString());
    }
}
