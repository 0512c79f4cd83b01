using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Ingest;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Tests.Kubernetes.Access;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Access;

/// <summary>Collectors that present a token of their pod: the API server confirms the account and the node, and no token speaks for another node.</summary>
public sealed class CollectorTokenTests : IAsyncLifetime
{
    private const string Account = "conntrack-console/collector", Audience = "conntrack-console";

    private ReviewServer _server = null!;
    private ConsoleHost _host = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ReviewServer.StartAsync();
        _server.Items["/api/v1/nodes"] = """{"metadata":{"name":"node-a","uid":"n1"}},{"metadata":{"name":"node-b","uid":"n2"}}""";
        _server.Items["/api/v1/pods"] = """{"metadata":{"name":"collector-x","namespace":"conntrack-console","uid":"pod-b"},"spec":{"nodeName":"node-b"},"status":{"phase":"Running"}}""";
        _server.Tokens["a"] = TestAccount.OfPod(Account, Audience, "node-a");
        _server.Tokens["b"] = TestAccount.OfPod(Account, Audience, "node-b");
        _host = await ConsoleHost.StartWithAsync(null, $"Collectors:Audience={Audience}", $"Collectors:ServiceAccount={Account}", "Kubernetes:Enabled=true", $"Kubernetes:Kubeconfig={_server.Kubeconfig}");
        await Eventually.TrueAsync(() => _host.Get<ClusterState>().IsReady);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task TokenOfNodeA_IsAcceptedForA()
    {
        await using var a = new TestCollector("node-a", _host.Url, null, clusterToken: "a");
        Assert.True((await a.ConnectAsync()).Accepted);
        Assert.Equal(["node-a"], _host.Get<CollectorRegistry>().ConnectedNodes);
    }

    [Fact]
    public async Task TokenOfNodeA_IsRefusedForB()
    {
        Assert.Equal((403, CollectorErrorCodes.OtherNode), await AskAsync("node-b", "a"));
        // Nor does it introduce itself as b after it was admitted as a.
        await using var a = new TestCollector("node-b", _host.Url, null, secretOf: "node-a", clusterToken: "a");
        var welcome = await a.ConnectAsync();
        Assert.Equal((false, CollectorErrorCodes.OtherNode), (welcome.Accepted, welcome.Code));
        Assert.Empty(_host.Get<CollectorRegistry>().ConnectedNodes);
    }

    /// <summary>Before Kubernetes 1.30 the token names the pod only.</summary>
    [Fact]
    public async Task TokenWithoutNode_IsOfTheNodeOfItsPod()
    {
        _server.Tokens["old"] = TestAccount.OfPod(Account, Audience, null, "pod-b");
        _server.Tokens["gone"] = TestAccount.OfPod(Account, Audience, null, "pod-z");

        await using var b = new TestCollector("node-b", _host.Url, null, clusterToken: "old");
        Assert.True((await b.ConnectAsync()).Accepted);
        Assert.Equal((403, CollectorErrorCodes.OtherNode), await AskAsync("node-a", "old"));
        Assert.Equal((403, CollectorErrorCodes.NotBound), await AskAsync("node-b", "gone"));
    }

    [Fact]
    public async Task TokenOfAnotherAccountAudienceOrNone_IsRefused()
    {
        _server.Tokens["shop"] = TestAccount.OfPod("shop/web", Audience, "node-a");
        // Without the separator a namespace could end with another's name.
        _server.Tokens["near"] = TestAccount.OfPod("x-conntrack-console/collector", Audience, "node-a");
        _server.Tokens["person"] = new TestAccount("olivia", Audience);
        _server.Tokens["vault"] = TestAccount.OfPod(Account, "vault", "node-a");
        _server.Tokens["unbound"] = TestAccount.OfPod(Account, Audience, null, "");

        Assert.Equal((403, CollectorErrorCodes.OtherAccount), await AskAsync("node-a", "shop"));
        Assert.Equal((403, CollectorErrorCodes.OtherAccount), await AskAsync("node-a", "near"));
        Assert.Equal((403, CollectorErrorCodes.OtherAccount), await AskAsync("node-a", "person"));
        Assert.Equal((401, CollectorErrorCodes.NotAuthenticated), await AskAsync("node-a", "vault"));
        Assert.Equal((403, CollectorErrorCodes.NotBound), await AskAsync("node-a", "unbound"));
        Assert.Equal((401, CollectorErrorCodes.NotAuthenticated), await AskAsync("node-a", "expired"));
        Assert.Equal((401, CollectorErrorCodes.NotAuthenticated), await AskAsync("node-a", null));
        // A secret of a console that has none is not a token, and not asked for.
        int asked = _server.Asked;
        Assert.Equal((401, CollectorErrorCodes.NotAuthenticated), await AskAsync("node-a", NodeSecret.Of("some-token-of-the-test", "node-a")));
        Assert.Equal(asked, _server.Asked);
    }

    [Fact]
    public async Task ApiServerThatDoesNotAnswer_IsNoRefusalForGood()
    {
        _server.Fails = 500;
        Assert.Equal((503, CollectorErrorCodes.ReviewUnavailable), await AskAsync("node-a", "a"));
        _server.Fails = null;
        await using var a = new TestCollector("node-a", _host.Url, null, clusterToken: "a");
        Assert.True((await a.ConnectAsync()).Accepted);
    }

    /// <summary>Machines without Kubernetes keep their secret beside it.</summary>
    [Fact]
    public async Task NodeSecret_BesideTokens_IsAccepted()
    {
        var both = await ConsoleHost.StartAsync(null, null, $"Collectors:Audience={Audience}", $"Collectors:ServiceAccount={Account}", "Kubernetes:Enabled=true", $"Kubernetes:Kubeconfig={_server.Kubeconfig}");
        await using var console = both;
        await Eventually.TrueAsync(() => both.Get<ClusterState>().IsReady);
        await using var a = new TestCollector("node-a", both.Url, ConsoleHost.Token);
        Assert.True((await a.ConnectAsync()).Accepted);
        await using var b = new TestCollector("node-b", both.Url, null, clusterToken: "b");
        Assert.True((await b.ConnectAsync()).Accepted);
        Assert.Equal(["node-a", "node-b"], both.Get<CollectorRegistry>().ConnectedNodes);
    }

    private async Task<(int Status, string? Code)> AskAsync(string node, string? token)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_host.Url}{HubMethods.Path}/negotiate?negotiateVersion=1");
        request.Headers.Add(NodeSecret.Header, node);
        if (token is not null)
            request.Headers.Add("Authorization", NodeSecret.Scheme + token);
        using var answer = await client.SendAsync(request, Ct);
        return answer.StatusCode == HttpStatusCode.OK ? (200, null)
            : ((int)answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString());
    }
}
