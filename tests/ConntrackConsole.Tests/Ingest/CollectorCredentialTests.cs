using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Ingest;

public class CollectorCredentialTests
{
    private const string Token = "collector-token-of-the-test";
    private static readonly string Secret = NodeSecret.Of(Token, "node1");

    [Fact]
    public void Secret_IsTheDocumentedHmac() =>
        // printf 'conntrack-collector node worker-3' | openssl dgst -sha256 -hmac collector-token-of-the-test
        Assert.Equal("61319661fd424d0a7332c611fb4c7018bfc1e4b3b4cf60f293127a390981fa3b", NodeSecret.Of(Token, "worker-3"));

    [Fact]
    public void Read_NodeAndItsSecret_IsAuthenticated()
    {
        Assert.Equal("node1", Read("node1", "Bearer " + Secret)?.Node);
        Assert.Equal("node1", Read("node1", "bearer " + Secret)?.Node);
    }

    [Theory]
    [InlineData("node2")]
    [InlineData("Node1")]
    [InlineData("NODE1")]
    [InlineData("node1.")]
    [InlineData(".node1")]
    [InlineData("node1 ")]
    [InlineData(" node1")]
    [InlineData("no de1")]
    [InlineData("node1\0")]
    [InlineData("node1\n")]
    [InlineData("nodе1")] // a Cyrillic е
    [InlineData("node1\u0301")]
    [InlineData("node１")]
    [InlineData("../node1")]
    [InlineData("node1/../node2")]
    [InlineData("node1,node1")]
    [InlineData("node1,node2")]
    [InlineData("")]
    public void Read_OtherSpellingOrNode_IsRejected(string node) => Assert.Null(Read(node, "Bearer " + Secret));

    [Fact]
    public void Read_SecretMissingOrWrong_IsRejected()
    {
        Assert.Null(Read("node1", default));
        Assert.Null(Read("node1", "Bearer "));
        Assert.Null(Read("node1", "Bearer " + Token));
        Assert.Null(Read("node1", "Basic " + Secret));
        Assert.Null(Read("node1", Secret));
        Assert.Null(Read("node1", "Bearer " + Secret[..^1]));
        Assert.Null(Read("node1", "Bearer " + Secret.ToUpperInvariant()));
        Assert.Null(Read("node1", "Bearer " + NodeSecret.Of(Token, "node2")));
        Assert.Null(Read("node1", "Bearer " + NodeSecret.Of(Token + "x", "node1")));
        Assert.Null(Read(default, "Bearer " + Secret));
    }

    [Fact]
    public void Read_HeaderTwice_IsRejected()
    {
        Assert.Null(Read(new StringValues(["node1", "node1"]), "Bearer " + Secret));
        Assert.Null(Read(new StringValues(["node1", "node2"]), "Bearer " + Secret));
        Assert.Null(Read("node1", new StringValues(["Bearer " + Secret, "Bearer " + Secret])));
    }

    [Theory]
    [InlineData("node1", true)]
    [InlineData("node2", false)]
    [InlineData("Node1", false)]
    [InlineData("node1.", false)]
    [InlineData(null, false)]
    public void Fault_IntroductionAsOtherNode_IsReported(string? node, bool fits)
    {
        var fault = new CollectorIdentity("node1").Fault(Hello(node!));
        Assert.Equal(fits ? null : CollectorErrorCodes.OtherNode, fault?.Code);
        Assert.True(fits || fault!.Message.Contains("--node node1", StringComparison.Ordinal));
        Assert.Null(CollectorIdentity.Unnamed.Fault(Hello(node!)));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("1")]
    [InlineData("worker-3.eu-west.example")]
    public void NodeName_AllowedByKubernetes_IsValid(string name) => Assert.True(NodeName.IsValid(name));

    [Theory]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a..b")]
    [InlineData("a.-b")]
    [InlineData("a_b")]
    [InlineData(null)]
    public void NodeName_NotAllowedByKubernetes_IsInvalid(string? name)
    {
        Assert.False(NodeName.IsValid(name));
        Assert.Throws<ArgumentException>(() => NodeSecret.Of(Token, name!));
    }

    [Fact]
    public void NodeName_TooLong_IsInvalid()
    {
        Assert.True(NodeName.IsValid(new string('a', 253)));
        Assert.False(NodeName.IsValid(new string('a', 254)));
    }

    private static CollectorCredential? Read(StringValues node, StringValues authorization)
    {
        var headers = new HeaderDictionary();
        if (node.Count > 0)
            headers[NodeSecret.Header] = node;
        if (authorization.Count > 0)
            headers["Authorization"] = authorization;
        return CollectorCredential.Read(headers) is { } shown && shown.IsNodeSecretOf(Token) ? shown : null;
    }
}
