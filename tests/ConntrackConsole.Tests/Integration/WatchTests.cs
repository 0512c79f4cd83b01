using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;
using static ConntrackConsole.Tests.Timeline.Frames;

namespace ConntrackConsole.Tests.Integration;

/// <summary>The addresses that the console sends to its collectors, and the results.</summary>
public sealed class WatchTests : IAsyncLifetime
{
    private ConsoleHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ConsoleHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Addresses_WithoutLiveOwner_AreSentAfterHelloAndOnChange()
    {
        var live = Pod("a", "10.1.0.5");
        var ending = Pod("b", "10.1.0.6").Terminating(2_000);
        var gone = Pod("c", "10.1.0.7");
        var lost = Pod("d", "10.1.0.8", "node2");
        _host.SetCluster(
            new NodeChange(Node("node1", "10.0.0.1"), false), new NodeChange(Node("node2", "10.0.0.2", reachable: false), false),
            new PodChange(live, false), new PodChange(ending, false), new PodChange(gone, false), new PodChange(gone, true), new PodChange(lost, false));
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();

        await Eventually.TrueAsync(() => collector.Watched is { PodIps.Count: 3 });
        Assert.Equal(["10.1.0.8", "10.1.0.6", "10.1.0.7"], collector.Watched!.PodIps);

        _host.SetCluster(new PodChange(Pod("e", "10.1.0.7", createdMs: 9_000), false)); // assigned again
        await Eventually.TrueAsync(() => collector.Watched is { PodIps: ["10.1.0.8", "10.1.0.6"] });
    }

    [Fact]
    public async Task ServiceAddresses_AreSent_WithoutThoseOfANode()
    {
        var service = Service() with { OtherIps = [Ip.Parse("203.0.113.5"), Ip.Parse("10.0.0.1")] };
        _host.SetCluster(new NodeChange(Node("node1", "10.0.0.1"), false), new ServiceChange(service, false));
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();

        await Eventually.TrueAsync(() => collector.Watched is { Services.Count: > 0 });
        Assert.Equal([$"tcp {service.ClusterIps[0]} 80", "tcp 203.0.113.5 80"], collector.Watched!.Services!);
    }

    /// <summary>The addresses of Services may be thousands, and addresses of pods change each second during a rollout.</summary>
    [Fact]
    public async Task Addresses_Change_AreSentWithoutTheServices_AndWholeToANewCollector()
    {
        _host.SetCluster(
            new NodeChange(Node("node1", "10.0.0.1"), false), new NodeChange(Node("node2", "10.0.0.2"), false),
            new NodeChange(Node("node3", "10.0.0.3"), false), new ServiceChange(Service(), false));
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        await Eventually.TrueAsync(() => collector.Watched is { Services.Count: 1, PodIps.Count: 0 });

        // On a third node: those of a collector that sends no frames are on the list too.
        var pod = Pod("b", "10.1.0.6", "node3");
        _host.SetCluster(new PodChange(pod.Terminating(2_000), false));
        await Eventually.TrueAsync(() => collector.Watched is { PodIps: ["10.1.0.6"] });
        Assert.Null(collector.Watched!.Services);
        await using var second = new TestCollector("node2", _host.Url, ConsoleHost.Token);
        await second.ConnectAsync();
        await Eventually.TrueAsync(() => second.Watched is { Services.Count: 1, PodIps: ["10.1.0.6"] });

        // Both receive what leaves the list.
        _host.SetCluster(new PodChange(pod, false), new ServiceChange(Service(), true));
        await Eventually.TrueAsync(() => collector.Watched is { PodIps.Count: 0, Services.Count: 0 } && second.Watched is { PodIps.Count: 0, Services.Count: 0 });
    }

    [Fact]
    public async Task RadarRows_AreInPodDetail_UntilEntriesEnd()
    {
        await using var collector = new TestCollector("node1", _host.Url, ConsoleHost.Token);
        await collector.ConnectAsync();
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var first = Frame(1, now, true, (Group, 4, 0));
        first.WatchedAddresses.Add(new WatchedAddress(Ip.Parse("10.1.0.5"), 4, 4, 2, 1, 1));
        collector.Send(first);
        await Eventually.TrueAsync(() => Lookups().Count == 1);
        Assert.Equal(new NodeLookups("node1", 4, 2, 1, 1), Lookups()[0]);

        var second = Frame(2, now + 1_000, false);
        second.WatchedAddresses.Add(new WatchedAddress(Ip.Parse("10.1.0.5"), 0, 0, 0, 0, 0));
        collector.Send(second);
        await Eventually.TrueAsync(() => Lookups().Count == 0);
    }

    private IReadOnlyList<NodeLookups> Lookups() => _host.Get<TimelineStore>().Read(reading => reading.Detail("10.1.0.5")).Lookups;
}
