using ConntrackConsole.Tests.Integration.Hosting;
using System.Diagnostics;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.EndToEnd.Outages;

public sealed class RefusedCollectorTests
{
    [Fact]
    public async Task Collector_OfANodeThatIsNotRegisteredYet_WaitsAndConnects()
    {
        await using var host = await ConsoleHost.StartAsync();
        host.SetCluster(new NodeChange(Node("node1", "192.168.0.1"), false));
        string state = Directory.CreateTempSubdirectory("cc-it-").FullName;

        using var process = Process.Start(Collector(host, "node7", state, ("CONNTRACK_CONSOLE_TOKEN", ConsoleHost.Token)))!;
        string? line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        while (line?.Contains("no connection", StringComparison.Ordinal) == false)
            line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        host.SetCluster(new NodeChange(Node("node7", "192.168.0.7"), false));
        await Eventually.TrueAsync(() => process.HasExited || host.Get<CollectorRegistry>().ConnectedNodes.Contains("node7"));
        bool hasExited = process.HasExited;
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Directory.Delete(state, recursive: true);
        Assert.EndsWith($" [{CollectorErrorCodes.UnknownNode}]", line, StringComparison.Ordinal);
        Assert.False(hasExited);
    }

    [Theory]
    [InlineData("node6", "the console rejects this collector's secret")]
    [InlineData(null, "the console requires a secret, and this collector has none")]
    public async Task Collector_WithoutItsNodesSecret_NamesTheOption(string? secretOf, string message)
    {
        await using var host = await ConsoleHost.StartAsync();
        string state = Directory.CreateTempSubdirectory("cc-it-").FullName;
        string secret = secretOf is null ? "" : NodeSecret.Of(ConsoleHost.Token, secretOf);

        using var process = Process.Start(Collector(host, "node7", state, ("CONNTRACK_NODE_SECRET", secret)))!;
        string? line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        while (line?.Contains("no connection", StringComparison.Ordinal) == false)
            line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Directory.Delete(state, recursive: true);
        Assert.Contains(message, line, StringComparison.Ordinal);
        Assert.EndsWith($" [{CommandLineReasons.SecretRejected}]", line, StringComparison.Ordinal);
        Assert.Contains("conntrack-console node-secret node7", line, StringComparison.Ordinal);
        Assert.Empty(host.Get<CollectorRegistry>().ConnectedNodes);
    }

    private static ProcessStartInfo Collector(ConsoleHost host, string node, string state, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Programs.Collector, ["run", "--console", "unix:" + host.Socket, "--node", node, "--state", state])
        {
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return start;
    }
}
