using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Uplink;

public class ConsoleLinkTests
{
    [Theory]
    [InlineData("""{"accepted":false,"refusal":"No.","isTemporary":false,"code":"collector.newer_collector"}""", "collector.newer_collector")]
    // A console without codes, and a newer one.
    [InlineData("""{"accepted":false,"refusal":"No."}""", CommandLineReasons.ConsoleRefused)]
    [InlineData("""{"accepted":false,"refusal":"No.","code":"collector.later","later":1}""", "collector.later")]
    public async Task Run_RefusedByTheConsole_EndsWithItsSentenceAndCode(string welcome, string code)
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();
        scratch.Inside.Run(() =>
        {
            using var routes = RouteSocket.Open();
            routes.SetUp("lo", up: true);
        });
        await using var console = new ConsoleDouble(scratch.Inside, 5083) { Welcome = welcome };

        var (exitCode, _, errors) = CollectorProgram.Run(scratch.Inside, "run", "--console", console.Address, "--node", "node1", "--state", state.Path);

        Assert.Equal(2, exitCode);
        Assert.EndsWith($"The console refused this collector. No. [{code}]\n", errors, StringComparison.Ordinal);
    }
}
