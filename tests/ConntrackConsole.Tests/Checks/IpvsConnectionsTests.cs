using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Service;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Checks.CheckContexts;

namespace ConntrackConsole.Tests.Checks;

/// <summary>M9: what IPVS keeps decides what becomes of the clients, whatever conntrack contains.</summary>
public sealed class IpvsConnectionsTests
{
    private static readonly IpvsReading Read = new(IpvsReadState.Complete, false, [], 0);

    [Theory]
    [InlineData(true, false, OwnerState.Gone, CheckState.Bad, "3 dropped", "Set net.ipv4.vs.expire_nodest_conn=1")]
    [InlineData(true, null, OwnerState.Gone, CheckState.Warning, "3 dropped", "Unless net.ipv4.vs.expire_nodest_conn is 1")]
    [InlineData(true, true, OwnerState.Gone, CheckState.Ok, "3 ending", "at the next packet")]
    [InlineData(false, true, OwnerState.Gone, CheckState.Warning, "3 without a pod", "Remove the server")]
    [InlineData(false, false, OwnerState.Lost, CheckState.Warning, "3 without a pod", "ipvs.timeout_tcp")]
    [InlineData(false, true, OwnerState.Live, CheckState.Ok, "3 draining", "end when both sides close them")]
    public void Connections_AreJudgedByWhatIpvsDoesWithThem(bool removed, bool? expires, OwnerState owner, CheckState state, string value, string fragment)
    {
        var result = IpvsConnections.Of(Of(Read), Keeps(removed, expires, owner));

        Assert.Equal((state, value, "check.ipvs_connections"), (result.State, result.Value, result.Check.Code));
        Assert.Contains(fragment, result.Sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("Flush", result.Sentence, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("ipvsadm -Lcn | grep -F '10.1.0.9'", result.Commands);
    }

    [Fact]
    public void Nodes_WithoutIpvs_NotApplicable() => Assert.Equal(CheckState.NotApplicable, IpvsConnections.Of(Context(), Service()).State);

    [Fact]
    public void Nothing_Kept_IsOk() => Assert.Equal((CheckState.Ok, "0"), IpvsConnections.Of(Of(Read), Service()) is var result ? (result.State, result.Value) : default);

    [Theory]
    [InlineData(IpvsReadState.Unreadable, 0u, "cannot be read")]
    [InlineData(IpvsReadState.Partial, 0u, "to its end")]
    [InlineData(IpvsReadState.Complete, 7u, "to its end")]
    [InlineData(null, 0u, "too old")]
    public void Table_NotReadToItsEnd_IsNeverOk(IpvsReadState? state, uint more, string fragment)
    {
        var context = Of(state is { } read ? Read with { State = read, MoreConnections = more } : null);

        var result = IpvsConnections.Of(context, Service());

        Assert.Equal((CheckState.InsufficientData, "check.ipvs_unread"), (result.State, result.UnknownCode));
        Assert.Contains(fragment, result.Sentence, StringComparison.Ordinal);
        Assert.Equal(CheckState.Bad, IpvsConnections.Of(context, Keeps(true, false, OwnerState.Gone)).State);
    }

    [Fact]
    public void NoCollectorReports_InsufficientData() =>
        Assert.Equal(UnknownCodes.NoCollectorReports, IpvsConnections.Of(Of(Read) with { Reporting = 0 }, Service()).UnknownCode);

    private static CheckContext Of(IpvsReading? reading) => Context() with { Ipvs = [("node1", reading)] };

    private static ServiceCheckContext Keeps(bool removed, bool? expires, OwnerState owner) => Service() with
    {
        Ipvs = [new ServiceIpvs("node1", expires, new IpvsServerConnections(Protocols.Tcp, Ip.Parse("10.96.0.10"), 80, Ip.Parse("10.1.0.9"), 8080, removed, 3, 900), owner)],
    };
}
