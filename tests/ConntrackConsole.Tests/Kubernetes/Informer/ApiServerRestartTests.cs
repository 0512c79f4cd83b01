using System.Collections.Concurrent;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Informer;
using ConntrackConsole.Kubernetes.Parsing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Kubernetes.Informer;

/// <summary>The informer while the API server restarts: no connection, then 403 for everything, then 410 for each old watch.</summary>
public sealed class ApiServerRestartTests : IAsyncLifetime
{
    private enum Mode
    {
        Up,
        Down,
        Starting,
    }

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly ConcurrentDictionary<string, DateTimeOffset> _listedAt = new();
    private readonly ConcurrentBag<string> _problems = [];
    private CancellationTokenSource _life = new();
    private volatile Mode _mode = Mode.Up;
    private volatile int _version = 10;
    private WebApplication _server = null!;
    private string _kubeconfig = "";
    private ClusterState _state = null!;
    private ClusterInformer _informer = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.Run(AnswerAsync);
        await _server.StartAsync(TestContext.Current.CancellationToken);
        _kubeconfig = TestKubeconfig.Write(_server.Urls.First());
        _state = new ClusterState(_clock);
        _state.Changed += () => _problems.Add(_state.Problem ?? "");
        _informer = new ClusterInformer(
            ClusterAccess.Find(new KubernetesOptions { Kubeconfig = _kubeconfig }), _state, _clock, NullLogger<ClusterInformer>.Instance);
        await _informer.StartAsync(TestContext.Current.CancellationToken);
        await PassAsync(60, () => _state.IsReady && _listedAt.Count == WatchedKind.All.Count);
    }

    public async ValueTask DisposeAsync()
    {
        await _informer.StopAsync(CancellationToken.None);
        _informer.Dispose();
        await _server.DisposeAsync();
        _life.Dispose();
        File.Delete(_kubeconfig);
    }

    [Fact]
    public async Task ServerRestarts_EveryKind_IsListedWithinSecondsOfItsReturn()
    {
        Set(Mode.Down);
        await PassAsync(13);
        Set(Mode.Starting);
        await PassAsync(3);
        Set(Mode.Up);
        var returned = _clock.GetUtcNow();
        _listedAt.Clear();
        await PassAsync(60, () => _listedAt.Count == WatchedKind.All.Count);
        Assert.All(_listedAt, listed => Assert.InRange((listed.Value - returned).TotalSeconds, 0, 3.5));
    }

    [Fact]
    public async Task ServerStarts_RefusesEverything_NamesNoMissingPermission()
    {
        Set(Mode.Down);
        await PassAsync(6);
        _problems.Clear();
        Set(Mode.Starting);
        await PassAsync(6);
        Assert.Contains(_problems.Concat(_state.Kinds.Select(k => k.Problem ?? "")), p => p.Contains("403"));
        Assert.DoesNotContain(_problems.Concat(_state.Kinds.Select(k => k.Problem ?? "")), p => p.Contains("Grant"));
    }

    [Fact]
    public async Task Permission_MissingForLongerThanAStart_IsNamed()
    {
        Set(Mode.Down);
        await PassAsync(3);
        Set(Mode.Starting);
        await PassAsync(60, () => _state.Kinds.Any(k => k.Problem?.Contains("Grant") == true));
        Assert.Contains(_state.Kinds, k => k.Problem?.Contains("Grant") == true);
    }

    private void Set(Mode mode)
    {
        _mode = mode;
        if (mode != Mode.Down)
            return;
        _version += 10;
        Interlocked.Exchange(ref _life, new CancellationTokenSource()).Cancel();
    }

    // The clock advances in small steps; each gives the requests that became due the time to be answered.
    private async Task PassAsync(double seconds, Func<bool>? until = null)
    {
        for (int step = 0; step < seconds * 10 && until?.Invoke() != true; step++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.True(until?.Invoke() != false, $"not within {seconds} s: {_state.Problem}");
    }

    private async Task AnswerAsync(HttpContext context)
    {
        string kind = context.Request.Path.Value!.Split('/')[^1];
        var life = _life;
        if (_mode == Mode.Down)
        {
            context.Abort();
        }
        else if (_mode == Mode.Starting)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
        }
        else if (kind == "version")
        {
            await context.Response.WriteAsync("{}");
        }
        else if (context.Request.Query["watch"] != "true")
        {
            _listedAt[kind] = _clock.GetUtcNow();
            await context.Response.WriteAsync($$$"""{"metadata":{"resourceVersion":"{{{_version}}}"},"items":[]}""");
        }
        else if (context.Request.Query["resourceVersion"] != $"{_version}")
        {
            await context.Response.WriteAsync("""{"type":"ERROR","object":{"kind":"Status","code":410}}""" + "\n");
        }
        else
        {
            await context.Response.Body.FlushAsync();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, life.Token);
            try
            {
                await Task.Delay(Timeout.Infinite, either.Token);
            }
            catch (OperationCanceledException)
            {
                context.Abort();
            }
        }
    }
}
