using System.Net;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Tests.Recordings;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Cluster.State;

/// <summary>A problem of an optional kind disables its feature; a problem of a kind that guards need makes them refuse.</summary>
public class KindStatusTests
{
    [Theory]
    [InlineData("events", 403, "The console may not list events: SIGTERM times")]
    [InlineData("deployments", 403, "The console may not list deployments: rollouts are not detected. Grant its ClusterRole 'get', 'list' and 'watch' on deployments")]
    [InlineData("statefulsets", 404, "This API server does not serve statefulsets: rollouts of StatefulSets are not detected.")]
    public async Task OptionalKind_Refused_ReportsTheImpactAndTheRestWorks(string kind, int status, string problem)
    {
        await using var run = await RecordedRun.StartAsync("rollout-graceful", server => server.Refused[kind] = status);
        Assert.StartsWith(problem, run.State.Kinds.Single(k => k.Kind == kind).Problem, StringComparison.Ordinal);
        Assert.True(run.State.IsReady);
        Assert.Null(run.State.Problem);
        Assert.True(run.State.Age < TimeSpan.FromSeconds(10));
        Assert.All(run.State.Kinds.Where(k => k.Kind != kind), k => Assert.True(k is { Listed: true, Problem: null }, k.ToString()));
        Assert.Equal(TimeSpan.MaxValue, run.State.Kinds.Single(k => k.Kind == kind).Age);
    }

    [Fact]
    public async Task OptionalKind_PermittedLater_IsWatched()
    {
        await using var run = await RecordedRun.StartAsync("rollout-graceful", server => server.Refused["deployments"] = 403);
        Assert.DoesNotContain(run.State.Current.Workloads.Values, w => w.Kind == WorkloadKind.Deployment);
        run.Server.Refused.Clear();
        run.Clock.Advance(TimeSpan.FromSeconds(31));
        await run.UntilAsync(() => run.State.Kinds.All(k => k is { Listed: true, Problem: null }), "the new right");
        Assert.Contains(run.State.Current.Workloads.Values, w => w.Kind == WorkloadKind.Deployment);
    }

    [Theory]
    [InlineData("nodes", 403)]
    [InlineData("services", 404)]
    [InlineData("endpointslices", 403)]
    [InlineData("pods", 401)]
    public async Task CoreKind_RefusedWhileRunning_StateAges(string kind, int status)
    {
        await using var run = await RecordedRun.StartAsync("rollout-graceful");
        run.Server.Refused[kind] = status;
        // Its watch ends at its next line and is not accepted again.
        int line = run.Files.Lines.ToList().FindIndex(l => l.Kind == kind);
        if (line >= 0)
        {
            run.Server.Cuts[line] = Cut.Closed;
            run.Server.Released = line + 1;
        }
        else
        {
            run.Clock.Advance(TimeSpan.FromSeconds(91));
        }

        await run.UntilAsync(() => run.State.Problem is not null, "the refusal");
        long since = run.NowMs;
        run.Clock.Advance(TimeSpan.FromSeconds(6));
        run.Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.True(run.State.Age >= TimeSpan.FromSeconds(12), run.State.Age.ToString());
        // A request that was under way when the clock advanced ends as timed out; the next one is refused as the first was.
        await run.UntilAsync(
            () =>
            {
                run.Clock.Advance(TimeSpan.FromMilliseconds(10));
                return run.State.Problem?.Contains(status == 401 ? "credentials" : kind, StringComparison.Ordinal) == true;
            },
            "the refusal");
        run.Server.Refused.Clear();
        await run.UntilAsync(
            () =>
            {
                run.Clock.Advance(TimeSpan.FromSeconds(1));
                return run.State.Problem is null && run.State.Age < TimeSpan.FromSeconds(10);
            },
            "its end");
        Assert.True(run.NowMs > since);
    }

    [Fact]
    public void Age_SeveralKinds_IsThatOfTheOldestCoreKind()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddDays(20_000));
        var state = new ClusterState(clock);
        var core = WatchedKind.All.Where(k => k.IsCore).ToList();
        long NowMs() => clock.GetUtcNow().ToUnixTimeMilliseconds();
        state.Confirm([.. core.Skip(1)], NowMs());
        Assert.Equal((TimeSpan.MaxValue, false), (state.Age, state.IsReady));
        state.Confirm([core[0]], NowMs());
        Assert.Equal((TimeSpan.Zero, true), (state.Age, state.IsReady));
        clock.Advance(TimeSpan.FromSeconds(12));
        state.Confirm([.. core.Skip(1)], NowMs());
        Assert.Equal(TimeSpan.FromSeconds(12), state.Age);
        Assert.Equal(["nodes"], state.Kinds.Where(k => k.Age > TimeSpan.Zero && k.Age < TimeSpan.MaxValue).Select(k => k.Kind));
    }

    [Fact]
    public void Backoff_Next_DoublesUpToTheMaximumWithJitter()
    {
        var backoff = new WatchOptions { MinBackoff = TimeSpan.FromSeconds(1), MaxBackoff = TimeSpan.FromSeconds(3), Random = new Chosen(0, 0.5, 1, 0, 0) }.NewBackoff();
        Assert.Equal([1000, 1500, 1500, 3000], Enumerable.Range(0, 4).Select(_ => backoff.Next().TotalMilliseconds));
        backoff.Reset();
        Assert.Equal(0.1, backoff.Next(TimeSpan.FromSeconds(0.1)).TotalSeconds);
    }

    [Fact]
    public void ApiServerException_RetryAfter_IsCappedAtAMinute()
    {
        using var response = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
        response.Headers.RetryAfter = new(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromMinutes(1), ApiServerException.From(WatchedKind.All[0], "list", response).RetryAfter);
    }

    [Fact]
    public void StringPool_Overflow_DropsUnusedAndKeepsUsedStrings()
    {
        var pool = new StringPool(generation: 10);
        string node = pool.Of("node1");
        string once = pool.Of("used once");
        for (int index = 0; index < 100; index++)
        {
            pool.Of($"text {index}");
            Assert.Same(node, pool.Of("node1"));
        }

        Assert.NotSame(once, pool.Of("used once"));
    }

    private sealed class Chosen(params double[] values) : Random
    {
        private int _next;

        public override double NextDouble() => values[_next++];
    }
}
