using ConntrackConsole.Configuration;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace ConntrackConsole.Tests.Ingest;

public class NodeSecretCommandTests
{
    private const string Token = "collector-token-of-the-test";

    [Fact]
    public void Run_ANodesName_PrintsItsSecretAndNothingElse() =>
        Assert.Equal(NodeSecret.Of(Token, "worker-3") + Environment.NewLine, Run("worker-3", "--Collectors:Token=" + Token));

    [Theory]
    [InlineData("needs the node's name")]
    [InlineData("'Worker 3' is no node name", "Worker 3")]
    [InlineData("Collectors:Token is not set", "worker-3")]
    [InlineData("Unknown option '--bogus'", "worker-3", "--bogus=1")]
    public void Run_SomethingMissing_SaysWhat(string sentence, params string[] arguments) =>
        Assert.Contains(sentence, Assert.Throws<StartFault>(() => Run(arguments)).Message, StringComparison.Ordinal);

    private static string Run(params string[] arguments)
    {
        using var configuration = new ConfigurationManager();
        using var output = new StringWriter();
        Assert.Equal(0, NodeSecretCommand.Run(arguments, configuration, output));
        return output.ToString();
    }
}
