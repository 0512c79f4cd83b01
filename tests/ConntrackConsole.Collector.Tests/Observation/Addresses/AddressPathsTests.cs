using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Routes;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation.Addresses;

/// <summary>Routes of the real kernel.</summary>
public class AddressPathsTests
{
    [Fact]
    public void Of_FollowsThePodsInterface()
    {
        using var node = new ScratchNamespace();
        using var pod = new ScratchNamespace();
        var (ip, other) = (Ip.Parse("10.244.0.5"), Ip.Parse("10.244.0.6"));
        using var file = File.OpenHandle(pod.Inside.FilePath);
        node.Inside.Run(() =>
        {
            using var routes = RouteSocket.Open();
            Link(routes);
            var paths = new AddressPaths();
            HashSet<Ip> watched = [ip, other];
            paths.Look(watched);
            var (state, link) = paths.Of(ip);
            Assert.Equal((PathState.Leaf, true), (state, link > 0));
            Assert.Equal(PathState.Dead, paths.Of(other).State); // No route at all.

            routes.DeleteLink("veth5");
            paths.Look(watched);
            Assert.Equal((PathState.Dead, 0u), paths.Of(ip));

            Link(routes);
            paths.Look(watched);
            Assert.Equal(PathState.Leaf, paths.Of(ip).State);
            Assert.NotEqual(link, paths.Of(ip).Link);

            paths.Look(new HashSet<Ip>());
            Assert.Empty(paths.Known);
        });

        void Link(RouteSocket routes)
        {
            routes.AddVeth("veth5", "eth5", file);
            routes.SetUp("veth5", true);
            routes.AddRoute(ip, 32, "veth5");
        }
    }
}
