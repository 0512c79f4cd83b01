using ConntrackConsole.Kernel.Ipvs;
using ConntrackConsole.Kernel.Netlink;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Ipvs;

[Trait("Category", "Parser")]
public sealed class IpvsConfigTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("ipvs").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Get_HasTheExpectedBytes() => Assert.Equal(
        "14000000" + "2500" + "0500" + "07000000" + "00000000" + "0D010000", // family 0x25, REQUEST|ACK; IPVS_CMD_GET_CONFIG, version 1
        Written(static (ref NetlinkWriter writer) => IpvsRequest.Get(ref writer, 0x25, 7)));

    [Fact]
    public void Set_HasTheExpectedBytes() => Assert.Equal(
        "2C000000" + "2500" + "0500" + "07000000" + "00000000" + "0C010000" // IPVS_CMD_SET_CONFIG
        + "0800" + "0400" + "84030000"                                      // IPVS_CMD_ATTR_TIMEOUT_TCP 900
        + "0800" + "0500" + "78000000"                                      // IPVS_CMD_ATTR_TIMEOUT_TCP_FIN 120
        + "0800" + "0600" + "2C010000",                                     // IPVS_CMD_ATTR_TIMEOUT_UDP 300
        Written(static (ref NetlinkWriter writer) => IpvsRequest.Set(ref writer, 0x25, 7, new IpvsTimeouts(900, 120, 300))));

    [Fact]
    public void FamilyRequest_HasTheExpectedBytes() => Assert.Equal(
        "20000000" + "1000" + "0500" + "07000000" + "00000000" + "03010000" // GENL_ID_CTRL; CTRL_CMD_GETFAMILY
        + "0900" + "0200" + "4950565300" + "000000",                        // CTRL_ATTR_FAMILY_NAME
        Written(static (ref NetlinkWriter writer) => GenericFamily.Get(ref writer, 7, IpvsRequest.Family)));

    [Fact]
    public void Reply_Valid_HasThreeNumbers()
    {
        Assert.True(TryRead("0C010000" + "0800040084030000" + "0800050078000000" + "080006002C010000", out var timeouts));
        Assert.Equal(new IpvsTimeouts(900, 120, 300), timeouts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0C010000")]
    [InlineData("0C010000" + "0800040084030000" + "0800050078000000")]                        // one is missing
    [InlineData("0C010000" + "0800040084030000" + "0800050078000000" + "060006002C01")]       // one is short
    [InlineData("0C010000" + "0800040084030000" + "0800050078000000" + "0800060000000080")]   // one is negative
    [InlineData("0C010000" + "0800040084030000" + "0800050078000000" + "2000060000000000")]   // one extends beyond the end
    public void Reply_Malformed_IsRejected(string hex) => Assert.False(TryRead(hex, out _));

    // This test's kernel may have no IPVS, but the controller is a family itself.
    [Fact]
    public void Family_IsResolvedByTheKernel()
    {
        using var socket = NetlinkSocket.Open(NetlinkFamily.Generic);
        Assert.Equal(Errno.Ok, GenericFamily.TryResolve(socket, "nlctrl", out ushort controller));
        Assert.Equal(16, controller);
        Assert.Equal(Errno.ENOENT, GenericFamily.TryResolve(socket, "cctest-none", out ushort none));
        Assert.Equal(0, none);
    }

    [Fact]
    public void Node_WithoutIpvs_HasNoTimeouts()
    {
        Assert.Equal(IpvsFault.Absent, IpvsConfig.TryRead(out _, _root));
        Assert.Equal(IpvsFault.Absent, IpvsConfig.TryWrite(new IpvsTimeouts(900, 120, 300), _root));
        Assert.False(IpvsTimeouts.TryRead(out _, _root));
        Assert.Contains("IPVS is not loaded", IpvsConfig.Explain(IpvsFault.Absent), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 120, 300)]
    [InlineData(900, -1, 300)]
    [InlineData(900, 120, 2_000_001)]
    public void Timeouts_OutsideTheirRange_AreNotWritten(int tcp, int tcpFin, int udp) =>
        Assert.Equal(IpvsFault.OutOfRange, IpvsConfig.TryWrite(new IpvsTimeouts(tcp, tcpFin, udp), _root));

    [Fact]
    public void Explain_EveryFault_HasAMessage() =>
        Assert.Equal(Enum.GetValues<IpvsFault>().Length, Enum.GetValues<IpvsFault>().Select(IpvsConfig.Explain).Distinct().Count());

    private delegate void Writing(ref NetlinkWriter writer);

    private static string Written(Writing write)
    {
        var writer = new NetlinkWriter(new byte[256]);
        write(ref writer);
        return Convert.ToHexString(writer.Written);
    }

    private static bool TryRead(string hex, out IpvsTimeouts timeouts) => IpvsRequest.TryRead(Convert.FromHexString(hex), out timeouts);
}
