using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static ConntrackConsole.Tests.Cluster.Objects;

namespace ConntrackConsole.Tests.Timeline.Live;

/// <summary>States that are kept with a group equal those that are derived again, whatever happens in the cluster.</summary>
public class StateHistoryTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000));
    private readonly ClusterState _cluster;
    private readonly StateHistory _states;
    private readonly List<ClusterGroup> _groups;

    public StateHistoryTests()
    {
        _cluster = new ClusterState(_clock);
        _states = new StateHistory(_cluster);
        string[] vips = [Vip, "10.96.0.20"];
        _groups = [.. from vip in vips from ip in RandomCluster.Addresses select new ClusterGroup(new GroupKey(Protocols.Tcp, Ip.Parse(vip), 80, Ip.Parse(ip), 8080))];
    }

    private long NowMs => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Of_AnyChangeOfTheCluster_EqualsWhatIsDerivedAnew(int seed)
    {
        var random = new Random(seed);
        var changes = new RandomCluster(random);
        Apply(RandomCluster.Start);
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
            var change = changes.Next(NowMs);
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
}
