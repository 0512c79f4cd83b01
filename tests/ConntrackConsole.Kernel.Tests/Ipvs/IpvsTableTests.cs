using System.Globalization;
using ConntrackConsole.Kernel.Ipvs;
using ConntrackConsole.Kernel.Net;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Ipvs;

/// <summary>The text is that of Linux 6.1 and 6.12 (the same in both), after one server was removed and one got weight 0.</summary>
[Trait("Category", "Parser")]
public sealed class IpvsTableTests : IDisposable
{
    private const string Services = """
        IP Virtual Server version 1.2.1 (size=4096)
        Prot LocalAddress:Port Scheduler Flags
          -> RemoteAddress:Port Forward Weight ActiveConn InActConn
        TCP  [fd96:0000:0000:0000:0000:0000:0000:0007]:0050 rr 
          -> [fd01:0000:0000:0000:0000:0000:0000:0012]:1F90      Masq    0      1          0         
        TCP  0A600707:0050 rr  
          -> 0AF4000D:1F90      Masq    1      1          1         
        UDP  0A600707:0035 rr  
          -> 0AF4000D:14E9      Masq    1      0          1         
          -> 0AF4000C:14E9      Masq    1      0          0         
        FWM  00000005 rr persistent 75000 FFFFFFFF
          -> 0AF4000E:0000      Masq    1      0          0         

        """;

    private const string Connections = """
        Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
        UDP 0AF4000B C6DC 0A600707 0035 0AF4000D 14E9 UDP             297
        TCP 0AF4000B C8E2 0A600707 0050 0AF4000C 1F90 ESTABLISHED     897
        TCP fd01:0000:0000:0000:0000:0000:0000:0011 DEDA fd96:0000:0000:0000:0000:0000:0000:0007 0050 fd01:0000:0000:0000:0000:0000:0000:0012 1F90 ESTABLISHED     898
        TCP 0AF4000B C8F8 0A600707 0050 0AF4000C 1F90 CLOSE_WAIT       58
        TCP 0AF4000B C8E0 0A600707 0050 0AF4000D 1F90 CLOSE_WAIT       58
        IP  0AF4000B 0000 00000005 0000 0AF4000E 0000 NONE            120
        TCP 0AF4000B 0000 0A600707 0050 0AF4000C 1F90 NONE            120
        TCP 0AF4000B C8EE 0A600708 01BB 0AF4000E 20FB ESTABLISHED     898

        """;

    private readonly string _root = Directory.CreateTempSubdirectory("ipvs").FullName;

    public IpvsTableTests()
    {
        Directory.CreateDirectory(_root + "/thread-self/net");
        Write(Services, Connections);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("10.244.0.12", 1, 2, 2, 0)] // Its TCP server was removed; the UDP one, and the template of a persistent Service, do not count.
    [InlineData("10.244.0.13", 2, 2, 0, 0)]
    [InlineData("10.244.0.14", 1, 1, 0, 0)] // A Service by firewall mark has any address and port.
    [InlineData("fd01::12", 1, 1, 0, 1)]
    [InlineData("10.244.0.99", 0, 0, 0, 0)]
    public void Address_HasItsServersAndConnections(string address, int servers, int connections, int removed, int draining)
    {
        var table = IpvsTable.TryRead(Ip.Parse(address), _root)!;

        Assert.Equal((servers, connections, removed, draining, false), (table.Servers.Count, table.Connections.Count, table.Removed.Count(), table.Draining.Count(), table.IsPartial));
    }

    [Fact]
    public void Lines_HaveTheirValues()
    {
        var table = IpvsTable.TryRead(Ip.Parse("10.244.0.12"), _root)!;

        Assert.Equal([new IpvsServer(Protocols.Udp, Ip.Parse("10.96.7.7"), 53, Ip.Parse("10.244.0.12"), 5353, 1)], table.Servers);
        Assert.Equal(
        [
            new IpvsConnection(Protocols.Tcp, Ip.Parse("10.244.0.11"), 51426, Ip.Parse("10.96.7.7"), 80, Ip.Parse("10.244.0.12"), 8080, false, 897),
            new IpvsConnection(Protocols.Tcp, Ip.Parse("10.244.0.11"), 51448, Ip.Parse("10.96.7.7"), 80, Ip.Parse("10.244.0.12"), 8080, true, 58),
        ], table.Connections);
        Assert.Equal("fd96::7", IpvsTable.TryRead(Ip.Parse("fd01::12"), _root)!.Servers[0].Vip.ToString());
    }

