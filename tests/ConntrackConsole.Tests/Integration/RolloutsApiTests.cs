using System.Net;
using System.Text.Json;
using ConntrackConsole.Cli;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Rollouts;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Integration.Hosting;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

/// <summary>GET rollouts and 'rollout check', over HTTP and over the data directory, with rollouts that an earlier run stored.</summary>
public sealed class RolloutsApiTests : IAsyncLifetime
{
    private const string Path = "/api/v1/rollouts";
    private const long StartedMs = 1_790_000_000_000;

    private readonly HttpClientHandler _handler = new();
    private ConsoleHost _host = null!;
    private HttpClient _program = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await ConsoleHost.StartAsync();
        _program = new HttpClient(_handler) { BaseAddress = new Uri(_host.Url) };
        await _program.GetAsync($"/signin?token={ConsoleHost.SignInToken}", Ct);
        await StoreAsync("web", 1, broken: 4);
        await StoreAsync("web", 2, broken: 2);
        await StoreAsync("api", 1, broken: 0);
        await StoreAsync("db", 1, broken: 0, new UnknownPart(RolloutCodes.DataGap, "resets lost\u001b[31m", true));
        await StoreAsync("new", 1, broken: null);
        await StoreAsync("open", 1, broken: null);
    }

    public async ValueTask DisposeAsync()
    {
        _program.Dispose();
        _handler.Dispose();
        await _host.DisposeAsync();
    }

    [Theory]
    [InlineData("?from=yesterday", HttpStatusCode.BadRequest, "query.invalid_time")]
    [InlineData("?limit=501", HttpStatusCode.BadRequest, "query.out_of_range")]
    [InlineData("?continue=bm90aGluZw", HttpStatusCode.BadRequest, "query.invalid_continue")]
    [InlineData("?service=a", HttpStatusCode.BadRequest, "query.unknown_parameter")]
    [InlineData("/uid-web/1?maxResets=-1", HttpStatusCode.BadRequest, "query.out_of_range")]
    [InlineData("/uid-web/9", HttpStatusCode.NotFound, "rollout.not_found")]
    [InlineData("/x", HttpStatusCode.NotFound, "rollout.not_found")]
    public async Task Get_InvalidOrUnknown_HasACode(string query, HttpStatusCode status, string code)
    {
        using var answer = await _program.GetAsync(Path + query, Ct);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(code, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("code").GetString());
    }

    [Fact]
    public async Task List_HasPages_AndFilters()
    {
        var first = await GetAsync("?namespace=shop&workload=web&limit=1");
        var item = Assert.Single(first.GetProperty("items").EnumerateArray());
        Assert.Equal(("uid-web/2", "finished", "Deployment", 1), (Text(item, "id"), Text(item, "state"), Text(item, "kind"), item.GetProperty("podsTerminated").GetInt32()));
        var second = await GetAsync($"?namespace=shop&workload=web&limit=1&continue={Text(first, "continue")}");
        Assert.Equal("uid-web/1", Text(Assert.Single(second.GetProperty("items").EnumerateArray()), "id"));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("continue").ValueKind);
    }

    [Theory]
    [InlineData("uid-web/2")]
    [InlineData("uid-web%2F2")]
    public async Task Report_IsComparedWithEarlierRollouts(string id)
    {
        var report = await GetAsync($"/{id}?maxResets=1");
        Assert.Equal(("over", "rollout.over", 2, 1), (Text(report, "verdict"), Text(report, "code"), report.GetProperty("broken").GetInt32(), report.GetProperty("maxResets").GetInt32()));
        Assert.Equal((1, 4.0), (report.GetProperty("baseline").GetProperty("rollouts").GetInt32(), report.GetProperty("baseline").GetProperty("medianBrokenPerPod").GetDouble()));
        var pod = report.GetProperty("pods")[0];
        Assert.Equal(("mechanism.no_drain", 5.0), (Text(pod.GetProperty("findings")[0], "code"), pod.GetProperty("drainSeconds").GetDouble()));
        Assert.Equal("within", Text(await GetAsync($"/{id}?maxResets=2"), "verdict"));
    }

    [Theory]
    [InlineData(1, "OVER: 2 broken", "web")]
    [InlineData(1, "Median of 1 earlier rollouts: 4 per pod", "web")]
    [InlineData(1, "setPreStop at least 3 s", "web")]
    [InlineData(0, "WITHIN: 2 broken", "web", "--max-resets", "2")]
    [InlineData(0, "\"verdict\":\"within\"", "api", "--json")]
    [InlineData(4, "Unknown: resets lost?[31m [rollout.data_gap]", "db")]
    [InlineData(4, "[rollout.not_found]", "other")]
    [InlineData(4, "[rollout.not_found]", "web", "--since", "2040-01-01T00:00:00Z")]
    [InlineData(4, "[rollout.in_progress]", "open", "--wait", "1")]
    [InlineData(2, "--wait takes 1 to 86400", "web", "--wait", "0")]
    [InlineData(2, "--max-resets takes", "web", "--max-resets", "-1")]
    [InlineData(2, "--since takes", "web", "--since", "now")]
    public async Task Check_OverHttpAndOverTheDatabase_SaysTheSame(int exit, string contains, string workload, params string[] more)
    {
        string[] arguments = ["--namespace", "shop", "--workload", workload, .. more];
        Environment.SetEnvironmentVariable("CONNTRACK_COOKIE", _handler.CookieContainer.GetCookieHeader(new Uri(_host.Url)));
        var (code, text) = await CheckAsync([.. arguments, "--url", _host.Url]);
        Assert.True(code == exit && text.Contains(contains, StringComparison.Ordinal), $"{code}: {text}");
        var local = await CheckAsync([.. arguments, $"--Storage:DataDirectory={_host.Folder.FullName}"]);
        Assert.True(local.Exit == exit && local.Text.Contains(contains, StringComparison.Ordinal), $"{local.Exit}: {local.Text}");
    }

    [Fact]
    public async Task Check_WithoutSessionOrConsole_IsNoVerdict()
    {
        Environment.SetEnvironmentVariable("CONNTRACK_COOKIE", null);
        var stranger = await CheckAsync("--namespace", "shop", "--workload", "web", "--url", _host.Url);
        Assert.True(stranger.Exit == 2 && stranger.Text.Contains("[rollout.console_unavailable]", StringComparison.Ordinal), stranger.Text);
        var absent = await CheckAsync("--namespace", "shop", "--workload", "web", "--url", "http://127.0.0.1:9");
        Assert.True(absent.Exit == 4 && absent.Text.Contains("[rollout.console_unavailable]", StringComparison.Ordinal), absent.Text);
        var pending = await CheckAsync("--namespace", "shop", "--workload", "new", $"--Storage:DataDirectory={_host.Folder.FullName}");
        Assert.True(pending.Exit == 4 && pending.Text.Contains("[rollout.evidence_pending]", StringComparison.Ordinal), pending.Text);
        Assert.Equal(2, (await CheckAsync("--workload", "web")).Exit);
    }

    private static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();

    private static async Task<(int Exit, string Text)> CheckAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exit = await ConsoleCommands.RunAsync(["rollout", "check", .. arguments], output, error);
        return (exit, output.ToString() + error);
    }

    private async Task<JsonElement> GetAsync(string query)
    {
        using var answer = await _program.GetAsync(Path + query, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
    }

    // As the console stores it, but for the memory that a restart would fill.
    private async Task StoreAsync(string name, int revision, int? broken, params UnknownPart[] unknown)
    {
        long startedMs = StartedMs + (revision * 600_000L);
        var rollout = new Rollout($"uid-{name}/{revision}", WorkloadKind.Deployment, $"uid-{name}", "shop", name, $"{revision}", "0", startedMs, null, name == "open" ? null : startedMs + 30_000, null);
        await using var db = await _host.Get<IDbContextFactory<ConsoleDb>>().CreateDbContextAsync(Ct);
        db.Rollouts.Add(TerminationMapper.Row(rollout));
        db.Terminations.Add(TerminationMapper.Row(new Termination($"{name}-{revision}", "shop", $"{name}-x", Ip.Parse("10.1.0.5"), "node1", null, startedMs, null, null, null, 0, startedMs + 6_000) { RolloutId = rollout.Id }));
        await db.SaveChangesAsync(Ct);
        if (broken is not { } count)
            return;
        var pod = new PodMeasurement(
            $"{name}-{revision}", "shop", $"{name}-x", "10.1.0.5", "node1", null, startedMs, 30, null, startedMs + 5_000, 0, null, null, false, null, null, startedMs + 6_000,
            count == 0 ? [] : [new CountedFinding("finding-1", "M3", "mechanism.no_drain", "title", "resets", count, $"{count} resets of the backend", startedMs, null, "high", false)]);
        await _host.Get<RolloutReportStore>().SaveAsync(
            rollout, new RolloutMeasurement(startedMs, startedMs + 90_000, [pod], [], count == 0 ? [] : [new SuggestedChange("setPreStop", 3, true, "basis")], unknown), Ct);
    }
}
