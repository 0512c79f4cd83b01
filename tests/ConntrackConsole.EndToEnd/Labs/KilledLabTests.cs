using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>The next lab that starts removes what a killed one left behind: no other test may start one meanwhile.</summary>
[CollectionDefinition(nameof(KilledLabTests), DisableParallelization = true)]
[Collection(nameof(KilledLabTests))]
public sealed class KilledLabTests
{
    [Fact]
    public async Task Kill_ChildrenExitAndTheNextLabRemovesTheRest()
    {
        await using var killed = await RunningLab.StartAsync("--without-console");
        await using var beside = await RunningLab.StartAsync("--without-console");
        int pid = killed.Pid;
        string data = (string)killed.Ready["data"]!;

        await killed.KillAsync();

        await Eventually.TrueAsync(() => LabLifecycleTests.Children(pid).Count == 0, state: () => string.Join(", ", LabLifecycleTests.Children(pid)));
        Assert.NotEmpty(NetworkNamespace.List(killed.Prefix));
        await using var next = await RunningLab.StartAsync("--without-console");
        Assert.Empty(NetworkNamespace.List(killed.Prefix));
        Assert.False(Directory.Exists(data));
        Assert.NotEmpty(NetworkNamespace.List(beside.Prefix)); // A running lab is not affected.
        Assert.NotEqual((int)beside.Ready["instance"]!, (int)next.Ready["instance"]!);
    }
}
