using System.Net;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

/// <summary>/openapi/v1.json is valid, and describes every endpoint of the API and its responses.</summary>
public sealed class OpenApiTests : IAsyncLifetime
{
    private const string Address = "/openapi/v1.json";

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
    public async Task Document_WithoutSession_Is401AsProblemDetails()
    {
        using var stranger = new HttpClient { BaseAddress = new Uri(_host.Url) };
        using var answer = await stranger.GetAsync(Address, Ct);
        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains("\"code\":\"auth.sign_in_required\"", await answer.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task Document_HasEveryEndpointOfTheApi()
    {
        var mapped = _host.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods, (endpoint, method) => $"{method} {endpoint.RoutePattern.RawText!.Replace("{**", "{", StringComparison.Ordinal)}").ToList();
        var document = await DocumentAsync();
        var described = document.Paths.SelectMany(path => path.Value.Operations!.Keys, (path, method) => $"{method} {path.Key}");
        Assert.True(mapped.Count >= 11, string.Join('\n', mapped));
        Assert.Equal(mapped.Order(), described.Order());
    }

    [Fact]
    public async Task Operation_Each_HasSummaryTagResponseAndProblems()
    {
        var document = await DocumentAsync();
        var operations = document.Paths.SelectMany(path => path.Value.Operations!.Values).ToList();
        Assert.Equal(operations.Count, operations.Select(operation => operation.OperationId).Distinct().Count());
        Assert.All(operations, operation =>
        {
            Assert.False(string.IsNullOrEmpty(operation.Summary), operation.OperationId);
            Assert.NotEmpty(operation.Tags!);
            Assert.Contains(operation.Responses!, response => response.Key[0] == '2' && response.Value.Content is { } content
                && (operation.OperationId == "exportIncidentFile" ? content.ContainsKey("application/octet-stream") : content["application/json"].Schema is not null));
            Assert.Contains("401", operation.Responses!.Keys);
            foreach (var (_, problem) in operation.Responses.Where(response => response.Key[0] != '2'))
                Assert.Contains("code", problem.Content!["application/problem+json"].Schema!.Properties!.Keys);
        });
    }

    [Fact]
    public async Task Parameters_OfTheLists_AreDescribed()
    {
        var document = await DocumentAsync();
        foreach (var (path, names) in new Dictionary<string, string>
        {
            ["/api/v1/terminations"] = "continue from limit namespace node service to",
            ["/api/v1/timeline"] = "backends columns from namespace node service step to",
            ["/api/v1/audit"] = "action continue format from limit target to what who",
            ["/api/v1/actions"] = "continue limit",
            ["/api/v1/nodes"] = "continue limit",
            ["/api/v1/services"] = "continue limit namespace service",
            ["/api/v1/resets"] = "continue from kind limit namespace node service text to",
        })
        {
            var parameters = document.Paths[path].Operations![HttpMethod.Get].Parameters!;
            Assert.Equal(names, string.Join(' ', parameters.Select(parameter => parameter.Name).Order()));
            Assert.All(parameters, parameter => Assert.False(string.IsNullOrEmpty(parameter.Description), parameter.Name));
        }
    }

    [Fact]
    public async Task Bodies_OfChanges_AreDescribed()
    {
        var document = await DocumentAsync();
        var body = document.Paths["/api/v1/actions"].Operations![HttpMethod.Post].RequestBody!.Content!["application/json"].Schema!;
        Assert.Subset(body.Properties!.Keys.ToHashSet(), new HashSet<string> { "kind", "podIp", "preset", "scope", "key", "value", "nodes", "reason" });
        Assert.Contains("digest", document.Paths["/api/v1/actions/{id}/confirm"].Operations![HttpMethod.Post].RequestBody!.Content!["application/json"].Schema!.Properties!.Keys);
    }

    /// <summary>What the console writes without a serializer has the documented shape.</summary>
    [Fact]
    public async Task Responses_WithoutSerializer_HaveDocumentedMembers()
    {
        var document = await DocumentAsync();
        await _host.Get<AuditLog>().AppendAsync(new AuditNote("me", null, "test", null, null, "because", null, null, "ok", null, "a"), Ct);
        _host.SetCluster(new NodeChange(Objects.Node("node1", "192.168.0.1"), false));
        foreach (string path in (string[])["/api/v1/audit", "/api/v1/timeline", "/api/v1/terminations", "/api/v1/settings", "/api/v1/actions"])
        {
            using var json = JsonDocument.Parse(await _program.GetStringAsync(path, Ct));
            AssertShape(json.RootElement, document.Paths[path].Operations![HttpMethod.Get].Responses!["200"].Content!["application/json"].Schema!, path);
        }
    }

    [Theory]
    [InlineData("GET", "/api/v1/nothing", 404, "request.not_found")]
    [InlineData("DELETE", "/api/v1/audit", 405, "request.method_not_allowed")]
    public async Task Request_WithoutEndpoint_IsProblemWithCode(string method, string path, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method != "GET")
            request.Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
        using var answer = await _program.SendAsync(request, Ct);
        string body = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Equal((status, "application/problem+json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains($"\"code\":\"{code}\"", body);
    }

    private static void AssertShape(JsonElement value, IOpenApiSchema schema, string path)
    {
        if (value.ValueKind == JsonValueKind.Array && schema.Items is { } item)
        {
            foreach (var element in value.EnumerateArray())
                AssertShape(element, item, path + "[]");
        }

        if (value.ValueKind != JsonValueKind.Object)
            return;
        Assert.All(value.EnumerateObject(), member => Assert.True(schema.Properties?.ContainsKey(member.Name) == true, $"{path}.{member.Name} is not described."));
        Assert.All(schema.Required ?? new HashSet<string>(), name => Assert.True(value.TryGetProperty(name, out _), $"{path} has no {name}."));
        foreach (var member in value.EnumerateObject())
            AssertShape(member.Value, schema.Properties![member.Name], $"{path}.{member.Name}");
    }

    private async Task<OpenApiDocument> DocumentAsync()
    {
        using var answer = await _program.GetAsync(Address, Ct);
        string text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        var result = OpenApiDocument.Parse(text, "json");
        Assert.Empty(result.Diagnostic!.Errors);
        Assert.Empty(result.Diagnostic.Warnings);
        return result.Document!;
    }
}
