using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Testing;
using Xunit;
using k8s;
using k8s.Models;

namespace ConntrackConsole.Lab.Tests;

public sealed class ApiServerTests : IAsyncLifetime
{
    private readonly ObjectStore _store = new(history: 5);
    private readonly HttpClient _client = new();
    private ApiServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartAsync(_store, bookmarkInterval: TimeSpan.FromMilliseconds(50));
        _client.BaseAddress = _server.Address;
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _server.Token);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("/api/v1/pods", 200)]
    [InlineData("/api/v1/namespaces/shop/pods", 200)]
    [InlineData("/api/v1/nodes", 200)]
    [InlineData("/apis/discovery.k8s.io/v1/endpointslices", 200)]
    [InlineData("/api/v1/events", 200)]
    [InlineData("/apis/apps/v1/deployments", 200)]
    [InlineData("/apis/apps/v1/namespaces/shop/replicasets", 200)]
    [InlineData("/apis/apps/v1/statefulsets", 200)]
    [InlineData("/apis/apps/v1/daemonsets", 200)]
    [InlineData("/apis/apps/v1", 200)]
    [InlineData("/apis/apps", 200)]
    [InlineData("/api/v1/deployments", 404)]
    [InlineData("/apis/apps/v1/pods", 404)]
    [InlineData("/version", 200)]
    [InlineData("/apis", 200)]
    [InlineData("/api/v1/secrets", 404)]
    [InlineData("/api/v1/namespaces/shop/pods/none", 404)]
    [InlineData("/api/v1/namespaces/shop/nodes", 404)]
    [InlineData("/api/v1/pods?limit=many", 400)]
    [InlineData("/api/v1/pods?labelSelector=a%3Db", 400)]
    [InlineData("/api/v1/pods?continue=nonsense", 400)]
    [InlineData("/api/v1/pods?watch=true&resourceVersion=x", 400)]
    public async Task Get_Path_AnswersWithItsStatus(string path, int status)
    {
        var answer = await _client.GetAsync(new Uri(path, UriKind.Relative), Cancel);

        Assert.Equal(status, (int)answer.StatusCode);
        if (status >= 400)
        {
            var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!;
            Assert.Equal("Status", (string?)body["kind"]);
            Assert.Equal(status, (int?)body["code"]);
        }
    }

    [Fact]
    public async Task Get_WithoutTheToken_IsUnauthorized()
    {
        using var stranger = new HttpClient { BaseAddress = _server.Address };

        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(new Uri("/api/v1/pods", UriKind.Relative), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await _client.DeleteAsync(new Uri("/api/v1/pods", UriKind.Relative), Cancel)).StatusCode);
    }

    [Fact]
    public async Task Restart_IsRefusedThenForbiddenThenExpiresOldWatches()
    {
        _store.Put("pods", Pod("a"));
        long version = _store.Version;
        var watch = _client.GetStreamAsync(new Uri($"/api/v1/pods?watch=true&resourceVersion={version}", UriKind.Relative), Cancel);
        await using var open = await watch;

        TaskCompletionSource down = new(TaskCreationOptions.RunContinuationsAsynchronously), starting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var restarted = _server.RestartAsync(() => down.Task, () => starting.Task);

        Assert.True(await EndsAsync(open));
        await Eventually.TrueAsync(async () => await StatusAsync() is null);
        down.SetResult();
        await Eventually.TrueAsync(async () => await StatusAsync() == 403);
        starting.SetResult();
        await restarted;
        Assert.Equal(200, (int)(await _client.GetAsync(new Uri("/version", UriKind.Relative), Cancel)).StatusCode);
        Assert.Equal(410, (int)(await _client.GetAsync(new Uri($"/api/v1/pods?watch=true&resourceVersion={version}", UriKind.Relative), Cancel)).StatusCode);
        var list = JsonNode.Parse(await _client.GetStringAsync(new Uri("/api/v1/pods", UriKind.Relative), Cancel))!;
        Assert.Single(list["items"]!.AsArray());
        await using var again = await _client.GetStreamAsync(
            new Uri($"/api/v1/pods?watch=true&resourceVersion={list["metadata"]!["resourceVersion"]}", UriKind.Relative), Cancel);
        Assert.True(again.CanRead);
    }

    // Null: the connection is refused.
    private async Task<int?> StatusAsync()
    {
        try
        {
            return (int)(await _client.GetAsync(new Uri("/version", UriKind.Relative), Cancel)).StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    // The server's end of the watch: its last chunk, or a reset.
    private static async Task<bool> EndsAsync(Stream watch)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await watch.ReadAsync(buffer, Cancel) > 0)
            {
            }
        }
        catch (IOException)
        {
        }

        return true;
    }

    [Fact]
    public async Task List_InPages_ReturnsEveryObjectOnceAtOneVersion()
    {
        foreach (string name in new[] { "a", "b", "c" })
            _store.Put("pods", Pod(name));

        var first = await JsonAsync("/api/v1/pods?limit=2");
        _store.Put("pods", Pod("b"));
        var second = await JsonAsync($"/api/v1/pods?limit=2&continue={Uri.EscapeDataString((string)first["metadata"]!["continue"]!)}");

        Assert.Equal(["a", "b"], Names(first));
        Assert.Equal(["c"], Names(second));
        Assert.Null(second["metadata"]!["continue"]);
        Assert.Equal((string?)first["metadata"]!["resourceVersion"], (string?)second["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task List_ExpiredContinueToken_IsGone()
    {
        _store.Put("pods", Pod("a"));
        _store.Put("pods", Pod("b"));
        var first = await JsonAsync("/api/v1/pods?limit=1");
        Forget();

        var answer = await _client.GetAsync(
            new Uri($"/api/v1/pods?limit=1&continue={Uri.EscapeDataString((string)first["metadata"]!["continue"]!)}", UriKind.Relative), Cancel);

        Assert.Equal(HttpStatusCode.Gone, answer.StatusCode);
    }

    [Fact]
    public async Task Watch_FromAListsVersion_SendsEachChangeInOrderThenBookmarks()
    {
        _store.Put("pods", Pod("before"));
        string version = (string)(await JsonAsync("/api/v1/pods"))["metadata"]!["resourceVersion"]!;
        using var watch = await WatchAsync($"/api/v1/namespaces/shop/pods?watch=true&allowWatchBookmarks=true&resourceVersion={version}");

        _store.Put("pods", Pod("a"));
        _store.Put("pods", Pod("a"));
        _store.Delete("pods", Pod("a"));

        Assert.Equal(("ADDED", "a"), await NextAsync(watch));
        Assert.Equal(("MODIFIED", "a"), await NextAsync(watch));
        Assert.Equal(("DELETED", "a"), await NextAsync(watch));
        var bookmark = JsonNode.Parse((await watch.ReadLineAsync(Cancel))!)!;
        Assert.Equal("BOOKMARK", (string?)bookmark["type"]);
        Assert.Equal($"{_store.Version}", (string?)bookmark["object"]!["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task Watch_WithoutAVersion_StartsWithExistingObjects()
    {
        _store.Put("pods", Pod("a"));
        using var watch = await WatchAsync("/api/v1/pods?watch=1");
        _store.Put("pods", Pod("b"));

        Assert.Equal(("ADDED", "a"), await NextAsync(watch));
        Assert.Equal(("ADDED", "b"), await NextAsync(watch));
    }

    [Fact]
    public async Task Watch_FromAnExpiredVersion_IsGone()
    {
        string version = (string)(await JsonAsync("/api/v1/pods"))["metadata"]!["resourceVersion"]!;
        Forget();

        var answer = await _client.GetAsync(new Uri($"/api/v1/pods?watch=true&resourceVersion={version}", UriKind.Relative), Cancel);

        Assert.Equal(HttpStatusCode.Gone, answer.StatusCode);
        Assert.Equal("Expired", (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!["reason"]);
    }

    [Fact]
    public async Task Watch_WithATimeout_Ends()
    {
        using var watch = await WatchAsync($"/api/v1/pods?watch=true&timeoutSeconds=1&resourceVersion={_store.Version}");

        Assert.Null(await watch.ReadLineAsync(Cancel));
    }

    [Theory]
    [InlineData("/api/v1/events", "events is forbidden: User \"lab\" cannot list resource \"events\" in API group \"\" at the cluster scope")]
    [InlineData("/apis/apps/v1/deployments?watch=true", "deployments.apps is forbidden: User \"lab\" cannot watch resource \"deployments\" in API group \"apps\" at the cluster scope")]
    [InlineData("/apis/apps/v1/namespaces/shop/deployments/a", "deployments.apps is forbidden: User \"lab\" cannot get resource \"deployments\" in API group \"apps\" in the namespace \"shop\"")]
    public async Task Get_OfAForbiddenKind_IsRefusedLikeARealServer(string path, string message)
    {
        await using var server = await ApiServer.StartAsync(_store, TimeSpan.FromSeconds(1), ["events", "deployments"]);
        using var client = new HttpClient { BaseAddress = server.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Token);

        var answer = await client.GetAsync(new Uri(path, UriKind.Relative), Cancel);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal(message, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!["message"]);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/api/v1/pods", UriKind.Relative), Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("/apis/apps/v1/statefulsets", "StatefulSetList", "apps/v1")]
    [InlineData("/apis/apps/v1/daemonsets", "DaemonSetList", "apps/v1")]
    [InlineData("/api/v1/events", "EventList", "v1")]
    public async Task List_OfAKindWithoutObjects_IsAnEmptyListWithAVersion(string path, string kind, string apiVersion)
    {
        var list = await JsonAsync(path);

        Assert.Equal((kind, apiVersion), ((string?)list["kind"], (string?)list["apiVersion"]));
        Assert.Equal($"{_store.Version}", (string?)list["metadata"]!["resourceVersion"]);
        Assert.Empty(list["items"]!.AsArray());
    }

    [Fact]
    public async Task KubernetesClient_ListsPodsFromTheKubeconfig()
    {
        var pod = new PodObject(_store, "shop", "checkout", "hash", "node1", "10.100.0.1", 8080, preStopSeconds: 2);
        pod.Add();
        pod.Scheduled();
        pod.Creating();
        pod.Running("10.100.16.2");
        pod.Ready();
        string path = Path.GetTempFileName();
        Kubeconfig.Write(path, _server);
        using var kubernetes = new Kubernetes(await KubernetesClientConfiguration.BuildConfigFromConfigFileAsync(new FileInfo(path)));
        File.Delete(path);

        var read = Assert.Single((await kubernetes.CoreV1.ListNamespacedPodAsync("shop", cancellationToken: Cancel)).Items);

        Assert.Equal(pod.Name, read.Name());
        Assert.Equal("10.100.16.2", read.Status.PodIP);
        Assert.Equal("True", read.Status.Conditions.Single(condition => condition.Type == "Ready").Status);
        Assert.NotNull(read.Status.ContainerStatuses.Single().State.Running.StartedAt);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private void Forget()
    {
        for (int i = 0; i < 7; i++)
            _store.Put("pods", Pod("later"));
    }

    private async Task<JsonNode> JsonAsync(string path) => JsonNode.Parse(await _client.GetStringAsync(new Uri(path, UriKind.Relative), Cancel))!;

    private async Task<StreamReader> WatchAsync(string path) => new(await _client.GetStreamAsync(new Uri(path, UriKind.Relative), Cancel));

    private static async Task<(string? Type, string? Name)> NextAsync(StreamReader watch)
    {
        // Between two changes the watch may be idle long enough for a bookmark.
        JsonNode line;
        do
            line = JsonNode.Parse((await watch.ReadLineAsync(Cancel))!)!;
        while ((string?)line["type"] == "BOOKMARK");
        return ((string?)line["type"], (string?)line["object"]!["metadata"]!["name"]);
    }

    private static IEnumerable<string?> Names(JsonNode list) => list["items"]!.AsArray().Select(item => (string?)item!["metadata"]!["name"]);

    private static JsonObject Pod(string name) => new()
    {
        ["kind"] = "Pod",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "shop" },
    };
}
