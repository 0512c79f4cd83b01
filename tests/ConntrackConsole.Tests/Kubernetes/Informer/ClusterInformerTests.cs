using System.Collections.Concurrent;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Informer;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ConntrackConsole.Tests.Kubernetes.Informer;

/// <summary>The informer against an HTTP server that behaves like an API server: pages, 410, an interrupted watch, no permission.</summary>
public sealed class ClusterInformerTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _podQueries = new();
    private readonly ConcurrentQueue<string[]> _podWatches = new();
    private readonly List<string[]> _podPages = [];
    private WebApplication? _server;
    private string _kubeconfig = "";
    private ClusterState _state = null!;
    private ClusterInformer _informer = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.MapGet("/version", () => "{}");
        _server.MapGet("/api/v1/pods", PodsAsync);
        _server.MapGet("/{**rest}", async (HttpContext context) =>
        {
            if (context.Request.Query["watch"] == "true")
                await HoldAsync(context);
            else
                await context.Response.WriteAsync("""{"metadata":{"resourceVersion":"1"},"items":[]}""");
        });
        await _server.StartAsync(TestContext.Current.CancellationToken);
        _kubeconfig = TestKubeconfig.Write(_server.Urls.First());
        _state = new ClusterState(TimeProvider.System);
        _informer = new ClusterInformer(
            ClusterAccess.Find(new KubernetesOptions { Kubeconfig = _kubeconfig }), _state, TimeProvider.System, NullLogger<ClusterInformer>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _informer.StopAsync(CancellationToken.None);
        _informer.Dispose();
        await _server!.DisposeAsync();
        File.Delete(_kubeconfig);
    }

    [Fact]
    public async Task Start_PagedList_IsAppliedThenWatchedAndConfirmed()
    {
        _podPages.Add([Pod("a", "10.1.0.5")]);
        _podPages.Add([Pod("b", "10.1.0.6")]);
        _podWatches.Enqueue([$$"""{"type":"ADDED","object":{{Pod("c", "10.1.0.7")}}}"""]);
        await _informer.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => _state.Current.Pods.Count == 3 && _state.Problem is null);
        Assert.Contains(_podQueries, q => q.Contains("continue=1"));
        Assert.Contains(_podQueries, q => q.Contains("resourceVersion=10") && q.Contains("allowWatchBookmarks=true"));
        await Eventually.TrueAsync(() => _state.Age < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Watch_HistoryExpired_ListsAgainAndRemovesTheMissingPod()
    {
        _podPages.Add([Pod("a", "10.1.0.5"), Pod("b", "10.1.0.6")]);
        _podWatches.Enqueue(["""{"type":"ERROR","object":{"kind":"Status","code":410}}"""]);
        await _informer.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => _state.Current.Pods.Count == 2);
        _podPages[0] = [Pod("b", "10.1.0.6")];
        _podWatches.Enqueue(["""{"type":"ERROR","object":{"kind":"Status","code":410}}"""]);
        await Eventually.TrueAsync(() => _state.Current.Pods.Count == 1);
        Assert.Equal(OwnerState.Gone, _state.Current.OwnerOf(Ip.Parse("10.1.0.5")).State);
    }

    [Fact]
    public async Task Objects_TooLarge_AreSkippedAndCounted()
    {
        string large = new('x', 9 * 1024 * 1024);
        _podPages.Add([Pod(large, "10.1.0.4"), Pod("a", "10.1.0.5")]);
        _podWatches.Enqueue([$$"""{"type":"ADDED","object":{{Pod(large, "10.1.0.6")}}}""", $$"""{"type":"ADDED","object":{{Pod("c", "10.1.0.7")}}}"""]);
        await _informer.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => _state.Current.Pods.Count == 2 && _state.IsReady);
        Assert.Equal(["a", "c"], _state.Current.Pods.Keys.Order());
        Assert.Equal(2, _state.Kinds.Single(k => k.Kind == "pods").Skipped);
    }

    [Fact]
    public async Task Watch_LineIsNotJson_ListsAgain()
    {
        _podPages.Add([Pod("a", "10.1.0.5")]);
        _podWatches.Enqueue(["<html>a proxy's page</html>"]);
        await _informer.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => _podQueries.Count(q => q.Contains("limit=")) == 2 && _state.IsReady);
        Assert.Single(_state.Current.Pods);
    }

    [Fact]
    public async Task List_Forbidden_NamesTheMissingPermission()
    {
        await _informer.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => _state.Problem?.Contains("may not list pods") == true);
        Assert.False(_state.IsReady);
    }

    private async Task PodsAsync(HttpContext context)
    {
        _podQueries.Enqueue(context.Request.QueryString.Value!);
        if (context.Request.Headers.Authorization != "Bearer secret" || _podPages.Count == 0)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
        }
        else if (context.Request.Query["watch"] == "true")
        {
            // With an empty queue the watch idles for a moment; a queued entry ends it.
            for (int i = 0; i < 20 && _podWatches.IsEmpty; i++)
                await HoldAsync(context, 100);
            foreach (string line in _podWatches.TryDequeue(out string[]? lines) ? lines : [])
                await context.Response.WriteAsync(line + "\n");
            await HoldAsync(context, 200);
        }
        else
        {
            int page = int.Parse(context.Request.Query["continue"].FirstOrDefault() ?? "0");
            string next = page + 1 < _podPages.Count ? $",\"continue\":\"{page + 1}\"" : "";
            await context.Response.WriteAsync($$$"""{"metadata":{"resourceVersion":"10"{{{next}}}},"items":[{{{string.Join(",", _podPages[page])}}}]}""");
        }
    }

    private static async Task HoldAsync(HttpContext context, int ms = Timeout.Infinite)
    {
        await context.Response.Body.FlushAsync();
        try
        {
            await Task.Delay(ms, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The informer was stopped.
        }
    }

    private static string Pod(string uid, string ip) =>
        $$$"""{"metadata":{"uid":"{{{uid}}}","namespace":"shop","name":"p-{{{uid}}}","resourceVersion":"11"},"spec":{"nodeName":"node1"},"status":{"phase":"Running","podIP":"{{{ip}}}"}}""";
}
