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

    /// <summary>
    /// kube-proxy deletes the entries of an ended pod after it has written its rules: what is sent by an entry that it left behind then is no matter of time.
    /// </summary>
    /// <param name="pending">Changes that kube-proxy has not written.</param>
    /// <param name="queuedMs">After the endpoint's removal, as the others.</param>
    [Theory]
    [InlineData(2, 2, 0, 50, 600, 1_000, true)]
    [InlineData(2, 2, 0, -150, 600, 1_000, true)] // Its watch may be the faster one.
    [InlineData(2, 1, 0, 50, 60, 300, false)] // It may have been sent before the pod's end.
    [InlineData(0, 2, 0, 50, 600, 1_000, false)]
    [InlineData(2, 2, 1, 50, 600, 1_000, false)] // The removal may be the one that is pending.
    [InlineData(2, 2, double.NaN, 50, 600, 1_000, false)]
    [InlineData(2, 2, 0, -800, 600, 1_000, false)] // A sync of another change: this one had not arrived.
    [InlineData(2, 2, 0, 700, 600, 1_000, false)]
    [InlineData(2, 2, 0, 50, 1_200, 1_400, false)] // It may still delete them.
    [InlineData(2, 2, 0, -150, -100, 100, false)] // It was read before it could know of the removal.
    public async Task UdpThatIsSentAfterKubeProxysSync_IsM8_WithoutWaitingForIt(uint lastSecond, int seconds, double pending, int queuedMs, int syncedMs, int readMs, bool isFound)
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Entries("node1", Group(proto: Protocols.Udp), FlowState.Assured, 2);
        scene.Run(1);
        long removedMs = scene.NowMs + 400;
        scene.Console.Clock.Advance(TimeSpan.FromSeconds(0.4));
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Detail("node1", udp: 2, sending: 2, lastSecond: lastSecond);
        scene.Next("node1", frame => frame.Proxy = new ProxyReading(
            removedMs + readMs, true, ProxyMode.Iptables, 200, 1, (removedMs + syncedMs) / 1000.0, (removedMs + queuedMs) / 1000.0, 0.1, 5, pending, 0, 0, 0, double.NaN, 0));
        scene.Run(seconds);

        Assert.Equal(isFound ? [MechanismCodes.UdpDeadBackend] : [], await scene.CodesAsync());
    }

    /// <summary>Without its metrics two seconds are needed, as for every kube-proxy.</summary>
    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public async Task UdpThatIsSent_WithoutKubeProxysMetrics_IsM8_AfterTwoSeconds(int seconds, bool isFound)
    {
        using var scene = await FindingTests.CalmAsync();
        scene.Entries("node1", Group(), FlowState.Established, 0);
        scene.Entries("node1", Group(proto: Protocols.Udp), FlowState.Assured, 2);
        scene.Run(1);
        scene.Console.Clock.Advance(TimeSpan.FromSeconds(0.4));
        scene.Apply(new SliceChange(Objects.Slice(Objects.Ready(B)), false), new PodChange(A, true));
        scene.Detail("node1", udp: 2, sending: 2, lastSecond: 2);
        scene.Run(seconds);

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
