using ConntrackConsole.Kernel.Net;
using Xunit;

namespace ConntrackConsole.Wire.Tests;

[Trait("Category", "Parser")]
public class IpTests
{
    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("fd00:1:2:3:4:5:6:7")]
    public void Parse_CanonicalForm_RoundTrips(string text)
    {
        Assert.True(Ip.TryParse(text, out var ip));
        Assert.Equal(text, ip.ToString());
        Span<byte> bytes = stackalloc byte[16];
        Assert.Equal(ip, Ip.FromBytes(bytes[..ip.WriteBytes(bytes)]));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("10.1")]
    [InlineData("010.0.0.1")]
    [InlineData("0x0a.0.0.1")]
    [InlineData("10.0.0.1 ")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("fe80::1%1")]
    [InlineData("[::1]")]
    [InlineData("10.0.0.0/8")]
    public void Parse_AnyOtherForm_IsRefused(string? text) => Assert.False(Ip.TryParse(text, out _));

    [Theory]
    [InlineData("10.244.1.5", "10.244.0.0", 16, true)]
    [InlineData("10.245.1.5", "10.244.0.0", 16, false)]
    [InlineData("10.244.1.5", "0.0.0.0", 0, true)]
    [InlineData("10.244.1.5", "10.244.1.5", 32, true)]
    [InlineData("fd00:244::5", "fd00:244::", 64, true)]
    [InlineData("fd00:245::5", "fd00:244::", 64, false)]
    [InlineData("fd00:244::5", "::", 0, true)]
    [InlineData("10.244.1.5", "::", 0, false)]
    public void IsIn(string ip, string network, int prefixLength, bool expected) =>
        Assert.Equal(expected, Ip.Parse(ip).IsIn(Ip.Parse(network), prefixLength));
}
