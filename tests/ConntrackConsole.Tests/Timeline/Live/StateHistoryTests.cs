using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Timeline.Live;

/// <summary>States that are kept with a group equal those that are derived anew, whatever happens in the cluster.</summary>
public class StateHistoryTests
{
    private static readonly string[] Addresses = [.. Enumerable.Range(5, 6).Select(i => $"10.1.0.{i}")];

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000));
    private readonly ClusterState _cluster;
    private readonly StateHistory _states;
    private readonly List<ClusterGroup> _groups;
    private readonly Dictionary<string, PodInfo> _pods = [];

    public StateHistoryTests()
    {
        _cluster = new ClusterState(_clock);
        _states = new StateHistory(_cluster);
        string[] vips = [Vip, "10.96.0.20"];
        _groups = [.. from vip in vips from ip in Addresses select new ClusterGroup(new GroupKey(Protocols.Tcp, Ip.Parse(vip), 80, Ip.Parse(ip), 8080))];
    }

    private long NowMs => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Of_AnyChangeOfTheCluster_EqualsWhatIsDerivedAnew(int seed)
    {
        var random = new Random(seed);
        Apply(new NodeChange(Node("node1", "192.168.0.1"), false), new NodeChange(Node("node2", "192.168.0.2"), false), new ServiceChange(Service(), false));
        _cluster.Watching();
        Check("before the first list");
        _cluster.Confirm(NowMs);
        int kept = 0;
        for (int step = 0; step < 400; step++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(random.Next(1, 4_000)));
            _cluster.Confirm(NowMs);
            var before = _groups.ConvertAll(group => group.States);
            Check($"{seed}, before {step}");
            kept += _groups.Where((group, i) => ReferenceEquals(group.States, before[i])).Count();
            var change = Change(random);
            Apply(change);
            Check($"{seed}, {step}: {change}");
        }

        // Otherwise nothing would be saved.
        Assert.True(kept > 3_000, $"{kept}");
    }

    private void Check(string after)
    {
        foreach (var group in _groups)
        {
            var known = _states.Of(group, NowMs);
            Assert.True(known.Now == _states.Now(group.Key), $"{after}: {group.Key}: {known} but {_states.Now(group.Key)}");
            // From the moment on that is named, the history has this state and no other.
            var within = StateHistory.Within(_cluster.History, group.Key, known.SinceMs, NowMs);
            Assert.True(within.All(state => state.State == known.Since), $"{after}: {group.Key}: {known} but {string.Join(' ', within)}");
        }
    }

    private void Apply(params ClusterChange[] changes) => _cluster.Apply(changes);

    private ClusterChange Change(Random random)
    {
        string ip = Addresses[random.Next(Addresses.Length)], node = $"node{random.Next(1, 3)}";
        var pod = _pods.Count == 0 ? null : _pods.Values.ElementAt(random.Next(_pods.Count));
        switch (random.Next(12))
        {
            case 0 or 1 or 2:
                string uid = $"p{random.Next(1_000)}";
                return new PodChange(_pods[uid] = Pod(uid, ip, node, NowMs), false);
            case 3 when pod is not null:
                return new PodChange(_pods[pod.Uid] = pod.Terminating(NowMs), false);
            case 4 when pod is not null:
                _pods.Remove(pod.Uid);
                return new PodChange(pod, true);
            case 5 when pod is not null:
                return new PodChange(_pods[pod.Uid] = pod with { Ips = [Ip.Parse(ip)] }, false);
            case 6:
                return new NodeChange(Node(node, node == "node1" ? "192.168.0.1" : "192.168.0.2", random.Next(2) == 0), false);
            case 7 when random.Next(4) == 0:
                return new ServiceChange(Service() with { Uid = "svc2", Key = new ServiceKey("shop", "cart"), ClusterIps = [Ip.Parse("10.96.0.20")] }, random.Next(3) == 0);
            case 8 when random.Next(4) == 0:
                return new ServiceChange(Service(), random.Next(3) == 0);
            case 9 when random.Next(3) == 0:
                return new AnsweringChange([Ip.Parse(ip)], [], random.Next(2) == 0 ? ["node1"] : []);
            default:
                var chosen = _pods.Values.Where(_ => random.Next(2) == 0);
                var slice = Slice([.. chosen.Select(one => random.Next(3) switch { 0 => Draining(one), 1 => Ready(one) with { Serving = false, Ready = false }, _ => Ready(one) })]);
                return new SliceChange(random.Next(4) == 0 ? slice with { Uid = "slice2", Service = new ServiceKey("shop", "cart") } : slice, random.Next(8) == 0);
        }
    }
}
