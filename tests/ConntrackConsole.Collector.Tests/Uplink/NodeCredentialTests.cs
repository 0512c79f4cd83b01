using ConntrackConsole.Collector.Uplink;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Uplink;

public class NodeCredentialTests
{
    private const string Token = "collector-token-of-the-test";
    private static readonly string Own = NodeSecret.Of("another-token-of-the-test", "node1");

    [Fact]
    public void Of_ConsoleToken_DerivesTheNodesSecret() =>
        Assert.Equal(NodeSecret.Of(Token, "node1"), NodeCredential.Of("node1", Token + "\n", null).Secret);

    [Fact]
    public void Of_NodeSecret_TakesPrecedenceOverTheToken() =>
        Assert.Equal(Own, NodeCredential.Of("node1", Token, $" {Own}\n").Secret);

    [Theory]
    [InlineData(null, null)]
    [InlineData("", " ")]
    public void Of_Neither_HasNone(string? token, string? secret) => Assert.Null(NodeCredential.Of("node1", token, secret).Secret);

    [Theory]
    [InlineData("collector-token-of-the-test")]
    [InlineData("61319661FD424D0A7332C611FB4C7018BFC1E4B3B4CF60F293127A390981FA3B")]
    [InlineData("61319661fd424d0a7332c611fb4c7018bfc1e4b3b4cf60f293127a390981fa3")]
    public void Of_MalformedSecret_ThrowsWithInstructions(string secret)
    {
        var fault = Assert.Throws<UplinkException>(() => NodeCredential.Of("node1", Token, secret));
        Assert.Equal(CommandLineReasons.InvalidNodeSecret, fault.Reason.Code);
        Assert.Contains("conntrack-console node-secret node1", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_TokenFile_GoesBeforeTheConsolesToken_AndAfterTheNodesSecret()
    {
        Assert.Equal(new NodeCredential("node1", null, "/run/token"), NodeCredential.Of("node1", Token, null, "/run/token\n"));
        Assert.Equal(new NodeCredential("node1", Own), NodeCredential.Of("node1", Token, Own, "/run/token"));
    }
}
