using System.Diagnostics;
using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Namespaces;

/// <summary>
/// Our names and those of `ip netns`, each test in its own mount namespace with an empty /run, as after a boot: the first
/// `ip netns add` mounts /run/netns on itself, and the machine's own names are neither visible nor modified.
/// </summary>
public sealed class BesideIproute2Tests
{
    private const string Ours = "ours", Theirs = "theirs";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delete_AfterFirstIpNetnsAdd_NameIsGone(bool shared) => AfterBoot(shared, () =>
    {
        NetworkNamespace.Create(Ours).Dispose();
        Ip("netns add " + Theirs);
        Assert.Equal([Ours, Theirs], NetworkNamespace.List(""));

        NetworkNamespace.Delete(Ours);

        Assert.Equal([Theirs], NetworkNamespace.List(""));
        Assert.Equal(0, MountsOf(Ours));
        AssertIpWorks();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delete_CreatedAfterIpNetnsAdd_NameIsGone(bool shared) => AfterBoot(shared, () =>
    {
        Ip("netns add " + Theirs);
        NetworkNamespace.Create(Ours).Dispose();

        NetworkNamespace.Delete(Ours);

        Assert.Equal([Theirs], NetworkNamespace.List(""));
        Assert.Equal(0, MountsOf(Ours));
        AssertIpWorks();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delete_CreatedWithoutASharedMount_BothMountsAreGone(bool shared) => AfterBoot(shared, () =>
    {
        // Behaviour of an earlier version: a file with a mount, in a directory that is not a mount yet.
        Directory.CreateDirectory(NetworkNamespace.Directory);
        File.Create(PathOf(Ours)).Dispose();
        Assert.Equal(0, NamespaceCalls.Mount("/proc/thread-self/ns/net", PathOf(Ours), "none", NamespaceCalls.MS_BIND, 0));
        Ip("netns add " + Theirs);
        Assert.True(MountsOf(Ours) >= 2);

        NetworkNamespace.Delete(Ours);

        Assert.Equal([Theirs], NetworkNamespace.List(""));
        Assert.Equal(0, MountsOf(Ours));
        AssertIpWorks();
    });

    // In a shared /run each mount appears twice, also iproute2's: once below the directory's own mount.
    [Fact]
    public void Create_Twice_DirectoryIsMountedOnce() => AfterBoot(shared: false, () =>
    {
        string[] before = Mounts(); // Contains the machine's own /run/netns, below the /run of the test.
        NetworkNamespace.Create(Ours).Dispose();
        NetworkNamespace.Create(Ours + "2").Dispose();
        Ip("netns add " + Theirs);

        string mount = Assert.Single(Mounts().Except(before), line => line.Split(' ')[4] == NetworkNamespace.Directory);
        Assert.Contains("shared:", mount, StringComparison.Ordinal);
        Ip("netns del " + Ours);
        Assert.Equal([Ours + "2", Theirs], NetworkNamespace.List(""));
    });

    [Fact]
    public void MountNamespaceOfATest_DoesNotChangeTheMachinesMounts()
    {
        string before = File.ReadAllText("/proc/self/mountinfo");

        AfterBoot(shared: true, () => NetworkNamespace.Create(Ours).Dispose());

        Assert.DoesNotContain("/run/netns/" + Ours, before + File.ReadAllText("/proc/self/mountinfo"), StringComparison.Ordinal);
    }

    // The remaining names still work: theirs can be entered, and removed by its owner.
    private static void AssertIpWorks()
    {
        Ip($"netns exec {Theirs} true");
        Ip("netns del " + Theirs);
        Assert.Empty(NetworkNamespace.List(""));
    }

    private static string PathOf(string name) => Path.Combine(NetworkNamespace.Directory, name);

    private static string[] Mounts() => File.ReadAllLines("/proc/thread-self/mountinfo");

    private static int MountsOf(string name) => Mounts().Count(line => line.Split(' ')[4] == PathOf(name));

    private static void Ip(string arguments)
    {
        // A child is forked from this thread, so it inherits the thread's mount namespace.
        using var process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"ip {arguments}: {errors}");
    }

    /// <summary>Runs the test on a thread with its own mounts, which end with the thread.</summary>
    /// <param name="shared">Whether /run is a shared mount, as set up by systemd, or private, as in most containers.</param>
    private static void AfterBoot(bool shared, Action test)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(() =>
        {
            Check(NamespaceCalls.Unshare(NamespaceCalls.CLONE_NEWNS));
            Check(NamespaceCalls.Mount("none", "/", "none", NamespaceCalls.MS_PRIVATE | NamespaceCalls.MS_REC, 0));
            Check(NamespaceCalls.Mount("none", "/run", "tmpfs", 0, 0));
            if (shared)
                Check(NamespaceCalls.Mount("none", "/run", "none", NamespaceCalls.MS_SHARED, 0));
            Assert.False(Directory.Exists(NetworkNamespace.Directory));
            test();
        }));
        thread.Start();
        thread.Join();
        if (failure is not null)
            throw new InvalidOperationException(failure.Message, failure);
    }

    private static void Check(int result) => Assert.True(result >= 0, Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
}
