using System.Diagnostics;
using ConntrackConsole.Cluster;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Integration;

public sealed class RefusedCollectorTests
{
    [Fact]
    public async Task Collector_OfANodeThatTheClusterDoesNotHave_SaysSoAndEndsWith2()
    {
        await using var host = await ConsoleHost.StartAsync();
        host.TellCluster(new NodeChange(Node("node1", "192.168.0.1"), false));
        string configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        string program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "ConntrackConsole.Collector", configuration, "conntrack-collector"));
        string state = Directory.CreateTempSubdirectory("cc-it-").FullName;
        var start = new ProcessStartInfo(program, ["run", "--console", "unix:" + host.Socket, "--node", "node7", "--state", state])
        {
            RedirectStandardError = true,
            Environment = { ["CONNTRACK_CONSOLE_TOKEN"] = ConsoleHost.Token },
        };

        using var process = Process.Start(start)!;
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Directory.Delete(state, recursive: true);
        Assert.Equal(2, process.ExitCode);
        Assert.Contains("no node named node7", errors, StringComparison.Ordinal);
        Assert.Single(errors.Trim().Split('\n'));
    }
}
