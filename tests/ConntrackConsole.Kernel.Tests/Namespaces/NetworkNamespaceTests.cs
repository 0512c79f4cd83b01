using System.Net.NetworkInformation;
using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Namespaces;

public sealed class NetworkNamespaceTests
{
    [Fact]
    public void Create_NewName_ThreadIsInsideAndCallerIsNot()
    {
        using var scratch = new ScratchNamespace();

        string inside = scratch.Inside.Run(() => NamespaceOfThread());

        Assert.NotEqual(NamespaceOfThread(), inside);
        Assert.Equal(["lo"], scratch.Inside.Run(() => File.ReadLines("/proc/thread-self/net/dev").Skip(2).Select(line => line.Split(':')[0].Trim()).ToArray()));
    }

    [Fact]
    public void Open_ExistingName_EntersTheSameNamespace()
    {
        using var scratch = new ScratchNamespace();
        using var again = NetworkNamespace.Open(scratch.Inside.Name);

        Assert.Equal(scratch.Inside.Run(NamespaceOfThread), again.Run(NamespaceOfThread));
    }

    [Fact]
    public void Delete_ExistingName_IsNoLongerListed()
    {
        string name = $"cctest-{Environment.ProcessId}-deleted";
        NetworkNamespace.Create(name).Dispose();
        Assert.Equal([name], NetworkNamespace.List(name));

        NetworkNamespace.Delete(name);

        Assert.Empty(NetworkNamespace.List(name));
        Assert.DoesNotContain(name, File.ReadAllText("/proc/self/mounts"), StringComparison.Ordinal);
        NetworkNamespace.Delete(name);
    }

    [Fact]
    public void Open_UnknownName_ThrowsIOException() =>
        Assert.ThrowsAny<IOException>(() => NetworkNamespace.Open($"cctest-{Environment.ProcessId}-unknown"));

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    public void Create_InvalidName_ThrowsArgumentException(string name) =>
        Assert.ThrowsAny<ArgumentException>(() => NetworkNamespace.Create(name));

    [Fact]
    public void Run_WorkThrows_CallerGetsTheException()
    {
        using var scratch = new ScratchNamespace();

        Assert.Throws<NetworkInformationException>(() => scratch.Inside.Run(() => throw new NetworkInformationException(1)));
        Assert.Equal(7, scratch.Inside.Run(() => 7));
    }

    private static string NamespaceOfThread() => File.ResolveLinkTarget("/proc/thread-self/ns/net", returnFinalTarget: false)!.Name;
}
