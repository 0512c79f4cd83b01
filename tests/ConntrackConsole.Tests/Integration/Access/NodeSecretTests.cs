using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Ingest;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Integration.Access;

/// <summary>A compromised node can authenticate as itself only, over TCP and over the socket.</summary>
public sealed class NodeSecretTests : IAsyncLifetime
{
    private ConsoleHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ConsoleHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SecretOfNodeA_IntroducedAsB_IsRejected(bool socket)
    {
        await using var b = Collector("node-b", socket, ConsoleHost.Token);
        Assert.True((await b.ConnectAsync(1)).Accepted);
        b.Preview = request => new FlushPreview(request.PreviewId, "node-b", "digest", [], long.MaxValue, null, true);

        await using var a = Collector("node-b", socket, ConsoleHost.Token, secretOf: "node-a");
        a.Preview = request => new FlushPreview(request.PreviewId, "node-b", "forged", [], long.MaxValue, null, true);
        var welcome = await a.ConnectAsync(2);
        Assert.Equal((false, CollectorErrorCodes.OtherNode), (welcome.Accepted, welcome.Code));

        Assert.Equal(["node-b"], _host.Get<CollectorRegistry>().ConnectedNodes);
        var answer = await _host.Get<CollectorLink>().PreviewAsync("node-b", new PreviewRequest("p", "10.1.0.5", null!), TestContext.Current.CancellationToken);
        Assert.Equal("digest", answer.Value?.Digest);
        Assert.Empty(a.Previews);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NodeA_Authenticated_CannotActForB(bool socket)
    {
        await using var a = Collector("node-a", socket, ConsoleHost.Token);
        Assert.True((await a.ConnectAsync()).Accepted);
        a.Preview = request => new FlushPreview(request.PreviewId, "node-b", "forged", [], long.MaxValue, null, true);
        var request = new PreviewRequest("p", "10.1.0.5", null!);
        var link = _host.Get<CollectorLink>();
        Assert.Equal(NodeReasons.InvalidAnswer, (await link.PreviewAsync("node-a", request, TestContext.Current.CancellationToken)).Failure?.Code);
        Assert.True(await link.PreviewAsync("node-b", request, TestContext.Current.CancellationToken) is { Lost: true, Failure.Code: NodeReasons.NotConnected });

        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        a.Send(Frame(1, now, true, (Group, 4, 0)));
        await a.BackfillAsync(now - 100_000, Frame(1, now - 50_000, true, (Group, 4, 0)));
        await Eventually.TrueAsync(() => _host.Get<TimelineStore>().Nodes().Any(node => node.Node == "node-a"));
        Assert.DoesNotContain(_host.Get<TimelineStore>().Nodes(), node => node.Node == "node-b");
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(false, "not-the-token-of-this-console")]
    [InlineData(true, "not-the-token-of-this-console")]
    public async Task Connect_WithoutNodeSecret_IsRejectedOverTcpAndSocket(bool socket, string? token)
    {
        await using var collector = Collector("node-a", socket, token);
        var refusal = await Assert.ThrowsAsync<HttpRequestException>(() => collector.ConnectAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
    }

    [Theory]
    [InlineData("Conntrack-Node: node-a\r\nConntrack-Node: node-a")]
    [InlineData("Conntrack-Node: node-a\r\nconntrack-node: node-b")]
    [InlineData("Conntrack-Node: node-a, node-a")]
    [InlineData("Conntrack-Node: Node-A")]
    [InlineData("Conntrack-Node: node-a.")]
    [InlineData("Conntrack-Node: node-a/..")]
    [InlineData("Conntrack-Node: node-а")] // a Cyrillic а
    [InlineData("Conntrack-Node:")]
    [InlineData("X-Other: node-a")]
    public async Task Request_NameHeaderRepeatedOrMalformed_IsRejected(string header)
    {
        string secret = NodeSecret.Of(ConsoleHost.Token, "node-a");
        foreach (bool socket in new[] { false, true })
        {
            // As bytes, because no client library sends these.
            Assert.Equal(200, await StatusAsync(socket, $"Conntrack-Node: node-a\r\nAuthorization: Bearer {secret}"));
            Assert.InRange(await StatusAsync(socket, $"{header}\r\nAuthorization: Bearer {secret}"), 400, 401);
        }
    }

    [Fact]
    public async Task Refusal_IsAProblemWithACode()
    {
        using var client = new HttpClient { BaseAddress = new Uri(_host.Url) };
        using var answer = await client.PostAsync($"{HubMethods.Path}/negotiate?negotiateVersion=1", null, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(CollectorErrorCodes.NotAuthenticated, problem.RootElement.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Transport_OtherThanWebSockets_IsNotServed()
    {
        using var client = new HttpClient { BaseAddress = new Uri(_host.Url) };
        client.DefaultRequestHeaders.Add(NodeSecret.Header, "node-a");
        client.DefaultRequestHeaders.Add("Authorization", NodeSecret.Scheme + NodeSecret.Of(ConsoleHost.Token, "node-a"));
        using var answer = await client.PostAsync($"{HubMethods.Path}/negotiate?negotiateVersion=1", null, TestContext.Current.CancellationToken);
        string offers = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("WebSockets", offers);
        Assert.DoesNotContain("LongPolling", offers);
        Assert.DoesNotContain("ServerSentEvents", offers);
    }

    private TestCollector Collector(string node, bool socket, string? token, string? secretOf = null) =>
        new(node, socket ? "http://localhost" : _host.Url, token, socket ? _host.Socket : null, secretOf);

    private async Task<int> StatusAsync(bool overSocket, string headers)
    {
        using var socket = overSocket ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        EndPoint console = overSocket ? new UnixDomainSocketEndPoint(_host.Socket) : new IPEndPoint(IPAddress.Loopback, new Uri(_host.Url).Port);
        await socket.ConnectAsync(console, TestContext.Current.CancellationToken);
        string request = $"POST {HubMethods.Path}/negotiate?negotiateVersion=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n\r\n";
        await socket.SendAsync(Encoding.UTF8.GetBytes(request), TestContext.Current.CancellationToken);
        using var answer = new StreamReader(new NetworkStream(socket));
        return int.Parse((await answer.ReadLineAsync(TestContext.Current.CancellationToken))!.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
