using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Tests.Components.Controls.Timeline;

/// <summary>A view that changes as live ones do, and in ways in which they seldom do: each step is a new view.</summary>
internal sealed class RandomViews(int seed, int columns = 60)
{
    private const long StartMs = 1_800_000_000_000;

    private readonly Random _random = new(seed);
    private readonly List<(string Name, List<Backend> Backends)> _lanes = [];
    private readonly List<TerminationSpan> _terminations = [];
    private readonly List<Rollout> _rollouts = [];
    private readonly List<GapSpan> _gaps = [];
    private readonly List<PodRestart> _restarts = [];
    private readonly Dictionary<long, int> _resets = [];
    private readonly Dictionary<long, int>[] _counters = [.. Enumerable.Range(0, 9).Select(_ => new Dictionary<long, int>())];
    private readonly List<SyncFailure> _failures = [];
    private List<string> _names = ["node-a", "node-é"];
    private long _fromMs = StartMs;
    private int _made;

    /// <summary>The next view.</summary>
    public ShownView Next()
    {
        if (_random.Next(3) > 0)
            _fromMs += 1_000 * (_random.Next(20) == 0 ? _random.Next(2 * columns) : 1);
        if (_lanes.Count < 4 || _random.Next(15) == 0)
            _lanes.Insert(_random.Next(_lanes.Count + 1), ($"s{_made++}", []));
        if (_random.Next(25) == 0)
            _lanes.RemoveAt(_random.Next(_lanes.Count));
        foreach (var (_, backends) in _lanes)
            Change(backends);
        ChangeFacts();
        long toMs = _fromMs + (columns * 1_000L);
        var view = new TimelineView(
            _fromMs, toMs, 1_000, columns, [.. _lanes.Select(lane => Lane(lane.Name, lane.Backends))], [.. _terminations],
            new ResetLane(Row(_resets, 0), new int[columns], new int[columns]), [.. _gaps], [], toMs - 300)
        {
            Rollouts = [.. _rollouts], Restarts = [.. _restarts],
            Counters = _random.Next(20) == 0 ? null : new CounterLanes(
                Row(_counters[0], -1), Row(_counters[1], -1), Row(_counters[2], -1), Row(_counters[3], -1), Row(_counters[4], -1),
                new GaugeLane(Row(_counters[5], -1), Row(_counters[6], -1)), new GaugeLane(Row(_counters[7], -1), Row(_counters[8], -1)), [.. _names], [.. _failures]),
        };
        return ViewBytes.Of(view, _random.Next(30) == 0 ? 2 : 8, _random.Next(40) > 0, null);
    }

    private void Change(List<Backend> backends)
    {
        if (backends.Count < 3 || _random.Next(20) == 0)
            backends.Insert(_random.Next(backends.Count + 1), new Backend($"10.1.0.{_made++}"));
        if (_random.Next(20) == 0)
            backends.RemoveAt(_random.Next(backends.Count));
        foreach (var backend in backends)
        {
            long last = (_fromMs / 1_000) + columns;
            for (long second = last - _random.Next(4); second <= last; second++)
                backend.Counts[second] = _random.Next(4) == 0 ? _random.Next(-1, 300) : backend.Counts.GetValueOrDefault(second - 1, 5);
            if (_random.Next(12) == 0)
                backend.Counts[last - _random.Next(columns)] = _random.Next(9);
            if (_random.Next(15) == 0)
                backend.StaleFrom = backend.StaleFrom == long.MaxValue ? last - _random.Next(5) : long.MaxValue;
            if (_random.Next(25) == 0)
                backend.Pod = $"shop/orders-{_made++}";
        }
    }

    private void ChangeFacts()
    {
        long nowMs = _fromMs + (columns * 1_000L);
        if (_random.Next(8) == 0)
            _terminations.Insert(_random.Next(_terminations.Count + 1), Views.Ended("10.1.0.5", $"p{_made++}", nowMs - 500));
        if (_terminations.Count > 0 && _random.Next(6) == 0)
            _terminations[_random.Next(_terminations.Count)] = _terminations[0] with { StaleEntries = _random.Next(50) };
        if (_terminations.Count > 0 && _random.Next(12) == 0)
            _terminations.RemoveAt(_random.Next(_terminations.Count));
        if (_random.Next(15) == 0)
            _rollouts.Add(Views.Rollout with { Id = $"d{_made++}/4", StartedMs = nowMs - 5_000, FinishedMs = null });
        if (_rollouts.Count > 0 && _random.Next(15) == 0)
            _rollouts[^1] = _rollouts[^1] with { FinishedMs = nowMs };
        if (_random.Next(15) == 0)
            _gaps.Add(new GapSpan("node-é", GapKind.Silent, nowMs - 4_000, nowMs, "silent"));
        if (_gaps.Count > 0 && _random.Next(2) == 0)
            _gaps[^1] = _gaps[^1] with { ToMs = nowMs };
        if (_random.Next(20) == 0)
            _restarts.Add(new PodRestart($"u{_made++}", "shop", "orders-1", "node-a", null, "app", 2, nowMs - 900, 137, "OOMKilled") { Ip = Ip.Parse("10.1.0.5") });
        if (_random.Next(5) == 0)
            _resets[(nowMs / 1_000) - _random.Next(3)] = _random.Next(1, 40);
        foreach (var row in _counters)
        {
            if (_random.Next(3) == 0)
                row[(nowMs / 1_000) - _random.Next(3)] = _random.Next(-1, 2_000);
        }

        if (_random.Next(20) == 0)
            _failures.Add(new SyncFailure("node-é", nowMs - 2_000, _random.Next(1, 9)));
        if (_random.Next(30) == 0)
            _names = [.. _names, $"node-{_made++}"];
    }

    private ServiceLane Lane(string name, List<Backend> backends) => new("shop", name, "10.96.0." + name[1..], 80, "tcp",
    [
        .. backends.Select(backend => new BackendSeries(
            backend.Ip, 8080, backend.Pod, OwnerState.Live, backend.StaleFrom == long.MaxValue ? EntryState.Active : EntryState.Stale, Row(backend.Counts, -1),
            new int[columns], backend.StaleFrom == long.MaxValue ? new int[columns] : Row(backend.Counts, 0, backend.StaleFrom))),
    ])
    {
        IpvsRemoved = _random.Next(20) == 0 ? _random.Next(9) : 0,
    };

    private int[] Row(Dictionary<long, int> counts, int missing, long fromSecond = 0) =>
        [.. Enumerable.Range(1, columns).Select(column => (_fromMs / 1_000) + column).Select(second => second < fromSecond ? 0 : counts.GetValueOrDefault(second, missing))];

    private sealed class Backend(string ip)
    {
        public string Ip { get; } = ip;
        public string? Pod { get; set; }
        public Dictionary<long, int> Counts { get; } = [];
        public long StaleFrom { get; set; } = long.MaxValue;
    }
}
