using System.Text;
using ConntrackConsole.Kernel.Proc;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Proc;

[Trait("Category", "Parser")]
public class SnmpTcpTests
{
    [Fact]
    public void File_OfARealKernel_IsRead()
    {
        bool read = SnmpTcp.TryParse(Encoding.ASCII.GetBytes("""
            Ip: Forwarding DefaultTTL
            Ip: 1 64
            Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
            Tcp: 1 200 120000 -1 2157 1241 850 212 0 53076 47521 54 0 4294967297 0
            Udp: InDatagrams
            Udp: 1
            """), out var tcp);

        Assert.True(read);
        Assert.Equal(new SnmpTcp(OutRsts: 1, EstabResets: 212, AttemptFails: 850, RetransSegs: 54), tcp);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Tcp: OutRsts")]
    [InlineData("Tcp: OutRsts\nTcp:")]
    [InlineData("Tcp: OutRsts EstabResets\nTcp: 1")]
    [InlineData("Tcp: OutRsts\nTcp: x")]
    public void File_Malformed_IsRejected(string text) => Assert.False(SnmpTcp.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void ThisKernel_HasTheCounters() => Assert.True(SnmpTcp.TryRead(out _));
}
