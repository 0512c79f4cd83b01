using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.Tests.Lab;

/// <summary>What a lab leaves behind, and how it refuses.</summary>
public sealed class LifeTests
{
    [Fact]
    public async Task Quit_NothingIsLeft()
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

    [Fact]
    public async Task Kill_ChildrenDieAtOnceAndTheNextLabRemovesTheRest()
    {
        await using var killed = await RunningLab.StartAsync("--without-console");
        await using var beside = await RunningLab.StartAsync("--without-console");
        int pid = killed.Pid;
        string data = (string)killed.Ready["data"]!;

        await killed.KillAsync();

        for (int wait = 0; wait < 100 && Children(pid).Count > 0; wait++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Empty(Children(pid));
        Assert.NotEmpty(NetworkNamespace.List(killed.Prefix));
        await using var next = await RunningLab.StartAsync("--without-console");
        Assert.Empty(NetworkNamespace.List(killed.Prefix));
        Assert.False(Directory.Exists(data));
        Assert.NotEmpty(NetworkNamespace.List(beside.Prefix)); // A lab that runs is left alone.
        Assert.NotEqual((int)beside.Ready["instance"]!, (int)next.Ready["instance"]!);
    }

    [Theory]
    [InlineData("--nonsense")]
    [InlineData("--scenario", "nonsense")]
    [InlineData("--interval", "0")]
    [InlineData("--interval", "1.5")]
    [InlineData("--rollouts", "-1")]
    [InlineData("--connections", "x")]
    [InlineData("--port", "70000")]
    [InlineData("--without-console", "--labels", "/no/such/directory/file")]
    public async Task WrongInput_IsOneSentenceAndTwo(params string[] arguments)
    {
        var (code, output) = await RunningLab.RunAsync(RunningLab.Program, arguments);

        Assert.Equal(2, code);
        Assert.Single(output.Trim().Split('\n'));
        Assert.Contains(arguments[^1] == "/no/such/directory/file" ? "--labels" : arguments[0], output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PortInUse_IsOneSentenceAndTwo()
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        string port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port.ToString();

        var (code, output) = await RunningLab.RunAsync(RunningLab.Program, "--port", port);

        Assert.Equal(2, code);
        Assert.Contains(port, Assert.Single(output.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutRoot_IsOneSentenceAndTwo()
    {
        var (code, output) = await RunningLab.RunAsync("setpriv", "--reuid=65534", "--clear-groups", RunningLab.Program);

        Assert.Equal(2, code);
        Assert.Contains("root", Assert.Single(output.Trim().Split('\n')), StringComparison.Ordinal);
    }

    // Processes that the lab of this pid started, whoever is their parent now.
    private static List<string> Children(int pid) =>
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
