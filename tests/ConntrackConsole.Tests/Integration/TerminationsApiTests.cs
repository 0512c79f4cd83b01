using System.Net;
using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

public sealed class TerminationsApiTests : IAsyncLifetime
{
    private const string Path = "/api/v1/terminations";

    private ConsoleHost _host = null!;
    private HttpClient _program = null!;

    public async ValueTask InitializeAsync() => await StartAsync(null);

    private async Task StartAsync(DirectoryInfo? folder)
    {
        _host = await ConsoleHost.StartAsync(folder);
        _program = new HttpClient { BaseAddress = new Uri(_host.Url) };
        await _program.GetAsync($"/signin?token={ConsoleHost.SignInToken}", TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _program.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Get_WithoutSession_Is401AsProblemDetails_AndNoRedirect()
    {
        using var stranger = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_host.Url) };
        using var answer = await stranger.GetAsync(Path, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains("sign-in link", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("from=yesterday", "query.invalid_time", "'from' is not an RFC 3339 time: yesterday")]
    [InlineData("to=2026-13-01T00:00:00Z", "query.invalid_time", "'to'")]
    [InlineData("from=2026-11-24T12:00:00Z&to=2026-11-24T11:00:00Z", "query.range_reversed", "'from'")]
    [InlineData("limit=0", "query.out_of_range", "'limit' must be a whole number from 1 to 500: 0.")]
    [InlineData("limit=501", "query.out_of_range", "'limit'")]
    [InlineData("limit=many", "query.not_a_number", "'limit'")]
    [InlineData("continue=%25%25%25", "query.invalid_continue", "'continue'")]
    [InlineData("continue=bm90aGluZw", "query.invalid_continue", "'continue'")]
    public async Task Get_InvalidQuery_Is400WithText(string query, string code, string named)
    {
        using var answer = await _program.GetAsync($"{Path}?{query}", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(code, problem.RootElement.GetProperty("code").GetString());
        Assert.Contains(named, problem.RootElement.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Get_Termination_HasTimestampsCauseAndSyncs()
    {
        long deletionRequestedMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000 * 1000;
        var pod = Objects.Pod("a", "10.1.0.5") with { Node = "node1", GraceSeconds = 30, HasPreStop = true };
        var going = pod.Terminating(deletionRequestedMs) with { DeletionGraceSeconds = 30 };
        _host.SetCluster(
            new NodeChange(Objects.Node("node1", "192.168.0.1"), false), new PodChange(pod, false), new SliceChange(Objects.Slice(Objects.Ready(pod)), false));
        _host.SetCluster(new PodChange(going, false), new SliceChange(Objects.Slice(Objects.Draining(pod)), false),
            new EventChange(new ObjectEvent("e", "Pod", "shop", pod.Name, "a", "Killing", "Stopping container app", deletionRequestedMs, "kubelet")));
        _host.SetCluster(new SliceChange(Objects.Slice(), false), new PodChange(going with { ContainersEnded = true, FinishedMs = deletionRequestedMs + 5_000, ExitCode = 0, ExitReason = "Completed", Phase = "Succeeded" }, true));
        long changedMs = _host.Get<ClusterState>().Terminations[0].EndpointNotReadyMs!.Value;
        var frame = new NodeFrame
        {
            Sequence = 1, AtMs = changedMs + 900, IsKey = true,
            Proxy = new ProxyReading(changedMs + 900, true, ProxyMode.Nftables, 200, 1, (changedMs + 500) / 1000.0, (changedMs + 400) / 1000.0, 0.05, 1, 0, 0, 0, 0, 0, 0),
        };
        _host.Get<TimelineStore>().Apply("node1", 1, frame);

        var ended = Assert.Single((await PageAsync("")).Items);
        Assert.Equal("shop/checkout", Text(ended, "service"));
        Assert.Equal("byHand", Text(ended, "cause"));
        Assert.Equal("termination.pod_deleted", Text(ended, "causeCode"));
        Assert.StartsWith("The pod itself was deleted", Text(ended, "evidence"));
        Assert.Equal(Utc(deletionRequestedMs), Text(ended, "askedAt"));
        Assert.Equal(Utc(deletionRequestedMs), Text(ended, "stopSignalAt"));
        Assert.Equal(Utc(deletionRequestedMs + 5_000), Text(ended, "containerFinishedAt"));
        foreach (string instant in (string[])["endpointNotReadyAt", "endpointTerminatingAt", "endpointRemovedAt", "deletedAt"])
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", Text(ended, instant));
        Assert.Equal((30, true, 0, "Completed"), (ended.GetProperty("graceSeconds").GetInt32(), ended.GetProperty("hasPreStop").GetBoolean(), ended.GetProperty("exitCode").GetInt32(), Text(ended, "exitReason")));
        Assert.Equal(["askedAt", "stopSignalAt", "containerFinishedAt"], ended.GetProperty("wholeSeconds").EnumerateArray().Select(e => e.GetString()));
        var sync = Assert.Single(ended.GetProperty("rulesSynced").EnumerateArray());
        Assert.Equal(("node1", Utc(changedMs + 500)), (Text(sync, "node"), Text(sync, "at")));
        Assert.Equal(JsonValueKind.Null, ended.GetProperty("ipReusedAt").ValueKind);
        Assert.Empty((await PageAsync("namespace=other")).Items);
        Assert.Empty((await PageAsync("node=other")).Items);
        Assert.Empty((await PageAsync($"to={Utc(deletionRequestedMs - 1)}")).Items);
        Assert.Single((await PageAsync($"from={Utc(deletionRequestedMs)}&service=checkout&namespace=shop&node=node1")).Items);
    }

    // Live, and from the database after a restart of the console.
    [Fact]
    public async Task Timeline_ContainerRestarted_IsInTheTimelineAndStored()
    {
        var pod = Objects.Pod("a", "10.1.0.5");
        long endedMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000 * 1000;
        _host.SetCluster(new PodChange(pod, false), new SliceChange(Objects.Slice(Objects.Ready(pod)), false));
        _host.SetCluster(new PodChange(pod with { Restarted = [new RestartedContainer("app", 1, endedMs, 137, "OOMKilled")] }, false));
        await AssertRestartAsync();

        _program.Dispose();
        _host = await _host.RestartAsync();
        _program = new HttpClient { BaseAddress = new Uri(_host.Url) };
        await _program.GetAsync($"/signin?token={ConsoleHost.SignInToken}", TestContext.Current.CancellationToken);
        await AssertRestartAsync();

        async Task AssertRestartAsync()
        {
            string path = $"/api/v1/timeline?from={Utc(endedMs - 3_600_000)}&to={Utc(endedMs + 60_000)}&columns=100";
            using var view = JsonDocument.Parse(await _program.GetStringAsync(path, TestContext.Current.CancellationToken));
            var restart = Assert.Single(view.RootElement.GetProperty("restarts").EnumerateArray());
            Assert.Equal(("outOfMemory", "app", "shop/checkout", Utc(endedMs), 137), (Text(restart, "kind"), Text(restart, "container"), Text(restart, "service"), Text(restart, "at"), restart.GetProperty("exitCode").GetInt32()));
            Assert.Empty(view.RootElement.GetProperty("terminations").EnumerateArray());
        }
    }

    [Fact]
    public async Task Get_BeyondMemory_PagesThroughDatabase()
    {
        int count = TerminationLog.Max + 30;
        await using (var db = await _host.Get<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken))
        {
            // Some have the same timestamp: the page boundary must not lose them.
            for (int i = 0; i < count; i++)
                db.Terminations.Add(new TerminationRow { Uid = $"u{i:D6}", Namespace = "shop", Pod = $"p{i}", PodIp = "10.1.0.5", Node = i % 2 == 0 ? "even" : "odd", DeletionRequestedMs = 1_800_000_000_000 + (i / 3 * 1000), DeletedMs = 1 });
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        _program.Dispose();
        _host = await _host.RestartAsync();
        _program = new HttpClient { BaseAddress = new Uri(_host.Url) };
        await _program.GetAsync($"/signin?token={ConsoleHost.SignInToken}", TestContext.Current.CancellationToken);
        Assert.Equal(TerminationLog.Max, _host.Get<ClusterState>().Terminations.Count);

        var uids = new List<string>();
        string query = "limit=500";
        while (true)
        {
            var (items, next) = await PageAsync(query);
            uids.AddRange(items.Select(i => Text(i, "uid")!));
            if (next is null)
                break;
            query = $"limit=500&continue={next}";
        }

        Assert.Equal(Enumerable.Range(0, count).Reverse().Select(i => $"u{i:D6}"), uids);
        // The oldest are only in the database.
        Assert.Equal(["u000004", "u000002", "u000000"], (await PageAsync($"node=even&to={Utc(1_800_000_001_000)}")).Items.Select(i => Text(i, "uid")));
    }

    private async Task<(List<JsonElement> Items, string? Continue)> PageAsync(string query)
    {
        using var answer = await _program.GetAsync($"{Path}?{query}", TestContext.Current.CancellationToken);
        string body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, body);
        using var page = JsonDocument.Parse(body);
        return ([.. page.RootElement.GetProperty("items").Clone().EnumerateArray()], page.RootElement.GetProperty("continue").GetString());
    }

    private static string Utc(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private static string? Text(JsonElement item, string name) => item.GetProperty(name).GetString();
}
