using System.Net;
using System.Text.Json;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Findings;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

public sealed class FindingsApiTests : IAsyncLifetime
{
    private const string Path = "/api/v1/findings";

    private readonly RunningClock _clock = new();
    private ConsoleHost _host = null!;
    private HttpClient _program = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await ConsoleHost.StartAsync(clock: _clock);
        _program = new HttpClient { BaseAddress = new Uri(_host.Url) };
        await _program.GetAsync($"/signin?token={ConsoleHost.SignInToken}", Ct);
    }

    public async ValueTask DisposeAsync()
    {
        _program.Dispose();
        await _host.DisposeAsync();
        _clock.Dispose();
    }

    [Fact]
    public async Task Get_WithoutSession_Is401AsProblemDetails()
    {
        using var stranger = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_host.Url) };
        using var answer = await stranger.GetAsync(Path, Ct);
        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    [Theory]
    [InlineData("from=yesterday", "query.invalid_time")]
    [InlineData("from=2026-11-24T12:00:00Z&to=2026-11-24T12:00:00Z", "query.range_reversed")]
    [InlineData("to=1969-01-01T00:00:00Z", "query.too_early")]
    [InlineData("limit=501", "query.out_of_range")]
    [InlineData("continue=bm90aGluZw", "query.invalid_continue")]
    [InlineData("continue=MS9yb2xsb3V0", "query.invalid_continue")] // The token of another list: 1/rollout.
    [InlineData("node=node1", "query.unknown_parameter")]
    [InlineData("service=a&service=b", "query.repeated_parameter")]
    public async Task Get_InvalidQuery_Is400WithCode(string query, string code)
    {
        using var answer = await _program.GetAsync($"{Path}?{query}", Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
        Assert.Equal(code, problem.RootElement.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Get_BlackHoleAndNoDrain_HaveTheWholeForm_AndPages()
    {
        BreakTwoPods();
        JsonElement all = default;
        await Eventually.TrueAsync(async () => (all = await GetAsync("")).GetProperty("findings").GetArrayLength() == 2, TimeSpan.FromSeconds(60), () => all.ToString(), "two findings");

        var hole = all.GetProperty("findings").EnumerateArray().Single(finding => finding.GetProperty("mechanism").GetString() == "M4");
        Assert.Equal(("shop", "checkout", "10.1.0.5", "mechanism.black_hole"), (Text(hole, "namespace"), Text(hole, "service"), Text(hole, "backend"), Text(hole, "code")));
        Assert.Equal(("flushPodIp", "10.1.0.5"), (Text(hole.GetProperty("remedies")[0], "action"), Text(hole.GetProperty("remedies")[0], "podIp")));
        Assert.Equal(("hangingFlows", 3), (Text(hole.GetProperty("explains"), "unit"), hole.GetProperty("explains").GetProperty("count").GetInt32()));
        Assert.Equal(JsonValueKind.Null, hole.GetProperty("until").ValueKind);
        string[] names = ["id", "mechanism", "code", "kind", "title", "namespace", "service", "address", "backend", "pods", "nodes", "since", "until", "explains", "confidence", "evidence", "refutedBy", "gaps", "helps", "remedies", "harmful", "clients", "classes", "workloads", "explanation", "path", "commands", "link"];
        Assert.Equal(names, hole.EnumerateObject().Select(member => member.Name));

        Assert.Equal(1, hole.GetProperty("explains").GetProperty("share").GetDouble());
        Assert.Equal(["entryTransition", "lifecycle"], hole.GetProperty("classes").EnumerateArray().Select(name => name.GetString()));
        Assert.Contains("no live pod has that address", Text(hole, "explanation"), StringComparison.Ordinal);
        Assert.Equal(["clientPod", "clientNode", "service", "translation", "backendNode", "backendPod"], hole.GetProperty("path").EnumerateArray().Select(hop => Text(hop, "kind")));
        Assert.Equal(("shop/checkout-a", "fails"), (Text(hole.GetProperty("path")[5], "name"), Text(hole.GetProperty("path")[5], "request")));
        Assert.Equal("conntrack -L -p tcp -d 10.96.0.10 --orig-port-dst 80 -r 10.1.0.5", Text(hole.GetProperty("commands")[0], "command"));
        Assert.Equal(("node", "node1"), (Text(hole.GetProperty("commands")[0], "place"), Text(hole.GetProperty("commands")[0], "node")));
        Assert.Equal($"/findings/{Text(hole, "id")}", Text(hole, "link"));
        Assert.All(hole.GetProperty("evidence").EnumerateArray(), item => Assert.Contains("&ns=shop&svc=checkout", Text(item, "link"), StringComparison.Ordinal));
        var drain = all.GetProperty("findings").EnumerateArray().Single(finding => finding.GetProperty("mechanism").GetString() == "M3");
        Assert.Equal(
            ["spec.template.spec.containers[].lifecycle.preStop.sleep.seconds", "spec.template.spec.terminationGracePeriodSeconds"],
            drain.GetProperty("remedies").EnumerateArray().Select(remedy => Text(remedy.GetProperty("manifest"), "field")));
        Assert.Equal("10.1.9.9:40000", Text(drain.GetProperty("path")[0], "address"));

        var first = await GetAsync("?limit=1");
        var second = await GetAsync($"?limit=1&continue={first.GetProperty("continue").GetString()}");
        Assert.Equal(
            all.GetProperty("findings").EnumerateArray().Select(finding => Text(finding, "id")),
            new[] { first, second }.Select(page => Text(Assert.Single(page.GetProperty("findings").EnumerateArray()), "id")));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("continue").ValueKind);
        // The first item is gone meanwhile: the list continues where it was, and does not begin again.
        string gone = PageToken.Write(long.MaxValue, FindingId.Prefix + "gone");
        Assert.Equal(2, (await GetAsync($"?continue={gone}")).GetProperty("findings").GetArrayLength());
        Assert.Empty((await GetAsync($"?continue={PageToken.Write(0, FindingId.Prefix + "gone")}")).GetProperty("findings").EnumerateArray());
        Assert.Empty((await GetAsync("?namespace=other")).GetProperty("findings").EnumerateArray());
        Assert.Equal(2, (await GetAsync("?service=checkout")).GetProperty("findings").GetArrayLength());
        Assert.Equal(JsonValueKind.Array, all.GetProperty("warnings").ValueKind);

        // Nothing of the frames is stored: they were applied to memory only.
        var stored = await GetAsync($"?from={DateTimeOffset.FromUnixTimeMilliseconds(_host.NowMs).AddMinutes(-5):yyyy-MM-dd'T'HH:mm:ss'Z'}");
        Assert.Empty(stored.GetProperty("findings").EnumerateArray());
        Assert.Contains("no longer stored", Text(stored.GetProperty("insufficient")[0], "missing"), StringComparison.Ordinal);
    }

    /// <summary>A scraper has no session: it gets counts, and no name or address of the cluster.</summary>
    [Fact]
    public async Task Metrics_CountTheFindings_AndNameNothing()
    {
        BreakTwoPods();
        using var scraper = new HttpClient { BaseAddress = new Uri(_host.Url) };
        string text = "";
        await Eventually.TrueAsync(
            async () => (text = await scraper.GetStringAsync("/metrics", Ct)).Contains("conntrack_console_findings_open{mechanism=\"M4\",code=\"mechanism.black_hole\"} 1\n", StringComparison.Ordinal)
                && text.Contains("conntrack_console_findings_opened_total{mechanism=\"M3\",code=\"mechanism.no_drain\"} 1\n", StringComparison.Ordinal), null, () => text, "both findings are counted");
        Assert.All((string[])["shop", "checkout", "10.1.0.5", "10.1.9.9", "node1"], name => Assert.DoesNotContain(name, text, StringComparison.Ordinal));
    }

    private static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();

    private async Task<JsonElement> GetAsync(string query)
    {
        using var answer = await _program.GetAsync(Path + query, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
    }

    // One pod is gone and its entries wait; another one resets its clients when it is to stop.
    private void BreakTwoPods()
    {
        var (a, b) = (Objects.Pod("a", "10.1.0.5"), Objects.Pod("b", "10.1.0.6"));
        _host.SetCluster(new ServiceChange(Objects.Service(), false), new PodChange(a, false), new PodChange(b, false), new SliceChange(Objects.Slice(Objects.Ready(a), Objects.Ready(b)), false));
        _host.SetCluster(new PodChange(a, true), new SliceChange(Objects.Slice(Objects.Ready(b)), false));
        long nowMs = _host.NowMs;
        _host.SetCluster(new PodChange(b.Terminating(nowMs) with { DeletionGraceSeconds = 30 }, false));
        var store = _host.Get<TimelineStore>();
        for (ulong second = 0; second < 14; second++)
        {
            var frame = new NodeFrame { Sequence = second + 1, AtMs = nowMs + ((long)second * 1_000), IsKey = second == 0, Counters = new Counters(0, 0, 0, 0, 10, 1000) };
            if (second == 0)
            {
                StateCounts counts = default;
                counts[(int)FlowState.Established] = 3;
                frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Tcp, Ip.Parse(Objects.Vip), 80, Ip.Parse("10.1.0.5"), 8080), counts));
                frame.WatchedAddresses.Add(new WatchedAddress(Ip.Parse("10.1.0.5"), 3, 3, 3, 0, 0));
            }
            else if (second == 1)
            {
                frame.Resets.Add(new Reset(frame.AtMs - 100, ResetKind.FromBackend, Ip.Parse(Objects.Vip), 80, Ip.Parse("10.1.9.9"), 40_000, Ip.Parse(Objects.Vip), 80, Ip.Parse("10.1.0.6"), 8080, 0, false));
            }

            _clock.Pass(TimeSpan.FromSeconds(1));
            Assert.Null(store.Apply("node1", 1, frame).Rejection);
        }
    }
}
