using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.Identity;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Tests.Kubernetes.Access;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Access;

/// <summary>
/// Every page and endpoint that the console has, as each role and by each way to sign in. The endpoints are those of the running console: one
/// that is added without an entry here fails.
/// </summary>
public sealed class AuthorizationMatrixTests : IAsyncLifetime
{
    // What anyone may request: probes and counts without names, and the ways to sign in, which have tests of their own.
    private static readonly string[] Public = ["GET /healthz", "GET /readyz", "GET /metrics", "GET /signin", "GET /signin/oidc", "POST /signin/kubernetes", "POST /signout"];

    // What each role may change, with a body that is valid but for the things that it names. Where the object does not exist, the answer to a
    // role that may is 404.
    private static readonly Dictionary<string, (string Body, Role[] Allowed)> Changes = new()
    {
        ["POST /api/v1/actions"] = ("""{"kind":"flush","podIp":"10.1.0.5","preset":"safe"}""", [Role.Operator, Role.Approver, Role.Admin, Role.BreakGlass]),
        ["POST /api/v1/actions/{id}/confirm"] = ("""{"digest":"d","reason":"why"}""", [Role.Operator, Role.Approver, Role.Admin, Role.BreakGlass]),
        ["POST /api/v1/actions/{id}/approve"] = ("""{"digest":"d"}""", [Role.Approver, Role.Admin]),
        ["POST /api/v1/actions/{id}/cancel"] = ("{}", [Role.Operator, Role.Approver, Role.Admin, Role.BreakGlass]),
        ["POST /api/v1/actions/{id}/revert"] = ("""{"reason":"why"}""", [Role.Operator, Role.Approver, Role.Admin, Role.BreakGlass]),
        ["POST /api/v1/incidents"] = ("""{"title":"A rollout","from":"2026-01-01T00:00:00Z","to":"2026-01-01T01:00:00Z"}""", [Role.Operator, Role.Approver, Role.Admin, Role.BreakGlass]),
        ["POST /api/v1/incidents/alertmanager"] = (
            """{"version":"4","groupKey":"g","status":"firing","receiver":"r","groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"","alerts":[{"status":"firing","labels":{},"annotations":{},"startsAt":"2026-01-01T00:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"f"}]}""",
            [Role.Operator, Role.Approver, Role.Admin, Role.BreakGlass]),
        ["POST /api/v1/tokens"] = ("""{"name":"x","role":"viewer","days":1}""", [Role.Admin]),
        ["POST /api/v1/tokens/{id}/revoke"] = ("{}", [Role.Admin]),
    };

    // Changes of one incident: each needs the right, and none exists here.
    private const string OfAnIncident = "POST /api/v1/incidents/{id}/";

    private static readonly Dictionary<string, string> BodiesOfAnIncident = new()
    {
        ["update"] = """{"title":"t","from":"2026-01-01T00:00:00Z","to":"2026-01-01T01:00:00Z"}""", ["notes"] = """{"text":"n"}""", ["notes/{number}"] = """{"text":"n"}""",
        ["events"] = """{"kind":"other","at":"2026-01-01T00:00:00Z","text":"e"}""", ["events/{number}/remove"] = "{}", ["participants"] = """{"name":"p"}""",
        ["close"] = "{}", ["reopen"] = "{}", ["release"] = "{}",
    };

    private readonly Dictionary<string, (HttpClient Client, Role? Role)> _callers = [];
    private ReviewServer _server = null!;
    private ConsoleHost _host = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ReviewServer.StartAsync();
        var roles = Enum.GetValues<Role>();
        string[] links = [.. roles.SelectMany((role, i) => (string[])[$"Identity:Links:{i}:Name=link-{role.Name()}", $"Identity:Links:{i}:Role={role.Name()}", $"Identity:Links:{i}:Token=link-token-of-the-test-{i}"])];
        string[] rules = [.. roles.SelectMany((role, i) => (string[])[$"Identity:Roles:{i}:Group={role.Name()}s", $"Identity:Roles:{i}:Role={role.Name()}"])];
        _host = await ConsoleHost.StartWithAsync(
            null, ["Collectors:Token=collector-token-of-the-test", "Identity:Kubernetes:Audience=conntrack-console", "Kubernetes:Enabled=true", $"Kubernetes:Kubeconfig={_server.Kubeconfig}", .. links, .. rules]);
        _callers["anyone"] = (Client(null), null);
        foreach (var (role, i) in roles.Select((role, i) => (role, i)))
        {
            var person = Client(null);
            await person.GetAsync($"/signin?token=link-token-of-the-test-{i}", Ct);
            _callers[$"link {role}"] = (person, role);
            _server.Tokens[$"sa-{role}"] = new TestAccount($"system:serviceaccount:ci:{role.Name()}", "conntrack-console", $"{role.Name()}s");
            _callers[$"service account {role}"] = (Client($"sa-{role}"), role);
        }

