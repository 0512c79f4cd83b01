using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>The lab's cleanup, and its exit codes for invalid input.</summary>
public sealed class LabLifecycleTests
{
    [Fact]
    public async Task Quit_RemovesEverything()
    {
        await using var lab = await RunningLab.StartAsync("--without-console");
        string prefix = lab.Prefix, data = (string)lab.Ready["data"]!;
        Assert.NotEmpty(NetworkNamespace.List(prefix));
        Assert.NotEmpty(Children(lab.Pid));

        Assert.Equal(0, await lab.QuitAsync());

        Assert.Empty(NetworkNamespace.List(prefix));
        Assert.Empty(Children(lab.Pid));
        Assert.False(Directory.Exists(data));
    }

    [Theory]
    [InlineData("--nonsense")]
    [InlineData("--forbid", "secrets")]
    [InlineData("--scenario", "nonsense")]
    [InlineData("--interval", "0")]
    [InlineData("--interval", "1.5")]
    [InlineData("--rollouts", "-1")]
    [InlineData("--connections", "x")]
    [InlineData("--port", "70000")]
    [InlineData("--without-console", "--labels", "/no/such/directory/file")]
    public async Task InvalidInput_PrintsOneSentenceAndExitsWith2(params string[] arguments)
    {
        var (code, output) = await RunningLab.RunAsync(Programs.Lab, arguments);

        Assert.Equal(2, code);
        Assert.Single(output.Trim().Split('\n'));
        Assert.Contains(arguments[^1] == "/no/such/directory/file" ? "--labels" : arguments[0], output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PortInUse_PrintsOneSentenceAndExitsWith2()
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        string port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port.ToString();

        var (code, output) = await RunningLab.RunAsync(Programs.Lab, "--port", port);

        Assert.Equal(2, code);
        Assert.Contains(port, Assert.Single(output.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutRoot_PrintsOneSentenceAndExitsWith2()
    {
        var (code, output) = await RunningLab.RunAsync("setpriv", "--reuid=65534", "--clear-groups", Programs.Lab);

        Assert.Equal(2, code);
        Assert.Contains("root", Assert.Single(output.Trim().Split('\n')), StringComparison.Ordinal);
    }

    // Processes started by the lab with this pid, whatever their current parent.
    internal static List<string> Children(int pid) =>
        [.. Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)).Select(CommandLine)
            .Where(line => line.Contains("conntrack-lab", StringComparison.Ordinal) && line.Contains($"--parent\0{pid}\0", StringComparison.Ordinal))];

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
