using ConntrackConsole.Cli;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Ingest;

public class NodeSecretCommandTests
{
    private const string Token = "collector-token-of-the-test";

    [Fact]
    public async Task Run_NodeName_PrintsOnlyItsSecret() =>
        Assert.Equal((0, NodeSecret.Of(Token, "worker-3") + Environment.NewLine, ""), await RunAsync("worker-3", "--Collectors:Token=" + Token));

    [Theory]
    [InlineData(" [cli.usage]\n")]
    [InlineData("'Worker 3' is not a node name", "Worker 3")]
    [InlineData("[config.missing]", "worker-3")]
    [InlineData("'--bogus=1'", "worker-3", "--bogus=1")]
    [InlineData("[config.invalid_token]", "worker-3", "--Collectors:Token=short")]
    public async Task Run_MissingInput_ReportsIt(string named, params string[] arguments)
    {
        var (exit, output, error) = await RunAsync(arguments);
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exit = await ConsoleCommands.RunAsync(["node-secret", .. arguments], output, error);
        return (exit, output.ToString(), error.ToString());
    }
}