        foreach (var role in ApiTokens.Roles)
        {
            using var created = await _callers["link Admin"].Client.PostAsJsonAsync("/api/v1/tokens", new { name = $"p-{role}", role = role.Name(), days = 1 }, Ct);
            _callers[$"token {role}"] = (Client((await created.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("token").GetString()), role);
        }

        _server.Tokens["none"] = new TestAccount("system:serviceaccount:shop:web", "conntrack-console", "others");
        _callers["service account without a role"] = (Client("none"), null);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (client, _) in _callers.Values)
            client.Dispose();
        await _host.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Endpoints_AsEachCaller_AreWhatTheRoleAllows()
    {
        var wrong = new List<string>();
        int asked = 0;
        foreach (string endpoint in Endpoints())
        {
            foreach (var (caller, (client, role)) in _callers)
            {
                asked++;
                if (await FaultAsync(endpoint, caller, client, role) is { } fault)
                    wrong.Add($"{endpoint} as {caller}: {fault}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(asked > 300, $"only {asked} requests");
    }

    /// <summary>Pages are for people: each role sees each page, and what it may do there is decided at the act.</summary>
    [Fact]
    public async Task Pages_AsEachCaller_AreForPeopleWithARole()
    {
        string[] pages = [.. NavPage.All.Select(page => page.Path), "/?kiosk", "/services/shop/orders", "/nodes/node-a", "/rollouts/d1/4", "/incidents/inc-1", "/findings/x", "/_blazor/negotiate"];
        foreach (string page in pages)
        {
            foreach (var (caller, (client, role)) in _callers)
            {
                using var answer = page == "/_blazor/negotiate" ? await client.PostAsync(page + "?negotiateVersion=1", null, Ct) : await client.GetAsync(page, Ct);
                Assert.True((int)answer.StatusCode == (role is not null && caller.StartsWith("link", StringComparison.Ordinal) ? 200 : 401), $"{page} as {caller}: {answer.StatusCode}");
            }
        }
    }

    [Fact]
    public void Endpoints_AreAllKnownHere()
    {
        string[] changes = [.. Endpoints().Where(endpoint => !endpoint.StartsWith("GET", StringComparison.Ordinal) && !Public.Contains(endpoint))];
        Assert.Equal(changes.Order(StringComparer.Ordinal), Changes.Keys.Concat(BodiesOfAnIncident.Keys.Select(rest => OfAnIncident + rest)).Order(StringComparer.Ordinal));
        Assert.All(Public, endpoint => Assert.Contains(endpoint, Endpoints()));
    }

    private static async Task<string?> FaultAsync(string endpoint, string caller, HttpClient client, Role? role)
    {
        string[] parts = endpoint.Split(' ');
        using var request = new HttpRequestMessage(new HttpMethod(parts[0]), parts[1].Replace("{id}", "none", StringComparison.Ordinal).Replace("{**id}", "none/1", StringComparison.Ordinal).Replace("{number}", "1", StringComparison.Ordinal));
        Role[] allowed = Enum.GetValues<Role>();
        if (parts[0] == "POST" && !Public.Contains(endpoint))
        {
            (string body, allowed) = Changes.TryGetValue(endpoint, out var change) ? change : (BodiesOfAnIncident[endpoint[OfAnIncident.Length..]], Changes["POST /api/v1/incidents"].Allowed);
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }
        else if (endpoint == "GET /api/v1/tokens")
        {
            allowed = [Role.Admin];
        }

        using var answer = await client.SendAsync(request, Ct);
        int status = (int)answer.StatusCode;
        if (status >= 500 && status != 503)
            return $"{status}";
        if (Public.Contains(endpoint))
            return null;
        if (caller == "service account without a role")
            return status == 403 ? null : $"{status}, not 403";
        if (role is not { } has)
            return status == 401 ? null : $"{status}, not 401";
        // Programs never create or revoke tokens, whatever their role.
        bool isProgram = !caller.StartsWith("link", StringComparison.Ordinal);
        if (endpoint.Contains("/tokens", StringComparison.Ordinal) && isProgram && has == Role.Admin && parts[0] == "POST")
            return status == 403 ? null : $"{status}, not 403";
        if (allowed.Contains(has))
            return status is 401 or 403 && !await IsGuardAsync(answer) ? $"{status}, though the role may" : null;
        return status is 403 or 404 ? null : $"{status}, though the role may not";
    }

    // A guard of the action, not of the role, may refuse too.
    private static async Task<bool> IsGuardAsync(HttpResponseMessage answer) =>
        answer.Content.Headers.ContentType?.MediaType == "application/problem+json" && (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString() is { } code && !code.StartsWith("auth.", StringComparison.Ordinal) && !code.Contains("role", StringComparison.Ordinal);

    /// <summary>Method and pattern of what the console answers by itself: not files, pages (those of errors included), the circuit and the collectors' hub.</summary>
    private IReadOnlyList<string> Endpoints() =>
    [
        .. _host.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.StaticAssets.StaticAssetDescriptor>() is null
                && endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Components.Endpoints.ComponentTypeMetadata>() is null)
            .SelectMany(endpoint => (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(method => $"{method} /{endpoint.RoutePattern.RawText!.TrimStart('/')}"))
            .Where(endpoint => !endpoint.Contains("/_", StringComparison.Ordinal) && !endpoint.Contains("/errors/", StringComparison.Ordinal) && !endpoint.Contains(HubMethods.Path, StringComparison.Ordinal) && !endpoint.Contains("{**path", StringComparison.Ordinal))
            .Distinct().Order(StringComparer.Ordinal),
    ];

    private HttpClient Client(string? token)
    {
        var client = new HttpClient { BaseAddress = new Uri(_host.Url) };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }
}
