using System.Globalization;
using ConntrackConsole.Kernel.Ipvs;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Ipvs;

/// <summary>The connections of all Services to servers that were removed or have weight 0.</summary>
[Trait("Category", "Parser")]
public sealed class IpvsOrphansTests : IDisposable
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(30);

    private readonly FakeIpvs _ipvs = new();

    public void Dispose() => _ipvs.Dispose();

    [Fact]
    public void Connections_AreCountedByServiceAndServer()
    {
        _ipvs.Services("TCP  0A600001:0050 rr  \n  -> 0AF40001:1F90      Masq    0      2          0         \n  -> 0AF40002:1F90      Masq    1      2          0         \n");
        _ipvs.Connections(Line(1, "0AF40001") + Line(2, "0AF40001", 300) + Line(3, "0AF40002") + Line(4, "0AF40003", 120) + Line(5, "0AF40003", 60)
            + Line(6, "0AF40003", 60, "CLOSE_WAIT") + Line(0, "0AF40003") + Line(7, "0AF40003", 60, vport: "0051"));

        var orphans = IpvsOrphans.TryRead(Time, _ipvs.Proc)!;

        Assert.Equal((false, null), (orphans.IsPartial, orphans.Unreadable));
        Assert.Equal(
            ["removed 10.96.0.1:80 10.244.0.3:8080 2 120", "removed 10.96.0.1:81 10.244.0.3:8080 1 60", "weight0 10.96.0.1:80 10.244.0.1:8080 2 300"],
            orphans.Groups.Select(group => string.Create(CultureInfo.InvariantCulture,
                $"{(group.IsRemoved ? "removed" : "weight0")} {group.Service.Vip}:{group.Service.Vport} {group.Service.Backend}:{group.Service.Bport} {group.Count} {group.MaxSeconds}")));
    }

    [Fact]
    public void ServerByFirewallMark_ServesAnyService()
    {
        _ipvs.Services("FWM  00000005 rr\n  -> 0AF40001:0000      Masq    1      2          0         \n");
        _ipvs.Connections(Line(1, "0AF40001"));

        Assert.Empty(IpvsOrphans.TryRead(Time, _ipvs.Proc)!.Groups);
    }

    [Fact]
    public void ServersThatWereNotUnderstood_RemoveNothing()
    {
        _ipvs.Services("TCP  0A600001:0050 rr  \n  -> unreadable\n");
        _ipvs.Connections(Line(1, "0AF40001"));

        var orphans = IpvsOrphans.TryRead(Time, _ipvs.Proc)!;

        Assert.Equal((0, true), (orphans.Groups.Count, orphans.IsPartial));
    }

    [Fact]
    public void Table_IsReadToALimitOnly()
    {
        _ipvs.Connections(string.Concat(Enumerable.Range(0, IpvsOrphans.MaxPairs + 10).Select(n => Line(1, (0x0AF40000 + n).ToString("X8", CultureInfo.InvariantCulture)))));

        var orphans = IpvsOrphans.TryRead(Time, _ipvs.Proc)!;

        Assert.Equal((IpvsOrphans.MaxPairs, true), (orphans.Groups.Count, orphans.IsPartial));
        Assert.True(IpvsOrphans.TryRead(TimeSpan.Zero, _ipvs.Proc)!.IsPartial);
    }

    [Fact]
    public void Files_AreAbsentUnreadableOrRead()
    {
        File.Delete(_ipvs.Proc + "/thread-self/net/ip_vs_conn");
        Assert.NotNull(IpvsOrphans.TryRead(Time, _ipvs.Proc)!.Unreadable);

        File.Delete(_ipvs.Proc + "/thread-self/net/ip_vs");
        Directory.Delete(_ipvs.Proc + "/sys", recursive: true);
        Assert.Null(IpvsOrphans.TryRead(Time, _ipvs.Proc));
    }

    private static string Line(int port, string backend, int expires = 60, string state = "ESTABLISHED", string vport = "0050") =>
        string.Create(CultureInfo.InvariantCulture, $"TCP 0A010001 {port:X4} 0A600001 {vport} {backend} 1F90 {state,-11} {expires,7}\n");
}
