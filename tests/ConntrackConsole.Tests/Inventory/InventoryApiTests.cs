using System.Net;
using System.Text.Json;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Tests.Timeline;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Inventory;

/// <summary>GET nodes, services and resets, over HTTP.</summary>
public sealed class InventoryApiTests : IAsyncLifetime
{
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

    [Theory]
    [InlineData("nodes?limit=0", "query.out_of_range")]
    [InlineData("nodes?limit=501", "query.out_of_range")]
    [InlineData("nodes?sort=name", "query.unknown_parameter")]
    [InlineData("nodes?continue=%25", "query.invalid_continue")]
    [InlineData("nodes?continue=MS9yb2xsb3V0", "query.invalid_continue")] // The token of another list: 1/rollout.
    [InlineData("services?limit=many", "query.not_a_number")]
    [InlineData("services?ns=shop", "query.unknown_parameter")]
    [InlineData("services?namespace=a&namespace=b", "query.repeated_parameter")]
    [InlineData("services?continue=MS9yb2xsb3V0", "query.invalid_continue")]
    [InlineData("resets?from=yesterday", "query.invalid_time")]
    [InlineData("resets?from=2026-11-24T12:00:00Z&to=2026-11-24T12:00:00Z", "query.range_reversed")]
    [InlineData("resets?to=1969-01-01T00:00:00Z", "query.too_early")]
    [InlineData("resets?kind=UnNated", "query.unknown_value")]
    [InlineData("resets?kind=%27%20OR%201%3D1", "query.unknown_value")]
    [InlineData("resets?limit=1001", "query.out_of_range")]
    [InlineData("resets?continue=MS9yb2xsb3V0", "query.invalid_continue")]
    [InlineData("resets?svc=a", "query.unknown_parameter")]
    public async Task Get_InvalidQuery_Is400WithCode(string query, string code)
    {
        using var answer = await _program.GetAsync($"/api/v1/{query}", Ct);
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
        Assert.Equal(code, problem.RootElement.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Get_TextTooLong_Is400() =>
        Assert.Equal(HttpStatusCode.BadRequest, (await _program.GetAsync($"/api/v1/resets?text={new string('a', 201)}", Ct)).StatusCode);

    [Theory]
    [InlineData("nodes")]
    [InlineData("services")]
    [InlineData("resets")]
    public async Task Get_WithoutSession_Is401(string path)
    {
        using var stranger = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_host.Url) };
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync($"/api/v1/{path}", Ct)).StatusCode);
    }

    [Fact]
    public async Task Nodes_UnknownIsNull_AndPagesHaveEachNodeOnce()
    {
        _host.SetCluster(new NodeChange(Objects.Node("node1", "192.168.0.1"), false), new NodeChange(Objects.Node("node2", "192.168.0.2"), false));
        Send(1);
        JsonElement first = default, second = default;
        // A node that the last round of the checks has not seen yet has another reason.
        await Eventually.TrueAsync(async () =>
        {
            first = await GetAsync("nodes?limit=1");
            if (first.GetProperty("items").GetArrayLength() == 0)
                return false;
            second = await GetAsync($"nodes?limit=1&continue={Text(first, "continue")}");
            return first.GetProperty("items")[0].GetProperty("table").ValueKind == JsonValueKind.Object
                && Text(second.GetProperty("items")[0].GetProperty("kubeProxy"), "unknownCode") == "check.no_collector";
        });
        var node = first.GetProperty("items")[0];
        Assert.Equal(("node1", "reporting", 100), (Text(node, "name"), Text(node, "collector"), node.GetProperty("table").GetProperty("entries").GetInt32()));
        var other = Assert.Single(second.GetProperty("items").EnumerateArray());
        Assert.Equal(("node2", "never"), (Text(other, "name"), Text(other, "collector")));
        foreach (string member in (string[])["table", "lastReport", "differences", "clockOffsetMs", "version"])
            Assert.Equal(JsonValueKind.Null, other.GetProperty(member).ValueKind);
        Assert.Equal(JsonValueKind.Null, second.GetProperty("continue").ValueKind);
    }

    [Fact]
    public async Task Services_HaveEntriesAndResets()
    {
        _host.SetCluster(
            new NodeChange(Objects.Node("node1", "192.168.0.1"), false),
            new ServiceChange(new ServiceInfo("s1", new ServiceKey("shop", "orders"), [Ip.Parse("10.96.0.10")], [new ServicePort("http", Protocols.Tcp, 80, 30080)]) { ExternalLocal = true }, false),
            new ServiceChange(new ServiceInfo("s2", new ServiceKey("shop", "cart"), [Ip.Parse("10.96.0.11")], [new ServicePort(null, Protocols.Tcp, 80, 0)]), false));
        Send(1, ResetKind.FromBackend);
        JsonElement found = default;
        await Eventually.TrueAsync(async () =>
        {
            found = await GetAsync("services?namespace=shop&service=orders");
            return found.GetProperty("items").GetArrayLength() == 1 && found.GetProperty("items")[0].GetProperty("resets").GetArrayLength() == 1;
        });
        var service = found.GetProperty("items")[0];
        Assert.Equal(("orders", "Local"), (Text(service, "name"), Text(service, "externalTrafficPolicy")));
        Assert.Equal(JsonValueKind.Null, service.GetProperty("internalTrafficPolicy").ValueKind);
        Assert.Equal(("fromBackend", 1), (Text(service.GetProperty("resets")[0], "kind"), service.GetProperty("resets")[0].GetProperty("count").GetInt32()));
        Assert.Equal(30080, service.GetProperty("ports")[0].GetProperty("nodePort").GetInt32());
        var all = await GetAsync("services?limit=1");
        Assert.Equal("cart", Text(all.GetProperty("items")[0], "name"));
        Assert.Equal("orders", Text((await GetAsync($"services?limit=1&continue={Text(all, "continue")}")).GetProperty("items")[0], "name"));
    }

    [Fact]
    public async Task Resets_HaveBothSides_AndPages()
    {
        Send(1, ResetKind.FromBackend, ResetKind.UnNated);
        var first = await GetAsync("resets?limit=1&kind=&text=10.1.0.5");
        var item = Assert.Single(first.GetProperty("items").EnumerateArray());
        Assert.Equal("node1", Text(item, "node"));
        Assert.Contains(Text(item.GetProperty("from"), "role"), (string[])["client", "server"]);
        Assert.True(ApiTime.TryRead(Text(item, "at")!, out _));
        var second = await GetAsync($"resets?limit=1&text=10.1.0.5&continue={Text(first, "continue")}");
        Assert.NotEqual(Text(item, "kind"), Text(Assert.Single(second.GetProperty("items").EnumerateArray()), "kind"));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("continue").ValueKind);
        Assert.Equal(0, (await GetAsync("resets?node=node2")).GetProperty("items").GetArrayLength());
        // What was before the collector started is not known.
        Assert.NotEqual(0, first.GetProperty("gaps").GetArrayLength());
    }

    private void Send(ulong sequence, params ResetKind[] kinds)
    {
        var store = _host.Get<TimelineStore>();
        store.Connected(new Hello("node1", "0.1.0", "boot", "6.12", 1, [], new Dictionary<string, string> { ["net.netfilter.nf_conntrack_max"] = "1000" }));
        var frame = Frames.Frame(sequence, _host.NowMs, true, (Frames.Group, 3, 0));
        frame.Resets.AddRange(kinds.Select((kind, i) => Frames.Reset(_host.NowMs - 10 - i, kind, sport: (ushort)(40_000 + i))));
        Assert.Null(store.Apply("node1", 1, frame).Rejection);
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await _program.GetAsync($"/api/v1/{path}", Ct);
        string text = await answer.Content.ReadAsStringAsync(Ct);
        // The first round of the checks comes within a second.
        if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
            return JsonDocument.Parse("""{"items":[],"continue":null}""").RootElement;
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static string? Text(JsonElement item, string member) => item.GetProperty(member).GetString();
}
