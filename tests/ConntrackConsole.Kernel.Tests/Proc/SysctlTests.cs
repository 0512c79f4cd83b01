using ConntrackConsole.Kernel.Proc;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Proc;

public sealed class SysctlTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("sysctl").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [Trait("Category", "Parser")]
    [InlineData("0\n", 0)]
    [InlineData("262144\n", 262144)]
    [InlineData(" 7", 7)]
    [InlineData("-1\n", -1)]
    public void Content_OfOneNumber_IsParsed(string content, long expected)
    {
        Assert.True(Sysctl.TryParse(System.Text.Encoding.ASCII.GetBytes(content), out long value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [Trait("Category", "Parser")]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("1 2\n")]
    [InlineData("on\n")]
    [InlineData("99999999999999999999\n")]
    public void Content_OfAnythingElse_IsRefused(string content)
    {
        Assert.False(Sysctl.TryParse(System.Text.Encoding.ASCII.GetBytes(content), out _));
        Put("nf_conntrack_max", content);
        Assert.Equal(SysctlFault.Malformed, new Sysctl(_root).TryRead(SysctlKey.Max, out _));
    }

    [Fact]
    public void Key_ThatTheKernelLacks_IsAbsentAndIsNotCreated()
    {
        var sysctl = new Sysctl(_root);
        Assert.Equal(SysctlFault.Absent, sysctl.TryRead(SysctlKey.TcpLoose, out _));
        Assert.Equal(SysctlFault.Absent, sysctl.TryWrite(SysctlKey.TcpLoose, 1));
        Put("nf_conntrack_acct", "0");
        Assert.Equal(SysctlFault.Absent, sysctl.TryWrite(SysctlKey.TcpLoose, 1));
        Assert.Equal(["net.netfilter.nf_conntrack_acct"], sysctl.ReadAll().Keys);
    }

    [Fact]
    public void Value_OutsideItsRange_IsNotWritten()
    {
        Put("nf_conntrack_tcp_loose", "1");
        var sysctl = new Sysctl(_root);
        Assert.Equal(SysctlFault.OutOfRange, sysctl.TryWrite(SysctlKey.TcpLoose, 2));
        Assert.Equal(SysctlFault.ReadOnly, sysctl.TryWrite(SysctlKey.Count, 2));
        Assert.Equal("1", File.ReadAllText(_root + "/net/netfilter/nf_conntrack_tcp_loose"));
        Assert.Equal(SysctlFault.None, sysctl.TryWrite(SysctlKey.TcpLoose, 0));
        Assert.Equal("0", File.ReadAllText(_root + "/net/netfilter/nf_conntrack_tcp_loose"));
    }

    [Fact]
    public void Sysctl_OfTheThreadsNamespace_IsReadAndWritten()
    {
        using var nodes = new TwoNodes(connected: false);
        var sysctl = new Sysctl();
        var a = nodes.Inside(TwoNodes.A, () =>
        {
            var before = sysctl.TryRead(SysctlKey.TcpBeLiberal, out long value);
            var written = sysctl.TryWrite(SysctlKey.TcpBeLiberal, 1 - value);
            var after = sysctl.TryRead(SysctlKey.TcpBeLiberal, out long changed);
            // The limit of the table belongs to the initial namespace.
            return (before, written, after, difference: changed - value, max: sysctl.TryWrite(SysctlKey.Max, 100_000), all: sysctl.ReadAll());
        });
        Assert.Equal((SysctlFault.None, SysctlFault.None, SysctlFault.None), (a.before, a.written, a.after));
        Assert.Equal(1, Math.Abs(a.difference));
        Assert.Equal(SysctlFault.ReadOnly, a.max);
        Assert.Equal(SysctlKey.All.Count, a.all.Count);

        var b = nodes.Inside(TwoNodes.B, () => sysctl.ReadAll());
        Assert.NotEqual(a.all[SysctlKey.TcpBeLiberal.Name], b[SysctlKey.TcpBeLiberal.Name]);
    }

    [Theory]
    [Trait("Category", "Parser")]
    [InlineData("nf_conntrack_tcp_loose", true)]
    [InlineData("net.netfilter.nf_conntrack_tcp_loose", true)]
    [InlineData("net.ipv4.ip_forward", false)]
    [InlineData("../../ipv4/ip_forward", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Find_LongOrShortName_ReturnsOnlyKnownKeys(string? name, bool known) => Assert.Equal(known, SysctlKey.TryParse(name, out _));

    [Fact]
    public void Explain_EveryFault_NamesTheKey()
    {
        foreach (var fault in Enum.GetValues<SysctlFault>())
            Assert.StartsWith("net.netfilter.nf_conntrack_max ", Sysctl.Explain(fault, SysctlKey.Max), StringComparison.Ordinal);
        Assert.Contains("from 0 to 1.", Sysctl.Explain(SysctlFault.OutOfRange, SysctlKey.TcpLoose), StringComparison.Ordinal);
    }

    private void Put(string key, string content)
    {
        Directory.CreateDirectory(_root + "/net/netfilter");
        File.WriteAllText($"{_root}/net/netfilter/{key}", content);
    }

    [Theory]
    [InlineData(null, "/proc/sys")]
    [InlineData("", "/proc/sys")]
    [InlineData("host/proc/sys", "/proc/sys")]
    [InlineData(" /host/proc/sys/ ", "/host/proc/sys")]
    public void Root_IsAnAbsolutePath(string? value, string expected) => Assert.Equal(expected, Sysctl.RootOf(value));
}
