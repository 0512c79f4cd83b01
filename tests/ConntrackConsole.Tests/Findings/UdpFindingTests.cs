using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Findings.FindingScene;

namespace ConntrackConsole.Tests.Findings;

/// <summary>UDP entries that their senders refresh although nothing answers.</summary>
public sealed class UdpFindingTests
{
    [Fact]
    public async Task UdpThatIsRefreshedAfterThePodsEnd_IsM8_BeforeItsTimeout()
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Entries("node1", Group(proto: Protocols.Udp), FlowState.Assured, 2);
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Run(1);
        scene.Detail("node1", udp: 2);
        scene.Run(8);
        Assert.Empty(await scene.CodesAsync());
        scene.Run(5);

        Assert.Equal([MechanismCodes.UdpDeadBackend], await scene.CodesAsync());
    }

    /// <summary>What was certainly sent after the pod's end needs no ten seconds; what may have been sent before it names nothing yet.</summary>
    [Theory]
    [InlineData(2, 3, true)]
    [InlineData(2, 1, false)]
    [InlineData(0, 3, false)]
    public async Task UdpThatIsSentAfterThePodsEnd_IsM8_WithinSeconds(uint sending, int seconds, bool isFound)
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Entries("node1", Group(proto: Protocols.Udp), FlowState.Assured, 2);
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Detail("node1", udp: 2, sending: sending);
        scene.Run(seconds);

        Assert.Equal(isFound ? [MechanismCodes.UdpDeadBackend] : [], await scene.CodesAsync());
    }

    /// <summary>A packet of the last second shows it earlier; not as early as kube-proxy may still delete the entries of a pod that ended.</summary>
    [Theory]
    [InlineData(2, 2, true)]
    [InlineData(2, 1, false)]
    [InlineData(0, 2, false)]
    public async Task UdpThatWasSentWithinTheLastSecond_IsM8_AfterASecondAndAHalf(uint lastSecond, int seconds, bool isFound)
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Entries("node1", Group(proto: Protocols.Udp), FlowState.Assured, 2);
        scene.Run(1);
        scene.Console.Clock.Advance(TimeSpan.FromSeconds(0.4));
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Detail("node1", udp: 2, sending: 2, lastSecond: lastSecond);
        scene.Run(seconds);

        Assert.Equal(isFound ? [MechanismCodes.UdpDeadBackend] : [], await scene.CodesAsync());
    }

    /// <summary>The frame that shows that the interface is gone is later than its end: the next one's last second is after it.</summary>
    [Theory]
    [InlineData(2, true)]
    [InlineData(0, false)]
    public async Task UdpThatIsSentASecondAfterTheInterfacesEnd_IsM8(uint lastSecond, bool isFound)
    {
        using var scene = await FindingTests.CalmAsync();
        FindingTests.Terminate(scene);
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Entries("node1", Group(proto: Protocols.Udp), FlowState.Assured, 2);
        scene.Detail("node1", PathState.Leaf, 7);
        scene.Run(1);
        scene.Detail("node1", PathState.LeafGone, udp: 2, sending: 2, lastSecond: lastSecond);
        scene.Run(2);

        Assert.Equal(isFound ? [MechanismCodes.UdpDeadBackend] : [], await scene.CodesAsync());
    }

    /// <summary>The pod's object may be deleted long after its interface: from the interface on nothing arrives.</summary>
    [Fact]
    public async Task UdpThatIsSentAfterTheInterfacesEnd_IsM8_ThoughThePodsObjectIsDeletedLater()
    {
        using var scene = await FindingTests.CalmAsync();
        FindingTests.Terminate(scene);
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Entries("node1", Group(proto: Protocols.Udp), FlowState.Assured, 2);
        scene.Detail("node1", PathState.Leaf, 7);
        scene.Run(1);
        scene.Detail("node1", PathState.LeafGone, udp: 2, sending: 2);
        scene.Run(2);
        FindingTests.End(scene, exitCode: 137);
        scene.Run(1);

        Assert.Equal([MechanismCodes.UdpDeadBackend], await scene.CodesAsync());
    }

    [Fact]
    public async Task UntranslatedUdpThatIsRefreshed_IsM8_OfTheService()
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Apply(new ServiceChange(Objects.Service() with { Ports = [new ServicePort("http", Protocols.Tcp, 80, 0), new ServicePort("dns", Protocols.Udp, 80, 0)] }, false));
        scene.Entries("node1", Group(Objects.Vip, Protocols.Udp), FlowState.Unreplied, 2);
        scene.Detail("node1", udp: 2, ip: Objects.Vip);
        scene.Run(12);

        Assert.Equal([MechanismCodes.UdpUntranslated], await scene.CodesAsync());
    }
    /// <summary>The entries end with their sender or with the Service: the window still has what they were.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task UntranslatedUdp_ThatHasEnded_StaysM8OfTheWindow(bool endsWithItsService)
    {
        using var scene = await FindingTests.CalmAsync();
        var service = Objects.Service() with { Ports = [new ServicePort("http", Protocols.Tcp, 80, 0), new ServicePort("dns", Protocols.Udp, 80, 0)] };
        scene.Apply(new ServiceChange(service, false));
        scene.Entries("node1", Group(Objects.Vip, Protocols.Udp), FlowState.Unreplied, 2);
        scene.Detail("node1", udp: 2, ip: Objects.Vip);
        scene.Run(12);
        if (endsWithItsService)
            scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(A), Objects.Ready(B)), true), new ServiceChange(service, true));
        scene.Detail("node1", ip: Objects.Vip);
        scene.Run(5);
        scene.Entries("node1", Group(Objects.Vip, Protocols.Udp), FlowState.Unreplied, 0);
        scene.Run(5);

        Assert.Equal([MechanismCodes.UdpUntranslated], await scene.CodesAsync());
    }
}