    [Theory]
    [InlineData("TCP 0AF4000B C6DC 0A600707 0035 0AF4000C 14E9 ESTABLISHED")]               // no time
    [InlineData("TCP 0AF4000B C6DC 0A600707 0035 0AF4000C 14E9 ESTABLISHED -1")]
    [InlineData("TCP 0AF4000B C6DC 0A600707 0035 0AF4000C 14E9 ESTABLISHED 99999999999")]
    [InlineData("TCP 0AF4000B 1C6DC 0A600707 0035 0AF4000C 14E9 ESTABLISHED 5")]
    [InlineData("TCP 0AF4000G C6DC 0A600707 0035 0AF4000C 14E9 ESTABLISHED 5")]
    [InlineData("XYZ 0AF4000B C6DC 0A600707 0035 0AF4000C 14E9 ESTABLISHED 5")]
    [InlineData("TCP fd01:0000:0000:0000:0000:0000:0000-0011 DEDA fd96:0000:0000:0000:0000:0000:0000:0007 0050 fd01:0000:0000:0000:0000:0000:0000:0012 1F90 ESTABLISHED 8")]
    [InlineData("\0\xFF")]
    public void Connection_Malformed_IsLeftOutAndSaid(string line)
    {
        Write(Services, Connections + line + "\n");

        var table = IpvsTable.TryRead(Ip.Parse("10.244.0.12"), _root)!;

        Assert.Equal((2, true), (table.Connections.Count, table.IsPartial));
    }

    [Theory]
    [InlineData("  -> 0AF4000C:1F90      Masq    1      1          1", true)]  // a server of no Service
    [InlineData("TCP  0A600709:0050 rr\n  -> 0AF4000C", true)]
    [InlineData("TCP  0A600709:0050 rr\n  -> 0AF4000C:1F90 Masq x 1 1", true)]
    [InlineData("TCP  0A600709 rr", true)]
    [InlineData("SCTP 0A600709:0050 rr persistent 10800\n  -> 0AF4000C:1F90      Route   100 1 1", false)]
    public void Server_Malformed_IsLeftOutAndSaid(string lines, bool partial)
    {
        Write(lines + "\n", Connections);

        var table = IpvsTable.TryRead(Ip.Parse("10.244.0.12"), _root)!;

        Assert.Equal((partial ? 0 : 1, partial), (table.Servers.Count, table.IsPartial));
        Assert.Equal(partial ? 0 : 2, table.Removed.Count()); // What was not understood may be the server.
    }

    [Fact]
    public void Files_AreReadToALimitOnly()
    {
        string line = "TCP 0AF4000B {0:X4} 0A600707 0050 0AF4000C 1F90 ESTABLISHED     897\n";
        Write(Services, string.Concat(Enumerable.Range(1, 30_000).Select(port => string.Format(CultureInfo.InvariantCulture, line, port))));

        Assert.Equal((IpvsTable.MaxConnections, true), Read(IpvsFiles.MaxLines, TimeSpan.MaxValue));
        Assert.Equal((5000, true), Read(5000, TimeSpan.MaxValue));
        Assert.InRange(Read(IpvsFiles.MaxLines, TimeSpan.Zero).Kept, 0, 2000); // one buffer
        Write(Services, new string('x', 1 << 20));
        Assert.Equal((0, true), Read(IpvsFiles.MaxLines, TimeSpan.MaxValue));

        (int Kept, bool Partial) Read(int lines, TimeSpan time)
        {
            var table = IpvsTable.TryRead(Ip.Parse("10.244.0.12"), _root, lines, time)!;
            return (table.Connections.Count, table.IsPartial);
        }
    }

    [Fact]
    public void Node_WithoutIpvs_HasNoTable()
    {
        File.Delete(_root + "/thread-self/net/ip_vs");

        Assert.Null(IpvsTable.TryRead(Ip.Parse("10.244.0.12"), _root));
    }

    [Theory]
    [InlineData("ip_vs_conn", true)]
    [InlineData("ip_vs", true)]
    [InlineData("ip_vs", false)] // Hidden, but the switches show that IPVS is loaded.
    public void Files_ThatCannotBeOpened_AreUnreadableAndNotAbsent(string name, bool exists)
    {
        File.Delete($"{_root}/thread-self/net/{name}");
        if (exists)
            Directory.CreateDirectory($"{_root}/thread-self/net/{name}");
        Directory.CreateDirectory(_root + "/sys/net/ipv4/vs");

        var table = IpvsTable.TryRead(Ip.Parse("10.244.0.12"), _root);

        Assert.Equal((true, true), (table?.IsPartial, table?.Unreadable is not null));
    }

    [Theory]
    [InlineData("1\n", true)]
    [InlineData("0\n", false)]
    [InlineData("2\n", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Switches_AreRead(string? text, bool? expected)
    {
        Directory.CreateDirectory(_root + "/sys/net/ipv4/vs");
        if (text is not null)
        {
            File.WriteAllText(_root + "/sys/net/ipv4/vs/conntrack", text);
            File.WriteAllText(_root + "/sys/net/ipv4/vs/expire_nodest_conn", text);
        }

        Assert.Equal(new IpvsSwitches(expected, expected), IpvsSwitches.Read(_root));
    }

    private void Write(string services, string connections)
    {
        File.WriteAllText(_root + "/thread-self/net/ip_vs", services);
        File.WriteAllText(_root + "/thread-self/net/ip_vs_conn", connections);
    }
}
