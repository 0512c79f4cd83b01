using ConntrackConsole.Configuration;
using ConntrackConsole.Kubernetes.Access;
using ConntrackConsole.Kubernetes.Client;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Kubernetes.Access;

public sealed class AccessReviewsTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private ReviewServer _server = null!;
    private AccessReviews _reviews = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ReviewServer.StartAsync();
        _reviews = new AccessReviews(ClusterAccess.Find(new KubernetesOptions { Kubeconfig = _server.Kubeconfig }), _time);
    }

    public ValueTask DisposeAsync()
    {
        _reviews.Dispose();
        return _server.DisposeAsync();
    }

    [Fact]
    public async Task Token_OfAPod_HasItsAccountNodeAndPod()
    {
        _server.Tokens["t"] = TestAccount.OfPod("cc/collector", "conntrack", "node1");

        var token = await _reviews.TokenAsync("t", "conntrack", Ct);

        Assert.Equal(("system:serviceaccount:cc:collector", "node1", "pod-1"), (token!.User, token.Node, token.PodUid));
        Assert.Contains("system:authenticated", token.Groups);
    }

    [Fact]
    public async Task Token_ForTheApiServer_IsReviewedWithoutAudience()
    {
        _server.Tokens["t"] = new TestAccount("olivia", TestAccount.ServerAudience, "sre");

        Assert.Equal("olivia", (await _reviews.TokenAsync("t", null, Ct))?.User);
        Assert.Null(await _reviews.TokenAsync("t", "conntrack", Ct));
    }

    [Fact]
    public async Task Token_UnknownOrForAnotherAudience_IsRefused()
    {
        _server.Tokens["t"] = TestAccount.OfPod("cc/collector", "vault", "node1");

        Assert.Null(await _reviews.TokenAsync("t", "conntrack", Ct));
        Assert.Null(await _reviews.TokenAsync("other", "conntrack", Ct));
    }

    /// <summary>A server that does not know audiences accepts a token of any: it must not count as checked.</summary>
    [Fact]
    public async Task Token_OfAServerWithoutAudiences_IsRefusedForAnAudience()
    {
        _server.IgnoresAudiences = true;
        _server.Tokens["t"] = TestAccount.OfPod("cc/collector", "vault", "node1");

        Assert.Null(await _reviews.TokenAsync("t", "conntrack", Ct));
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("line\n")]
    [InlineData("nul\0")]
    [InlineData("ümlaut")]
    public async Task Token_WithoutTheFormOfOne_IsRefusedUnasked(string token)
    {
        Assert.Null(await _reviews.TokenAsync(token, "conntrack", Ct));
        Assert.Null(await _reviews.TokenAsync(new string('a', 17_000), "conntrack", Ct));
        Assert.Equal(0, _server.Asked);
    }

    [Fact]
    public async Task Answers_AreReusedForSeconds_AndThenAskedForAgain()
    {
        _server.Tokens["t"] = TestAccount.OfPod("cc/collector", "conntrack", "node1");
        for (int i = 0; i < 10; i++)
        {
            Assert.NotNull(await _reviews.TokenAsync("t", "conntrack", Ct));
            Assert.Null(await _reviews.TokenAsync("wrong", "conntrack", Ct));
        }

        Assert.Equal(2, _server.Asked);
        _server.Tokens.Clear();
        _time.Advance(AccessReviews.Reused);
        Assert.Null(await _reviews.TokenAsync("t", "conntrack", Ct));
        Assert.Equal(3, _server.Asked);
    }

    [Theory]
    [InlineData(500, "answered 500")]
    [InlineData(401, "answered 401")]
    [InlineData(403, "system:auth-delegator")]
    public async Task ServerThatFails_IsUnavailable_AndNeitherYesNorNo(int status, string words)
    {
        _server.Fails = status;
        _server.Tokens["t"] = TestAccount.OfPod("cc/collector", "conntrack", "node1");

        Assert.Contains(words, (await Assert.ThrowsAsync<ReviewUnavailableException>(() => _reviews.TokenAsync("t", "conntrack", Ct))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ReviewUnavailableException>(() => _reviews.MayAsync("olivia", [], "create", "conntrackconsole.io", "flushes", null, Ct));
        // A failure is not kept as an answer.
        _server.Fails = null;
        Assert.NotNull(await _reviews.TokenAsync("t", "conntrack", Ct));
    }

    [Fact]
    public async Task WithoutACluster_IsUnavailable()
    {
        using var none = new AccessReviews(ClusterAccess.Find(new KubernetesOptions { Enabled = false }), _time);
        Assert.False(none.HasCluster);
        await Assert.ThrowsAsync<ReviewUnavailableException>(() => none.TokenAsync("t", "conntrack", Ct));
    }

    [Fact]
    public async Task Right_IsWhatTheServerAllows()
    {
        _server.Rights.Add("olivia create flushes");

        Assert.True(await _reviews.MayAsync("olivia", ["sre"], "create", "conntrackconsole.io", "flushes", null, Ct));
        Assert.False(await _reviews.MayAsync("olivia", ["sre"], "create", "conntrackconsole.io", "approvals", null, Ct));
        Assert.False(await _reviews.MayAsync("ben", ["sre"], "create", "conntrackconsole.io", "flushes", null, Ct));
    }
}
