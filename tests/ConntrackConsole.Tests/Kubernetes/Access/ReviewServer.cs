using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConntrackConsole.Tests.Kubernetes.Access;

/// <summary>
/// An API server that reviews tokens and rights, and has the nodes and pods that a test gives it. The shapes of its answers are those of
/// Kubernetes 1.32 (authentication.k8s.io/v1, authorization.k8s.io/v1).
/// </summary>
internal sealed class ReviewServer : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-review-");
    private int _asked;

    private ReviewServer()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    /// <summary>The account of each token; others are not authenticated.</summary>
    public ConcurrentDictionary<string, TestAccount> Tokens { get; } = [];

    /// <summary>What is allowed, as "user verb resource".</summary>
    public ConcurrentBag<string> Rights { get; } = [];

    /// <summary>JSON of the items of a list, by its path, such as /api/v1/nodes.</summary>
    public ConcurrentDictionary<string, string> Items { get; } = [];

    /// <summary>Answers reviews with this status instead.</summary>
    public int? Fails { get; set; }

    /// <summary>A server of before audiences were invented.</summary>
    public bool IgnoresAudiences { get; set; }

    /// <summary>How many reviews were asked for.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>A kubeconfig file of this server.</summary>
    public string Kubeconfig => Path.Combine(_folder.FullName, "kubeconfig");

    public static async Task<ReviewServer> StartAsync()
    {
        var server = new ReviewServer();
        await server._server.StartAsync();
        await File.WriteAllTextAsync(server.Kubeconfig, $$$"""
            apiVersion: v1
            kind: Config
            clusters: [{name: test, cluster: {server: "{{{server._server.Urls.First()}}}"}}]
            users: [{name: console, user: {token: console}}]
            contexts: [{name: test, context: {cluster: test, user: console}}]
            current-context: test
            """);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Delete(true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path;
        if (path is "/apis/authentication.k8s.io/v1/tokenreviews" or "/apis/authorization.k8s.io/v1/subjectaccessreviews")
        {
            Interlocked.Increment(ref _asked);
            if (Fails is { } status)
            {
                context.Response.StatusCode = status;
                await context.Response.WriteAsJsonAsync(new { kind = "Status", apiVersion = "v1", status = "Failure", code = status, message = "no" });
                return;
            }

            var spec = (await JsonNode.ParseAsync(context.Request.Body))!["spec"]!;
            context.Response.StatusCode = StatusCodes.Status201Created;
            await context.Response.WriteAsJsonAsync(path.Contains("tokenreviews", StringComparison.Ordinal) ? Token(spec) : Access(spec));
            return;
        }

        if (context.Request.Query["watch"] != "true")
        {
            await context.Response.WriteAsync($$"""{"metadata":{"resourceVersion":"1"},"items":[{{Items.GetValueOrDefault(path)}}]}""");
            return;
        }

        await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private JsonObject Token(JsonNode spec)
    {
        string[] asked = spec["audiences"]?.Deserialize<string[]>() ?? [TestAccount.ServerAudience];
        var account = Tokens.GetValueOrDefault((string)spec["token"]!);
        var status = new JsonObject { ["authenticated"] = false, ["user"] = new JsonObject() };
        if (account is not null && (IgnoresAudiences || asked.Contains(account.Audience)))
        {
            status = new JsonObject
            {
                ["authenticated"] = true,
                ["user"] = JsonSerializer.SerializeToNode(new { username = account.User, uid = "u", groups = account.Groups, extra = account.Extra }),
            };
            if (!IgnoresAudiences)
                status["audiences"] = new JsonArray(account.Audience);
        }

        return new JsonObject { ["kind"] = "TokenReview", ["apiVersion"] = "authentication.k8s.io/v1", ["status"] = status };
    }

    private JsonObject Access(JsonNode spec)
    {
        var resource = spec["resourceAttributes"]!;
        bool allowed = (string?)resource["group"] == "conntrackconsole.io" && Rights.Contains($"{spec["user"]} {resource["verb"]} {resource["resource"]}");
        return new JsonObject { ["kind"] = "SubjectAccessReview", ["apiVersion"] = "authorization.k8s.io/v1", ["status"] = new JsonObject { ["allowed"] = allowed } };
    }
}

/// <summary>The account of a token.</summary>
internal sealed record TestAccount(string User, string Audience = TestAccount.ServerAudience, params string[] Groups)
{
    public const string ServerAudience = "https://kubernetes.default.svc";

    public Dictionary<string, string[]> Extra { get; } = [];

    /// <summary>A token that the kubelet has mounted in a pod.</summary>
    public static TestAccount OfPod(string account, string audience, string? node, string podUid = "pod-1")
    {
        var token = new TestAccount("system:serviceaccount:" + account.Replace('/', ':'), audience, "system:serviceaccounts", "system:authenticated");
        token.Extra["authentication.kubernetes.io/pod-name"] = ["collector-x"];
        token.Extra["authentication.kubernetes.io/pod-uid"] = [podUid];
        if (node is not null)
            token.Extra["authentication.kubernetes.io/node-name"] = [node];
        return token;
    }
}
